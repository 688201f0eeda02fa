// tsdb/fake_storage.h
//
// A storage in plain maps: what tests of the query engine, the scraper and the API read and write.
// It keeps every rule of tsdb/storage.h (order of series, judgement of samples, one consistent view
// a Select) and none of the machinery. Testonly.
//
// Differences from Db: no retention, no clock (nothing is too old or too far ahead), no limits;
// native histograms are taken, and know from the sample before them whether a counter was reset.
//
// Thread safety: all methods may be called from any thread. Queriers copy what they select, so they
// may outlive later writes, but not the storage.
#ifndef HEARTH_TSDB_FAKE_STORAGE_H_
#define HEARTH_TSDB_FAKE_STORAGE_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model/histogram.h"
#include "model/mutex.h"
#include "tsdb/change_log.h"
#include "tsdb/storage.h"

namespace hearth {

class FakeStorage : public Appendable, public Queryable {
 public:
  using Value = std::variant<double, Histogram>;
  struct Series {
    Labels labels;
    std::map<TimeMs, Value> samples;
    std::map<TimeMs, TimeMs> starts;  // Start timestamps by the samples' times, where known.
  };

  std::unique_ptr<Appender> NewAppender() override;
  absl::StatusOr<std::unique_ptr<Querier>> NewQuerier(TimeRange range) const override;
  std::optional<StorageChanges> ChangesSince(uint64_t moment) const override {
    return changes_.Since(moment);
  }
  std::optional<Fingerprint> LabelStamp(const LabelScope& scope) const override LOCKS_EXCLUDED(mu_);
  // What LabelStamp tells from now on.
  void SetLabelStamp(std::optional<Fingerprint> stamp) LOCKS_EXCLUDED(mu_);

  // Writes one sample past the appender: in any order, replacing what was there. A histogram is
  // compared with what is before it now.
  void Put(LabelsView labels, TimeMs t, Value value, TimeMs start_timestamp_ms = 0)
      LOCKS_EXCLUDED(mu_);
  // Drops everything, as a fresh storage. References from before are answered with kSeriesGone.
  void Clear() LOCKS_EXCLUDED(mu_);

  // From now on there is no memory for series beyond so many: kUnavailable.
  void LimitSeries(size_t max) LOCKS_EXCLUDED(mu_);

  // A copy of everything, in fingerprint order.
  std::map<Fingerprint, Series> Snapshot() const LOCKS_EXCLUDED(mu_);
  // The metadata by metric family and the exemplars that were appended, for assertions.
  std::map<std::string, Metadata> metadata() const LOCKS_EXCLUDED(mu_);
  std::vector<Exemplar> exemplars() const LOCKS_EXCLUDED(mu_);

 private:
  friend class FakeAppender;
  friend class FakeQuerier;

  ChangeLog changes_;
  mutable Mutex mu_;
  std::map<Fingerprint, Series> series_ GUARDED_BY(mu_);
  std::map<uint64_t, Fingerprint> refs_ GUARDED_BY(mu_);
  std::map<Fingerprint, SeriesRef> ref_of_ GUARDED_BY(mu_);
  size_t series_max_ GUARDED_BY(mu_) = SIZE_MAX;
  std::optional<Fingerprint> label_stamp_ GUARDED_BY(mu_);
  uint64_t next_ref_ GUARDED_BY(mu_) = 1;  // Never reused, not even after Clear.
  std::map<std::string, Metadata> metadata_ GUARDED_BY(mu_);
  std::vector<Exemplar> exemplars_ GUARDED_BY(mu_);
};

}  // namespace hearth

#endif  // HEARTH_TSDB_FAKE_STORAGE_H_
