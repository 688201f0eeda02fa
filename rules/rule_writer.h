// rules/rule_writer.h
//
// Writes what one rule gives at each evaluation, and stale markers for what it no longer gives.
//
// Thread safety: one thread at a time.
#ifndef HEARTH_RULES_RULE_WRITER_H_
#define HEARTH_RULES_RULE_WRITER_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "model/clock.h"
#include "model/labels.h"
#include "rules/rule_expression.h"
#include "tsdb/storage.h"

namespace hearth {

class RuleWriter {
 public:
  using SeriesMap = absl::flat_hash_map<Fingerprint, Labels>;

  // `storage` is borrowed.
  explicit RuleWriter(Appendable* storage) : storage_(storage) {}

  struct Outcome {
    absl::Status committed;  // On error nothing was written.
    absl::Status refused;    // The first sample that was not taken, in Prometheus' words.
    int64_t refusals = 0;    // Stale markers not counted.
  };
  // One transaction. Series of the write before that are not among `samples` get a marker.
  Outcome Write(const std::vector<RuleSample>& samples, TimeMs t);

  // What the last write gave. For a writer that continues another.
  SeriesMap TakeSeries() { return std::exchange(series_, {}); }
  void SetSeries(SeriesMap series) { series_ = std::move(series); }

 private:
  Appendable* const storage_;
  SeriesMap series_;
};

// Ends the series with markers at `t`; those that have a sample then keep it.
absl::Status WriteStaleMarkers(Appendable* storage, const RuleWriter::SeriesMap& series, TimeMs t);

}  // namespace hearth

#endif  // HEARTH_RULES_RULE_WRITER_H_
