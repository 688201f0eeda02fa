// model/histogram.h
//
// A native histogram sample in the float form that PromQL computes with. Exponential buckets have
// schemas -4 to 8 (bucket boundary base 2^(2^-schema)); schema -53 has custom upper bounds. Layout
// of spans and buckets as in Prometheus: a span skips `offset` empty buckets and is followed by
// `length` populated ones, whose absolute counts stand in the bucket list in order.
//
// The format and its semantics: Prometheus' native histogram specification.
#ifndef HEARTH_MODEL_HISTOGRAM_H_
#define HEARTH_MODEL_HISTOGRAM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "model/sample.h"

namespace hearth {

enum class CounterResetHint : uint8_t { kUnknown = 0, kReset = 1, kNotReset = 2, kGauge = 3 };

struct HistogramSpan {
  int32_t offset =
      0;  // Empty buckets before this span; for the first span the index of its first bucket.
  uint32_t length = 0;  // Populated buckets in this span.
  friend bool operator==(const HistogramSpan&, const HistogramSpan&) = default;
};

inline constexpr int kCustomBucketsSchema = -53;

struct Histogram {
  CounterResetHint counter_reset_hint = CounterResetHint::kUnknown;
  int32_t schema = 0;
  double zero_threshold = 0;
  double zero_count = 0;
  double count = 0;
  double sum = 0;
  std::vector<HistogramSpan> positive_spans, negative_spans;
  std::vector<double> positive_buckets, negative_buckets;  // Absolute counts.
  std::vector<double> custom_values;  // Ascending upper bounds, +Inf left out; schema -53 only.

  // A staleness marker: the other fields mean nothing then.
  bool stale() const { return IsStaleNaN(sum); }
};

// A sample is never changed, and every step that sees it shares it.
using HistogramPtr = std::shared_ptr<const Histogram>;

// What one takes in memory.
size_t BytesOf(const Histogram& histogram);
// Equality of the stored bits, counter_reset_hint left out: whether a sample that comes again says
// the same.
bool SameData(const Histogram& a, const Histogram& b);

}  // namespace hearth

#endif  // HEARTH_MODEL_HISTOGRAM_H_
