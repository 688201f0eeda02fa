#include "tsdb/cardinality.h"

#include <algorithm>

#include "model/text.h"

namespace hearth {

namespace {

Cardinality::Ranking Top(Cardinality::Ranking all, size_t limit) {
  const auto larger = [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  };
  const size_t n = std::min(limit, all.size());
  std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n), all.end(), larger);
  all.resize(n);
  return all;
}

}  // namespace

Cardinality CountCardinality(const SeriesSet& series, size_t limit) {
  StringMap<StringMap<uint64_t>> counts;  // name -> value -> series
  for (size_t i = 0; i < series.size(); ++i) {
    for (const Label& label : series.labels(i)) ++counts[label.name][label.value];
  }
  Cardinality result;
  result.series = series.size();
  Cardinality::Ranking metrics, values, bytes, pairs;
  for (const auto& [name, by_value] : counts) {
    result.label_pairs += by_value.size();
    values.emplace_back(name, by_value.size());
    uint64_t name_bytes = 0;
    for (const auto& [value, count] : by_value) {
      name_bytes += value.size() * count;
      pairs.emplace_back(StrCat(name, "=", value), count);
      if (name == kMetricNameLabel) metrics.emplace_back(value, count);
    }
    bytes.emplace_back(name, name_bytes);
  }
  result.series_by_metric = Top(std::move(metrics), limit);
  result.values_by_label = Top(std::move(values), limit);
  result.bytes_by_label = Top(std::move(bytes), limit);
  result.series_by_label_pair = Top(std::move(pairs), limit);
  return result;
}

}  // namespace hearth
