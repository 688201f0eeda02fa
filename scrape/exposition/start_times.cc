#include "scrape/exposition/start_times.h"

#include <cmath>
#include <string>

#include "scrape/exposition/open_metrics_parser.h"

namespace hearth {
namespace {

constexpr std::string_view kCreated = "_created";
constexpr std::string_view kSuffixes[] = {kCreated, "_total", "_bucket", "_count", "_sum"};

}  // namespace

bool StartTimes::HasThem(MetricType type) {
  return type == MetricType::kCounter || type == MetricType::kHistogram ||
         type == MetricType::kSummary;
}

bool StartTimes::IsCreatedName(std::string_view metric_name) {
  return metric_name.size() > kCreated.size() && metric_name.ends_with(kCreated);
}

uint64_t StartTimes::KeyOf(LabelsBuilder* labels) const {
  std::string_view name = labels->Get(kMetricNameLabel);
  for (const std::string_view suffix : kSuffixes) {
    if (name.size() <= suffix.size() || !name.ends_with(suffix)) continue;
    name.remove_suffix(suffix.size());
    break;
  }
  const std::string base(name);
  labels->Set(kMetricNameLabel, base);
  if (type_ == MetricType::kHistogram) labels->Del("le");
  if (type_ == MetricType::kSummary) labels->Del("quantile");
  return FingerprintOf(labels->Build().bytes()).lo;
}

void StartTimes::Read(std::string_view body, MetricType type) {
  starts_.clear();
  type_ = type;
  if (!HasThem(type)) return;
  OpenMetricsParser parser(body);
  LabelsBuilder labels;
  while (parser.Next() == ExpositionParser::Entry::kSample) {
    if (!parser.ScanSeries() || !parser.ReadValue()) return;
    const std::string_view series = parser.series();
    // A name in braces is only known by its labels.
    if (series.front() != '{' && !IsCreatedName(series.substr(0, series.find('{')))) continue;
    labels.Clear();
    if (!parser.AppendLabels(&labels)) return;
    const double ms = parser.value() * 1000;
    if (!IsCreatedName(labels.Get(kMetricNameLabel)) || !(std::abs(ms) < 9.2e18)) continue;
    starts_[KeyOf(&labels)] = static_cast<TimeMs>(ms);
  }
}

TimeMs StartTimes::Of(LabelsBuilder labels) const {
  if (starts_.empty()) return 0;
  const auto found = starts_.find(KeyOf(&labels));
  return found == starts_.end() ? 0 : found->second;
}

}  // namespace hearth
