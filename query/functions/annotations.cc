#include "query/functions/annotations.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "model/labels.h"
#include "model/text.h"
#include "query/parse/literals.h"

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

// `$` stands for the next detail as it is, `"$"` for it in quotes.
struct NoteRow {
  Note note;
  bool warning;       // Else an info.
  bool names_metric;  // ` for metric name "…"` follows, where there is one.
  std::string_view text;
};
constexpr bool kWarning = true, kInfo = false;
constexpr bool kThenMetric = true, kNoMetric = false;

constexpr NoteRow kNotes[] = {
    {Note::kInvalidQuantile, kWarning, kNoMetric,
     "quantile value should be between 0 and 1, got $"},
    {Note::kInvalidRatio, kWarning, kNoMetric,
     "ratio value should be between -1 and 1, got $, capping to $"},
    {Note::kBadBucketLabel, kWarning, kThenMetric,
     "bucket label \"le\" is missing or has a malformed value of \"$\""},
    {Note::kStartTimeOverlap, kWarning, kNoMetric,
     "sample has start time that overlaps with previous sample timestamp for metric \"$\""},
    {Note::kSortIneffective, kWarning, kNoMetric,
     "sort is ineffective for range queries since results are always ordered by labels"},
    {Note::kPossibleNonCounter, kInfo, kNoMetric,
     "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"$\""},
    {Note::kPossibleNonCounterType, kInfo, kNoMetric,
     "metric might not be a counter, __type__ label is not set to \"counter\" or \"histogram\", "
     "got \"$\": \"$\""},
    {Note::kIncompatibleTypes, kInfo, kNoMetric,
     "incompatible sample types encountered for binary operator \"$\": $ $ $"},
    {Note::kMixedFloatsHistograms, kWarning, kNoMetric,
     "encountered a mix of histograms and floats for metric name \"$\""},
    {Note::kMixedInAggregation, kWarning, kNoMetric,
     "encountered a mix of histograms and floats for aggregation"},
    {Note::kMixedClassicNative, kWarning, kThenMetric,
     "vector contains a mix of classic and native histograms"},
    {Note::kNotACounterHistogram, kWarning, kNoMetric,
     "this native histogram metric is not a counter: \"$\""},
    {Note::kNotAGaugeHistogram, kWarning, kNoMetric,
     "this native histogram metric is not a gauge: \"$\""},
    {Note::kMixedExponentialCustom, kWarning, kNoMetric,
     "vector contains a mix of histograms with exponential and custom buckets schemas for metric "
     "name \"$\""},
    {Note::kIncompatibleBucketLayout, kWarning, kNoMetric,
     "incompatible bucket layout encountered for binary operator $"},
    {Note::kCounterResetCollision, kWarning, kNoMetric,
     "conflicting counter resets during histogram $"},
    {Note::kHistogramIgnored, kInfo, kNoMetric, "ignored histogram in $ aggregation"},
    {Note::kHistogramsIgnoredInRange, kInfo, kNoMetric,
     "ignored histograms in a range containing both floats and histograms for metric name \"$\""},
    {Note::kQuantileOfNaNs, kInfo, kThenMetric,
     "input to histogram_quantile has NaN observations, result is NaN"},
    {Note::kQuantileSkewedByNaNs, kInfo, kThenMetric,
     "input to histogram_quantile has NaN observations, result is skewed higher"},
    {Note::kFractionWithoutNaNs, kInfo, kThenMetric,
     "input to histogram_fraction has NaN observations, which are excluded from all fractions"},
    {Note::kCustomBucketsReconciled, kInfo, kNoMetric,
     "mismatched custom buckets were reconciled during $"},
};

constexpr bool InOrder() {
  for (size_t i = 0; i < std::size(kNotes); ++i) {
    if (kNotes[i].note != static_cast<Note>(i)) return false;
  }
  return std::size(kNotes) == static_cast<size_t>(Note::kCustomBucketsReconciled) + 1;
}
static_assert(InOrder(), "kNotes has one row for each Note, in the order of Note");

std::string Fill(std::string_view text, std::initializer_list<std::string_view> details) {
  std::string out;
  const std::string_view* detail = details.begin();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$') {
      out.push_back(text[i]);
    } else if (i > 0 && text[i - 1] == '"') {
      out.pop_back();
      AppendQuoted(*detail++, &out);
      ++i;  // The closing quote.
    } else {
      out.append(*detail++);
    }
  }
  return out;
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

