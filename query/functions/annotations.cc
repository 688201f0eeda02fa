#include "query/functions/annotations.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "model/labels.h"
#include "model/text.h"

namespace hearth::promql {
namespace {

std::string Quoted(std::string_view s) {
  std::string out;
  AppendQuoted(s, &out);
  return out;
}

std::string ForMetric(std::string text, std::string_view metric_name) {
  if (!metric_name.empty()) StrAppend(&text, " for metric name ", Quoted(metric_name));
  return text;
}

std::string Position(std::string_view query, int offset) {
  offset = std::clamp(offset, 0, static_cast<int>(query.size()));
  int line = 1, column = 1;
  for (char c : query.substr(0, static_cast<size_t>(offset))) {
    column = c == '\n' ? 1 : column + 1;
    line += c == '\n';
  }
  return StrCat(" (", line, ":", column, ")");
}

std::string Rfc3339(TimeMs t) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixSeconds(t / 1000),
                          absl::UTCTimeZone());
}

}  // namespace

std::string FormatG(double v) {
  if (std::isnan(v)) return "NaN";
  if (std::isinf(v)) return v > 0 ? "+Inf" : "-Inf";
  for (int precision = 1; precision < 17; ++precision) {
    // Go's shortest %g takes the exponent form from 1e21 on, C's from the precision on, so small
    // precisions are written out.
    std::string text = std::fabs(v) < 1e21 && std::fabs(v) >= 1e-4
                           ? absl::StrFormat("%.*f", precision - 1, v)
                           : absl::StrFormat("%.*g", precision, v);
    if (std::stod(text) == v) return text;
  }
  return absl::StrFormat("%.17g", v);
}

void ForcedMonotonicity::Merge(const ForcedMonotonicity& other) {
  mint = std::min(mint, other.mint);
  maxt = std::max(maxt, other.maxt);
  min_bucket = std::min(min_bucket, other.min_bucket);
  max_bucket = std::max(max_bucket, other.max_bucket);
  max_diff = std::max(max_diff, other.max_diff);
  count += other.count;
}

void Annotations::InvalidQuantile(double q, PositionRange pos) {
  Warn(StrCat("quantile value should be between 0 and 1, got ", FormatG(q)), pos);
}

void Annotations::InvalidRatio(double ratio, double capped_to, PositionRange pos) {
  Warn(StrCat("ratio value should be between -1 and 1, got ", FormatG(ratio), ", capping to ",
              FormatG(capped_to)),
       pos);
}

void Annotations::PossibleNonCounter(std::string_view metric_name, PositionRange pos) {
  Info(StrCat("metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ",
              Quoted(metric_name)),
       pos);
}

void Annotations::BadBucketLabel(std::string_view metric_name, std::string_view le,
                                 PositionRange pos) {
  Warn(ForMetric(StrCat("bucket label \"le\" is missing or has a malformed value of ", Quoted(le)),
                 metric_name),
       pos);
}

void Annotations::StartTimeOverlap(std::string_view metric_name, PositionRange pos) {
  Warn(StrCat("sample has start time that overlaps with previous sample timestamp for metric ",
              Quoted(metric_name)),
       pos);
}

void Annotations::SortIneffective(PositionRange pos) {
  Warn("sort is ineffective for range queries since results are always ordered by labels", pos);
}

void Annotations::Monotonicity(std::string_view metric_name, PositionRange pos,
                               const ForcedMonotonicity& detail) {
  std::string text = ForMetric(
      "input to histogram_quantile needed to be fixed for monotonicity (see "
      "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)",
      metric_name);
  monotonicity_[{std::move(text), pos.start}].Merge(detail);
}

void Annotations::Merge(const Annotations& other) {
  warnings_.insert(other.warnings_.begin(), other.warnings_.end());
  infos_.insert(other.infos_.begin(), other.infos_.end());
  for (const auto& [key, detail] : other.monotonicity_) monotonicity_[key].Merge(detail);
}

void Annotations::Render(std::string_view query, std::vector<std::string>* warnings,
                         std::vector<std::string>* infos) const {
  for (const auto& [text, start] : warnings_) {
    warnings->push_back(StrCat("PromQL warning: ", text, Position(query, start)));
  }
  for (const auto& [text, start] : infos_) {
    infos->push_back(StrCat("PromQL info: ", text, Position(query, start)));
  }
  for (const auto& [key, detail] : monotonicity_) {
    infos->push_back(StrCat("PromQL info: ", key.first, ", from buckets ",
                            FormatG(detail.min_bucket), " to ", FormatG(detail.max_bucket),
                            ", with a max diff of ", absl::StrFormat("%.2g", detail.max_diff),
                            ", over ", detail.count, " samples from ", Rfc3339(detail.mint), " to ",
                            Rfc3339(detail.maxt), Position(query, key.second)));
  }
}

}  // namespace hearth::promql
