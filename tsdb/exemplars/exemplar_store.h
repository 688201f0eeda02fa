// tsdb/exemplars/exemplar_store.h
//
// ExemplarStore: the newest exemplars of all series together, in a ring in memory. The head asks it
// before an exemplar goes into the WAL (Judge) and adds it afterwards; a replay adds what the WAL
// still has. Series are told apart by their fingerprint, so what is kept outlives a series' stay in
// the head.
//
//   ring      | a1 | b1 | a2 | c1 | a3 |  -> the next one replaces a1
//   series a    a1 <-> a2 <-> a3             in time order, by slot numbers
//
// Which exemplars are taken is Prometheus' rule (tsdb/exemplar.go there): one that equals its
// series' newest is a duplicate; one that is older by the out-of-order window or more is out of
// order, and so is one of the same time with a smaller value, or the same value and smaller labels.
//
// Thread safety: all methods may be called from any thread; the lock is a leaf.
#ifndef HEARTH_TSDB_EXEMPLARS_EXEMPLAR_STORE_H_
#define HEARTH_TSDB_EXEMPLARS_EXEMPLAR_STORE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "model/labels.h"
#include "model/matcher.h"
#include "model/metadata.h"
#include "model/mutex.h"
#include "model/sample.h"
#include "tsdb/storage.h"

namespace hearth {

struct ExemplarStats {
  uint64_t max = 0;  // The ring's size.
  uint64_t kept = 0;
  uint64_t series = 0;        // That have one.
  TimeMs oldest_t = 0;        // Of the one that goes next; 0 without any.
  uint64_t appended = 0;      // Since the start.
  uint64_t out_of_order = 0;  // Refused, since the start.
  uint64_t bytes = 0;         // Of memory, about.
};

class ExemplarStore {
 public:
  enum class Outcome { kAdded, kDuplicate, kOutOfOrder, kOff };

  // What OpenMetrics allows the names and values of an exemplar's labels together, in characters.
  static constexpr size_t kLabelCharactersMax = 128;

  // `capacity`: how many are kept; 0 = none, everything is kOff. Memory is taken as they come.
  explicit ExemplarStore(uint64_t capacity);

  static bool LabelsFit(LabelsView labels);

  // What Add would answer. `window_ms`: how much older than the series' newest one an exemplar may
  // be. A refusal is counted.
  Outcome Judge(const Fingerprint& series, const Exemplar& exemplar, TimeMs window_ms)
      LOCKS_EXCLUDED(mu_);
  // Takes an exemplar whose labels fit, in place of the one that came first when the ring is full.
  // labels() gives the series' labels, when it has none here yet.
  Outcome Add(const Fingerprint& series, const Exemplar& exemplar, TimeMs window_ms,
              absl::FunctionRef<Labels()> labels) LOCKS_EXCLUDED(mu_);

  // Changes the capacity; the newest ones stay.
  void Resize(uint64_t capacity) LOCKS_EXCLUDED(mu_);

  // Those in `range` of the series that satisfy one of the matcher sets, in label order.
  std::vector<SeriesExemplars> Select(std::span<const std::vector<Matcher>> matcher_sets,
                                      TimeRange range) const LOCKS_EXCLUDED(mu_);
  bool enabled() const LOCKS_EXCLUDED(mu_);
  ExemplarStats Stats() const LOCKS_EXCLUDED(mu_);

 private:
  static constexpr uint32_t kNone = UINT32_MAX;

  struct Slot {
    Exemplar exemplar;
    Fingerprint series;
    uint32_t older = kNone;  // Neighbours in the series' list.
    uint32_t newer = kNone;
  };
  struct Series {
    Labels labels;
    uint32_t oldest = kNone;
    uint32_t newest = kNone;
  };

  Outcome JudgeLocked(const Fingerprint& series, const Exemplar& exemplar, TimeMs window_ms) const
      EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The slot of the series' last exemplar at or before `t`; kNone when there is none.
  uint32_t LastUpTo(const Series& series, TimeMs t) const EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The slot that the next exemplar gets. The one that was there is off its list.
  uint32_t TakeSlot() EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Unlink(uint32_t slot) EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Link(uint32_t slot, uint32_t older, Series* series) EXCLUSIVE_LOCKS_REQUIRED(mu_);

  mutable Mutex mu_;
  uint64_t capacity_ GUARDED_BY(mu_);
  std::vector<Slot> slots_ GUARDED_BY(mu_);  // At most capacity_.
  uint32_t next_ GUARDED_BY(mu_) = 0;        // Replaced next, once all are in use.
  absl::flat_hash_map<Fingerprint, Series> series_ GUARDED_BY(mu_);
  uint64_t appended_ GUARDED_BY(mu_) = 0;
  uint64_t out_of_order_ GUARDED_BY(mu_) = 0;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_EXEMPLARS_EXEMPLAR_STORE_H_