void ForcedMonotonicity::Merge(const ForcedMonotonicity& other) {
  mint = std::min(mint, other.mint);
  maxt = std::max(maxt, other.maxt);
  min_bucket = std::min(min_bucket, other.min_bucket);
  max_bucket = std::max(max_bucket, other.max_bucket);
  max_diff = std::max(max_diff, other.max_diff);
  count += other.count;
}

void Annotations::Add(Note note, PositionRange pos, std::initializer_list<std::string_view> details,
                      std::string_view metric_name, TimeMs last_step) {
  attributed_ = attributed_ && last_step != kUnknownStep;
  const bool simple = details.size() == 1 && metric_name.empty();
  if (simple && said_.note == note && said_.start == pos.start && last_step <= said_.last_step &&
      said_.detail == *details.begin()) {
    return;
  }
  const NoteRow& row = kNotes[static_cast<size_t>(note)];
  std::string text = Fill(row.text, details);
  if (row.names_metric) text = ForMetric(std::move(text), metric_name);
  Raise({std::move(text), pos.start}, last_step, row.warning ? &warnings_ : &infos_);
  if (simple) said_ = {note, pos.start, std::string(*details.begin()), last_step};
}

void Annotations::Raise(const Key& key, TimeMs last_step, Raised* raised) {
  const auto [at, is_new] = raised->try_emplace(key, last_step);
  if (!is_new) at->second = std::max(at->second, last_step);
}

void Annotations::InvalidQuantile(double q, PositionRange pos) {
  Add(Note::kInvalidQuantile, pos, {ShortNumberText(q)});
}

void Annotations::InvalidRatio(double ratio, double capped_to, PositionRange pos) {
  Add(Note::kInvalidRatio, pos, {ShortNumberText(ratio), ShortNumberText(capped_to)});
}

void Annotations::Monotonicity(std::string_view metric_name, PositionRange pos,
                               const ForcedMonotonicity& detail) {
  std::string text = ForMetric(
      "input to histogram_quantile needed to be fixed for monotonicity (see "
      "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)",
      metric_name);
  monotonicity_[{std::move(text), pos.start}].Merge(detail);
  attributed_ = false;
}

void Annotations::Merge(const Annotations& other) {
  for (const auto& [key, last] : other.warnings_) Raise(key, last, &warnings_);
  for (const auto& [key, last] : other.infos_) Raise(key, last, &infos_);
  for (const auto& [key, detail] : other.monotonicity_) monotonicity_[key].Merge(detail);
  attributed_ = attributed_ && other.attributed_;
}

Annotations Annotations::From(TimeMs first_step) const {
  Annotations from = *this;
  const auto earlier = [first_step](const auto& raised) { return raised.second < first_step; };
  std::erase_if(from.warnings_, earlier);
  std::erase_if(from.infos_, earlier);
  from.said_.start = -1;
  return from;
}

size_t Annotations::bytes() const {
  constexpr size_t kNodeBytes = 96;
  size_t bytes = sizeof(*this);
  for (const auto& [key, last] : warnings_) bytes += kNodeBytes + key.first.capacity();
  for (const auto& [key, last] : infos_) bytes += kNodeBytes + key.first.capacity();
  return bytes;
}

void Annotations::Render(std::string_view query, std::vector<std::string>* warnings,
                         std::vector<std::string>* infos) const {
  for (const auto& [key, last] : warnings_) {
    warnings->push_back(StrCat("PromQL warning: ", key.first, Position(query, key.second)));
  }
  for (const auto& [key, last] : infos_) {
    infos->push_back(StrCat("PromQL info: ", key.first, Position(query, key.second)));
  }
  for (const auto& [key, detail] : monotonicity_) {
    infos->push_back(
        StrCat("PromQL info: ", key.first, ", from buckets ", ShortNumberText(detail.min_bucket),
               " to ", ShortNumberText(detail.max_bucket), ", with a max diff of ",
               absl::StrFormat("%.2g", detail.max_diff), ", over ", detail.count, " samples from ",
               Rfc3339(detail.mint), " to ", Rfc3339(detail.maxt), Position(query, key.second)));
  }
}

}  // namespace hearth::promql
