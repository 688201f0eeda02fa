// scrape/exposition/protobuf_messages.h
//
// The messages of the protobuf exposition format, io.prometheus.client, read where they lie: each
// function walks one message once and gives its fields as views of it. What may be repeated without
// bound (metrics, buckets, quantiles, labels) is not collected: TakeField steps through it.
//
// Thread safety: pure functions. Errors: malformed bytes throw protozero::exception, which the
// caller catches.
#ifndef HEARTH_SCRAPE_EXPOSITION_PROTOBUF_MESSAGES_H_
#define HEARTH_SCRAPE_EXPOSITION_PROTOBUF_MESSAGES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/clock.h"
#include "model/metadata.h"

namespace hearth::exposition {

// The repeated fields of messages.
inline constexpr uint32_t kMetricOfFamily = 4;
inline constexpr uint32_t kLabelOfMetric = 1;
inline constexpr uint32_t kLabelOfExemplar = 1;
inline constexpr uint32_t kRowOfMetric = 3;  // Bucket of a histogram, quantile of a summary.

// Moves *fields behind the next message in the field `number`, which goes to *message; false when
// there is none.
bool TakeField(uint32_t number, std::string_view* fields, std::string_view* message);

struct FamilyFields {
  std::string_view name, help, unit;
  int32_t type = 0;          // See FamilyType.
  std::string_view metrics;  // From the first metric on; empty when there is none.
};
FamilyFields ReadFamily(std::string_view message);
// What a family's type means, nothing for an unknown number.
std::optional<MetricType> FamilyType(int32_t type);

struct MetricFields {
  TimeMs t = 0;            // 0 = none.
  std::string_view value;  // The message with the value; empty when it is missing.
};
// Reads a metric of a family of `type`; its label fields, tags included, are appended to *labels.
MetricFields ReadMetric(std::string_view message, MetricType type, std::string* labels);

struct LabelFields {
  std::string_view name, value;
};
LabelFields ReadLabel(std::string_view message);

// Gauge, Counter, Untyped.
struct PlainFields {
  double value = 0;
  TimeMs start = 0;           // When a counter began; 0 = unknown.
  std::string_view exemplar;  // Empty when there is none.
};
PlainFields ReadPlain(std::string_view message);

// Summary and Histogram.
struct TotalFields {
  double count = 0;
  double sum = 0;
  bool native = false;  // Has a native histogram.
  TimeMs start = 0;     // When it began; 0 = unknown.
};
TotalFields ReadTotals(std::string_view message);

// Bucket and Quantile.
struct RowFields {
  double bound = 0;
  double value = 0;
  std::string_view exemplar;  // Empty when there is none.
};
RowFields ReadBucket(std::string_view message);
RowFields ReadQuantile(std::string_view message);

struct ExemplarFields {
  double value = 0;
  std::optional<TimeMs> t;
  bool valid_time = true;  // False when the timestamp is beyond what milliseconds can hold.
};
ExemplarFields ReadExemplar(std::string_view message);

}  // namespace hearth::exposition

#endif  // HEARTH_SCRAPE_EXPOSITION_PROTOBUF_MESSAGES_H_
