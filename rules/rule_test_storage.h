// rules/rule_test_storage.h
//
// The storage of one rule test: series in memory, in order, nothing else. It judges samples as Db
// does (tsdb/storage.h), takes any time, keeps everything and has no limits. Native histograms are
// samples like floats; what they say of counter resets follows from the sample before
// (model/counter_reset.h).
//
// Thread safety: a query may read from several threads. Nothing may be written while a Querier
// lives: that is how it needs no copies, which a test of many steps would notice.
#ifndef HEARTH_RULES_RULE_TEST_STORAGE_H_
#define HEARTH_RULES_RULE_TEST_STORAGE_H_

#include <deque>
#include <memory>
#include <ostream>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "model/text.h"
#include "tsdb/storage.h"

namespace hearth {

class RuleTestStorage : public Appendable, public Queryable {
 public:
  std::unique_ptr<Appender> NewAppender() override;
  absl::StatusOr<std::unique_ptr<Querier>> NewQuerier(TimeRange range) const override;

  // Every series by labels, each sample on a line of its own, as Prometheus prints a matrix, floats
  // first: `up{job="x"} =>\n1 @[60000]\n`. Stale markers are left out.
  void Dump(std::ostream& out) const;

 private:
  friend class RuleTestAppender;
  friend class RuleTestQuerier;

  struct Stored {
    Labels labels;
    Fingerprint fingerprint;
    SampleColumns samples;

    bool HasSampleIn(TimeRange range) const;
    AppendOutcome Append(Sample sample);
    AppendOutcome Append(TimeMs t, const Histogram& histogram);

   private:
    // What becomes of a sample at `t` unless it is the same as the last one.
    AppendOutcome Judge(TimeMs t) const;
    bool LastIsHistogram() const;
  };

  std::deque<Stored> series_;  // A reference's id is an index and one.
  absl::flat_hash_map<Fingerprint, SeriesRef> refs_;
  StringMap<std::vector<const Stored*>> by_metric_;  // Most selectors name their metric.
};

}  // namespace hearth

#endif  // HEARTH_RULES_RULE_TEST_STORAGE_H_
