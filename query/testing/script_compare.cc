#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "absl/strings/str_format.h"
#include "model/histogram_buckets.h"
#include "model/sample.h"
#include "model/text.h"
#include "query/testing/script_runner.h"
#include "re2/re2.h"

namespace hearth::promql {
namespace {

using Buckets = std::map<int64_t, double>;

// The form in which histograms are compared: by index, without empty buckets.
Buckets ByIndex(const std::vector<HistogramSpan>& spans, const std::vector<double>& counts) {
  Buckets buckets;
  ForEachBucket(spans, counts, [&](int64_t index, double count) {
    if (count != 0) buckets[index] = count;
  });
  return buckets;
}

bool SameBuckets(const Buckets& a, const Buckets& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.first == y.first && NearlyEqual(x.second, y.second);
  });
}

bool SameHistogram(const SequenceValue& want, const Histogram& got) {
  const Histogram& h = *want.histogram;
  return h.schema == got.schema && NearlyEqual(h.count, got.count) && NearlyEqual(h.sum, got.sum) &&
         NearlyEqual(h.zero_count, got.zero_count) && h.zero_threshold == got.zero_threshold &&
         h.custom_values == got.custom_values &&
         (!want.hint_written || h.counter_reset_hint == got.counter_reset_hint) &&
         SameBuckets(ByIndex(h.positive_spans, h.positive_buckets),
                     ByIndex(got.positive_spans, got.positive_buckets)) &&
         SameBuckets(ByIndex(h.negative_spans, h.negative_buckets),
                     ByIndex(got.negative_spans, got.negative_buckets));
}

std::string ValueText(double v) { return absl::StrFormat("%.17g", v); }

// One expected point against what a series has at time t (or, with no time, against its only
// point).
std::string ComparePoint(const SequenceValue& want, const ResultSeries& series,
                         std::optional<TimeMs> t) {
  for (const Sample& sample : series.floats) {
    if (t && sample.t != *t) continue;
    if (want.omitted) return StrCat("unexpected value ", ValueText(sample.v));
    if (want.histogram) return StrCat("expected a histogram, got ", ValueText(sample.v));
    return NearlyEqual(want.value, sample.v)
               ? ""
               : StrCat("expected ", ValueText(want.value), ", got ", ValueText(sample.v));
  }
  for (size_t i = 0; i < series.histograms.size(); ++i) {
    if (t && series.histogram_t[i] != *t) continue;
    if (want.omitted || !want.histogram) return "unexpected histogram";
    return SameHistogram(want, *series.histograms[i]) ? "" : "another histogram than expected";
  }
  return want.omitted ? "" : "no value where one is expected";
}

const ResultSeries* FindSeries(const QueryResult& result, const Labels& labels) {
  for (const ResultSeries& series : result.series) {
    if (series.labels == labels) return &series;
  }
  return nullptr;
}

std::string CompareLabels(const EvalCommand& eval, const QueryResult& result) {
  for (const SeriesLine& want : eval.series) {
    if (FindSeries(result, want.labels) == nullptr)
      return StrCat("no series ", want.labels.ToString());
  }
  for (const ResultSeries& series : result.series) {
    const bool expected =
        std::any_of(eval.series.begin(), eval.series.end(),
                    [&series](const SeriesLine& want) { return want.labels == series.labels; });
    if (!expected) return StrCat("unexpected series ", series.labels.ToString());
  }
  return result.series.size() == eval.series.size() ? "" : "a series appears twice";
}

std::string CompareVector(const EvalCommand& eval, const QueryResult& result) {
  if (std::string problem = CompareLabels(eval, result); !problem.empty()) return problem;
  for (size_t i = 0; i < eval.series.size(); ++i) {
    const SeriesLine& want = eval.series[i];
    const ResultSeries& got = *FindSeries(result, want.labels);
    if (eval.ordered && result.series[i].labels != want.labels) {
      return StrCat("at position ", i + 1, ": expected ", want.labels.ToString(), ", got ",
                    result.series[i].labels.ToString());
    }
    if (got.floats.size() + got.histograms.size() != 1)
      return StrCat(want.labels.ToString(), ": not one point");
    if (want.values.empty()) return StrCat(want.labels.ToString(), ": the script gives no value");
    if (std::string problem = ComparePoint(want.values[0], got, std::nullopt); !problem.empty()) {
      return StrCat(want.labels.ToString(), ": ", problem);
    }
  }
  return "";
}

