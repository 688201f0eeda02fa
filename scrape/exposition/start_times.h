// scrape/exposition/start_times.h
//
// When the counters of one OpenMetrics family began, from its `_created` lines. They may stand
// anywhere in the family, so it is read ahead once, whole.
//
//   # TYPE foo counter
//   foo_total{a="b"} 17
//   foo_created{a="b"} 1700000000.5
//
// Thread safety: one thread.
#ifndef HEARTH_SCRAPE_EXPOSITION_START_TIMES_H_
#define HEARTH_SCRAPE_EXPOSITION_START_TIMES_H_

#include <cstdint>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "model/clock.h"
#include "model/labels.h"
#include "model/metadata.h"

namespace hearth {

class StartTimes {
 public:
  // Whether metrics of a type say when they began.
  static bool HasThem(MetricType type);
  static bool IsCreatedName(std::string_view metric_name);

  // Reads a family of `type`, whose samples are what `body` begins with. The first line that is no
  // sample, or no good one, ends it: the parser proper will say so.
  void Read(std::string_view body, MetricType type);
  void Clear() { starts_.clear(); }
  bool empty() const { return starts_.empty(); }
  // When the metric with the sample of these labels began; 0 = unknown.
  TimeMs Of(LabelsBuilder labels) const;

 private:
  // Equal for the samples of one metric.
  uint64_t KeyOf(LabelsBuilder* labels) const;

  MetricType type_ = MetricType::kUnknown;
  absl::flat_hash_map<uint64_t, TimeMs> starts_;
};

}  // namespace hearth

#endif  // HEARTH_SCRAPE_EXPOSITION_START_TIMES_H_
