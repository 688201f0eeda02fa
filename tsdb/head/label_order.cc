#include "tsdb/head/label_order.h"

#include <algorithm>

#include "model/labels.h"

namespace hearth {
namespace {

Label LabelOf(std::string_view text) { return *LabelsView(text).begin(); }

}  // namespace

void LabelOrder::AddPair(uint32_t pair, std::string_view text) {
  if (pair >= ranks_.size()) ranks_.resize(size_t{pair} + 1);
  ranks_[pair] = 1;  // Until Rank.
  pairs_.push_back({text, pair});
}

void LabelOrder::Rank() {
  std::sort(pairs_.begin(), pairs_.end(), [](const Pair& a, const Pair& b) {
    const Label left = LabelOf(a.text), right = LabelOf(b.text);
    const int by_name = left.name.compare(right.name);
    return by_name != 0 ? by_name < 0 : left.value < right.value;
  });
  uint32_t rank = 0, first_metric = 0, last_metric = 0;
  for (const Pair& pair : pairs_) {
    ranks_[pair.number] = ++rank;
    if (LabelOf(pair.text).name != kMetricNameLabel) continue;
    if (first_metric == 0) first_metric = rank;
    last_metric = rank;
  }
  pairs_ = {};
  if (first_metric == 0) return;
  for (Series& series : series_) {
    for (uint32_t i = 1; i <= series.ids[0]; ++i) {
      const uint32_t of_pair = ranks_[series.ids[i]];
      if (of_pair > last_metric) break;
      if (of_pair >= first_metric) series.metric = of_pair;
    }
  }
}

bool LabelOrder::Less(const Series& a, const Series& b) const {
  if (a.metric != b.metric) return a.metric < b.metric;
  const uint32_t common = std::min(a.ids[0], b.ids[0]);
  for (uint32_t i = 1; i <= common; ++i) {
    if (a.ids[i] != b.ids[i]) return ranks_[a.ids[i]] < ranks_[b.ids[i]];
  }
  return a.ids[0] < b.ids[0];
}

std::vector<uint32_t> LabelOrder::Sorted() {
  Rank();
  std::sort(series_.begin(), series_.end(),
            [&](const Series& a, const Series& b) { return Less(a, b); });
  std::vector<uint32_t> numbers;
  numbers.reserve(series_.size());
  for (const Series& series : series_) numbers.push_back(series.number);
  return numbers;
}

}  // namespace hearth
