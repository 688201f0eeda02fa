// model/histogram_buckets.h
//
// The buckets of a native histogram one by one: by index as they are stored, or with their bounds
// as they are shown.
//
// Thread safety: pure functions.
#ifndef HEARTH_MODEL_HISTOGRAM_BUCKETS_H_
#define HEARTH_MODEL_HISTOGRAM_BUCKETS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/histogram.h"

namespace hearth {

// Calls fn(index, count) for each listed bucket of one side, ascending by index (int64_t: spans
// that come from outside may go beyond 32 bits). Ends where the shorter of the lists does.
template <typename Fn>
void ForEachBucket(const std::vector<HistogramSpan>& spans, const std::vector<double>& counts,
                   Fn fn) {
  int64_t index = 0;
  size_t next = 0;
  for (const HistogramSpan& span : spans) {
    index += span.offset;
    for (uint32_t i = 0; i < span.length && next < counts.size(); ++i) fn(index++, counts[next++]);
  }
}

struct HistogramBucket {
  double lower, upper, count;
  bool lower_inclusive, upper_inclusive;
};

// Those whose count is not 0, ascending, the zero bucket among them. Bounds are the nearest doubles
// (Prometheus has a table, in which the last digit differs here and there), closed as there: a
// bucket of numbers above 0 is closed above, one of numbers below 0 is closed below, the zero
// bucket and the first of custom buckets are closed at both ends; the last bucket of finite numbers
// ends at the largest of them.
std::vector<HistogramBucket> PopulatedBuckets(const Histogram& histogram);

}  // namespace hearth

#endif  // HEARTH_MODEL_HISTOGRAM_BUCKETS_H_