std::string CompareMatrix(const EvalCommand& eval, const TimeSteps& steps,
                          const QueryResult& result) {
  for (size_t i = 1; i < result.series.size(); ++i) {
    if (!(result.series[i - 1].labels < result.series[i].labels)) {
      return StrCat("the matrix is not sorted at ", result.series[i].labels.ToString());
    }
  }
  if (std::string problem = CompareLabels(eval, result); !problem.empty()) return problem;
  for (const SeriesLine& want : eval.series) {
    const ResultSeries& got = *FindSeries(result, want.labels);
    size_t points = 0;
    for (size_t i = 0; i < want.values.size(); ++i) {
      const TimeMs t = steps.start_ms + static_cast<TimeMs>(i) * steps.step_ms;
      if (t > steps.end_ms)
        return StrCat(want.labels.ToString(), ": the script gives too many values");
      points += want.values[i].omitted ? 0 : 1;
      if (std::string problem = ComparePoint(want.values[i], got, t); !problem.empty()) {
        return StrCat(want.labels.ToString(), " at ", t, " ms: ", problem);
      }
    }
    if (got.floats.size() + got.histograms.size() != points) {
      return StrCat(want.labels.ToString(), ": expected ", points, " points, got ",
                    got.floats.size() + got.histograms.size());
    }
  }
  return "";
}

std::string CompareMessages(std::string_view kind, const std::vector<TextMatch>& wanted,
                            bool forbidden, const std::vector<std::string>& got) {
  if (forbidden && !got.empty()) return StrCat("unexpected ", kind, ": ", got[0]);
  if (wanted.empty()) return "";
  if (got.empty()) return StrCat("expected a ", kind, ", got none");
  for (const TextMatch& match : wanted) {
    if (std::none_of(got.begin(), got.end(),
                     [&match](const std::string& text) { return TextMatches(match, text); })) {
      return StrCat("no ", kind, " matches \"", match.text, "\"; the first is \"", got[0], "\"");
    }
  }
  for (const std::string& text : got) {
    if (std::none_of(wanted.begin(), wanted.end(),
                     [&text](const TextMatch& match) { return TextMatches(match, text); })) {
      return StrCat("unexpected ", kind, ": ", text);
    }
  }
  return "";
}

}  // namespace

bool NearlyEqual(double a, double b) {
  constexpr double kEpsilon = 1e-6;
  if (IsStaleNaN(a) || IsStaleNaN(b)) return IsStaleNaN(a) && IsStaleNaN(b);
  if (std::isnan(a) && std::isnan(b)) return true;
  if (a == b) return true;
  const double sum = std::abs(a) + std::abs(b), difference = std::abs(a - b);
  constexpr double kMinNormal = std::numeric_limits<double>::min();
  if (a == 0 || b == 0 || sum < kMinNormal) return difference < kEpsilon * kMinNormal;
  return difference / std::min(sum, std::numeric_limits<double>::max()) < kEpsilon;
}

bool TextMatches(const TextMatch& match, std::string_view text) {
  switch (match.kind) {
    case TextMatch::Kind::kAny:
      return true;
    case TextMatch::Kind::kExact:
      return match.text == text;
    case TextMatch::Kind::kRegex:
      return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), match.text);
  }
  return false;
}

std::string CompareAnnotations(const EvalCommand& eval, const QueryResult& result) {
  std::string problem =
      CompareMessages("warning", eval.warnings, eval.no_warnings, result.warnings);
  return problem.empty() ? CompareMessages("info", eval.infos, eval.no_infos, result.infos)
                         : problem;
}

std::string CompareResult(const EvalCommand& eval, const QueryResult& result) {
  if (eval.scalar) {
    if (result.type != ValueType::kScalar)
      return StrCat("expected a scalar, got a ", ValueTypeText(result.type));
    return NearlyEqual(*eval.scalar, result.scalar)
               ? ""
               : StrCat("expected ", ValueText(*eval.scalar), ", got ", ValueText(result.scalar));
  }
  if (eval.string || result.type == ValueType::kString) {
    if (result.type != ValueType::kString)
      return StrCat("expected a string, got a ", ValueTypeText(result.type));
    const std::string want = eval.string.value_or("");
    return want == result.string ? ""
                                 : StrCat("expected \"", want, "\", got \"", result.string, "\"");
  }
  if (eval.range_vector || !eval.instant) {
    if (result.type != ValueType::kRangeVector)
      return StrCat("expected a matrix, got a ", ValueTypeText(result.type));
    return CompareMatrix(eval, eval.range_vector.value_or(eval.steps), result);
  }
  if (result.type != ValueType::kInstantVector) {
    return StrCat("expected an instant vector, got a ", ValueTypeText(result.type));
  }
  return CompareVector(eval, result);
}

}  // namespace hearth::promql
