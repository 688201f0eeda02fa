#include "rules/rule_writer.h"

#include <memory>
#include <utility>

#include "model/sample.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth {
namespace {

// Fingerprint of each sample's labels, in their order.
std::vector<Fingerprint> FingerprintsOf(const std::vector<RuleSample>& samples) {
  std::vector<Fingerprint> fingerprints;
  fingerprints.reserve(samples.size());
  for (const RuleSample& sample : samples) fingerprints.push_back(sample.labels.Fingerprint());
  return fingerprints;
}

}  // namespace

RuleWriter::Outcome RuleWriter::Write(const std::vector<RuleSample>& samples, TimeMs t) {
  Outcome outcome;
  if (samples.empty() && series_.empty()) return outcome;
  const std::unique_ptr<Appender> appender = storage_->NewAppender();
  const std::vector<Fingerprint> fingerprints = FingerprintsOf(samples);
  std::vector<SeriesRef> refs(samples.size());
  appender->Find(fingerprints, refs);
  SeriesMap written;
  written.reserve(samples.size());
  for (size_t i = 0; i < samples.size(); ++i) {
    if (!refs[i]) {
      absl::StatusOr<SeriesRef> ref = appender->FindOrCreate(samples[i].labels);
      if (!ref.ok()) {
        ++outcome.refusals;
        outcome.refused.Update(ref.status());
        continue;
      }
      refs[i] = *ref;
    }
    if (samples[i].histogram != nullptr) {
      appender->AppendHistogram(refs[i], t, *samples[i].histogram);
    } else {
      appender->Append(refs[i], {t, samples[i].v});
    }
    written.try_emplace(fingerprints[i], samples[i].labels);
  }
  // Behind the samples, so that the first refusal is a sample's when there is one.
  for (const auto& [fingerprint, labels] : series_) {
    if (written.contains(fingerprint)) continue;
    const absl::StatusOr<SeriesRef> ref = appender->FindOrCreate(labels);
    if (ref.ok()) appender->Append(*ref, {t, StaleNaN()});
  }
  const absl::StatusOr<CommitResult> result = appender->Commit();
  outcome.committed = result.status();
  if (!result.ok()) return outcome;
  const auto& refusal = result->first_refusal;
  if (refusal && written.contains(refusal->labels.Fingerprint())) {
    ++outcome.refusals;
    outcome.refused.Update(
        absl::FailedPreconditionError(ToAbsl(AppendOutcomeText(refusal->outcome))));
  }
  series_ = std::move(written);
  return outcome;
}

absl::Status WriteStaleMarkers(Appendable* storage, const RuleWriter::SeriesMap& series, TimeMs t) {
  if (series.empty()) return absl::OkStatus();
  const std::unique_ptr<Appender> appender = storage->NewAppender();
  for (const auto& [fingerprint, labels] : series) {
    HEARTH_ASSIGN_OR_RETURN(const SeriesRef ref, appender->FindOrCreate(labels));
    appender->Append(ref, {t, StaleNaN()});
  }
  return appender->Commit().status();
}

}  // namespace hearth
