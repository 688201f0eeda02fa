#include "rules/recording_rule.h"

#include "absl/container/flat_hash_set.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth {
namespace {

bool HasDuplicates(const std::vector<RuleSample>& samples) {
  if (samples.size() < 2) return false;
  absl::flat_hash_set<absl::string_view> seen;
  seen.reserve(samples.size());
  for (const RuleSample& sample : samples) {
    if (!seen.insert(sample.labels.bytes()).second) return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<std::vector<RuleSample>> RecordingRule::Evaluate(const RuleEvaluation& at) {
  HEARTH_ASSIGN_OR_RETURN(std::vector<RuleSample> samples,
                          expression().Evaluate(*at.engine, at.sample_time(), at.cancelled));
  LabelsBuilder builder;
  for (RuleSample& sample : samples) {
    builder.Reset(sample.labels);
    builder.Set(kMetricNameLabel, name());
    for (const auto& [label, value] : labels()) builder.Set(label, value);
    sample.labels = builder.Build();
  }
  if (HasDuplicates(samples)) {
    return absl::FailedPreconditionError(
        "vector contains metrics with the same labelset after applying rule labels");
  }
  if (at.limit > 0 && static_cast<int64_t>(samples.size()) > at.limit) {
    return absl::ResourceExhaustedError(
        StrCat("exceeded limit of ", at.limit, " with ", samples.size(), " series"));
  }
  return samples;
}

}  // namespace hearth
