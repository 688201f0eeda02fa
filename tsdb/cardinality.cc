#include "tsdb/cardinality.h"

#include <algorithm>

#include "model/labels.h"

namespace hearth {
namespace {

// Keeps what may be among the `limit` largest.
void AddRow(std::string row, uint64_t count, size_t limit, Cardinality::Ranking* rows) {
  rows->emplace_back(std::move(row), count);
  if (rows->size() >= 2 * limit) *rows = Largest(std::move(*rows), limit);
}

}  // namespace

Cardinality::Ranking Largest(Cardinality::Ranking all, size_t limit) {
  const auto larger = [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  };
  const size_t n = std::min(limit, all.size());
  std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n), all.end(), larger);
  all.resize(n);
  return all;
}

void CardinalityCounter::Add(std::string_view name, std::string_view value, uint64_t series) {
  ++pairs_;
  auto known = names_.find(name);
  if (known == names_.end()) known = names_.emplace(std::string(name), Name()).first;
  ++known->second.values;
  known->second.bytes += value.size() * series;
  if (name == kMetricNameLabel) AddRow(std::string(value), series, limit_, &metrics_);
  AddRow(StrCat(name, "=", value), series, limit_, &label_pairs_);
}

Cardinality CardinalityCounter::Finish(uint64_t series) {
  Cardinality result;
  result.series = series;
  result.label_pairs = pairs_;
  result.series_by_metric = Largest(std::move(metrics_), limit_);
  result.series_by_label_pair = Largest(std::move(label_pairs_), limit_);
  Cardinality::Ranking values, bytes;
  for (const auto& [name, counts] : names_) {
    values.emplace_back(name, counts.values);
    bytes.emplace_back(name, counts.bytes);
  }
  result.values_by_label = Largest(std::move(values), limit_);
  result.bytes_by_label = Largest(std::move(bytes), limit_);
  return result;
}

}  // namespace hearth
