#include "model/counter_reset.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "model/histogram_buckets.h"

namespace hearth {
namespace {

// Whether a populated bucket of `before` has a lower count in `after`, or none.
bool Falls(const std::vector<HistogramSpan>& before_spans, const std::vector<double>& before,
           const std::vector<HistogramSpan>& after_spans, const std::vector<double>& after) {
  std::vector<std::pair<int64_t, double>> found;
  found.reserve(after.size());
  ForEachBucket(after_spans, after,
                [&](int64_t index, double count) { found.emplace_back(index, count); });
  bool falls = false;
  size_t next = 0;
  ForEachBucket(before_spans, before, [&](int64_t index, double count) {
    while (next < found.size() && found[next].first < index) ++next;
    const bool there = next < found.size() && found[next].first == index;
    falls = falls || (there ? found[next].second < count : count != 0);
  });
  return falls;
}

}  // namespace

CounterResetHint HintBehind(const Histogram* previous, const Histogram& next) {
  if (next.counter_reset_hint == CounterResetHint::kGauge ||
      next.counter_reset_hint == CounterResetHint::kReset) {
    return next.counter_reset_hint;
  }
  if (previous == nullptr || previous->stale() ||
      previous->counter_reset_hint == CounterResetHint::kGauge) {
    return CounterResetHint::kUnknown;
  }
  if (next.count < previous->count) return CounterResetHint::kReset;
  if (next.schema != previous->schema || next.zero_threshold != previous->zero_threshold) {
    return CounterResetHint::kUnknown;
  }
  const bool reset = next.custom_values != previous->custom_values ||
                     next.zero_count < previous->zero_count ||
                     Falls(previous->positive_spans, previous->positive_buckets,
                           next.positive_spans, next.positive_buckets) ||
                     Falls(previous->negative_spans, previous->negative_buckets,
                           next.negative_spans, next.negative_buckets);
  return reset ? CounterResetHint::kReset : CounterResetHint::kNotReset;
}

}  // namespace hearth
