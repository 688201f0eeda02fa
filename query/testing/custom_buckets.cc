// Native histograms with custom buckets, made of the series of classic ones.
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "model/sample.h"
#include "model/status.h"
#include "model/text.h"
#include "query/testing/script_runner.h"

namespace hearth::promql {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

// What the series of one classic histogram say at one time.
struct ClassicHistogram {
  std::map<double, double> cumulative;  // By upper bound.
  std::optional<double> count, sum;
};

enum class Part { kBucket, kCount, kSum };

// Which part of which histogram a series is; false when it is none.
bool SplitSeries(const Labels& labels, Labels* histogram, Part* part, double* bound) {
  const std::string name(labels.MetricName());
  std::string_view base = name;
  if (base.ends_with("_bucket")) {
    *part = Part::kBucket;
    const std::string_view le = labels.Get("le");
    if (!absl::SimpleAtod(ToAbsl(le), bound) || std::isnan(*bound)) return false;
  } else if (base.ends_with("_count")) {
    *part = Part::kCount;
  } else if (base.ends_with("_sum")) {
    *part = Part::kSum;
  } else {
    return false;
  }
  base = base.substr(0, base.rfind('_'));
  *histogram = LabelsBuilder(labels).Set(kMetricNameLabel, base).Del("le").Build();
  return true;
}

absl::StatusOr<Histogram> Convert(ClassicHistogram classic, const Labels& labels) {
  const auto bad = [&labels](std::string_view what) {
    return absl::InvalidArgumentError(StrCat("load_with_nhcb: ", labels.ToString(), ": ", what));
  };
  std::map<double, double>& buckets = classic.cumulative;
  const double highest = buckets.empty() ? 0 : buckets.rbegin()->second;
  const double count = classic.count.value_or(highest);
  buckets.emplace(kInf, count);
  if (buckets.rbegin()->second != count) return bad("the count is not that of the +Inf bucket");
  Histogram h;
  h.schema = kCustomBucketsSchema;
  h.count = count;
  h.sum = classic.sum.value_or(0);
  double below = 0;
  for (const auto& [bound, cumulative] : buckets) {
    if (cumulative < below) return bad("a bucket's count is below the one before it");
    if (bound != kInf) h.custom_values.push_back(bound);
    h.positive_buckets.push_back(cumulative - below);
    below = cumulative;
  }
  h.positive_spans = {{0, static_cast<uint32_t>(h.positive_buckets.size())}};
  return h;
}

}  // namespace

absl::StatusOr<std::vector<SeriesLine>> CustomBucketHistograms(
    const std::vector<SeriesLine>& series) {
  std::map<Labels, std::map<size_t, ClassicHistogram>> found;
  for (const SeriesLine& line : series) {
    Labels labels;
    Part part;
    double bound = 0;
    if (!SplitSeries(line.labels, &labels, &part, &bound)) continue;
    for (size_t i = 0; i < line.values.size(); ++i) {
      const SequenceValue& value = line.values[i];
      if (value.omitted || value.histogram || IsStaleNaN(value.value)) continue;
      ClassicHistogram& classic = found[labels][i];
      switch (part) {
        case Part::kBucket:
          classic.cumulative.emplace(bound, value.value);
          break;
        case Part::kCount:
          classic.count = value.value;
          break;
        case Part::kSum:
          classic.sum = value.value;
          break;
      }
    }
  }
  std::vector<SeriesLine> out;
  for (const auto& [labels, by_place] : found) {
    SeriesLine& line = out.emplace_back();
    line.labels = labels;
    line.values.resize(by_place.rbegin()->first + 1, SequenceValue{.omitted = true});
    for (const auto& [place, classic] : by_place) {
      HEARTH_ASSIGN_OR_RETURN(Histogram histogram, Convert(classic, labels));
      line.values[place].omitted = false;
      line.values[place].histogram = std::move(histogram);
    }
  }
  return out;
}

}  // namespace hearth::promql
