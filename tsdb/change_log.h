// tsdb/change_log.h
//
// ChangeLog remembers from which time on samples have changed, so that somebody who keeps an answer
// can tell which part of it still holds (StorageChanges in tsdb/storage.h). Head, compactor and
// deletes note what they do; the query engine's cache asks.
//
// A moment is the number of a change. Of the changes after a moment only the lowest time matters,
// so the log is a stack of marks that ascend both in moment and in time: a change takes every mark
// off that does not lie below it. When there are too many, neighbours are joined that lie close
// together for their age: what is told may then be earlier than the truth by an eighth of the time
// that has passed, never later.
//
// A commit notes its lowest time under the commit lock, a delete before and after it, retention and
// quarantine everything when they have dropped something. So a query that does not see a change has
// asked for its moment before the change was noted.
//
// Thread safety: all methods may be called from any thread. The lock is a leaf.
#ifndef HEARTH_TSDB_CHANGE_LOG_H_
#define HEARTH_TSDB_CHANGE_LOG_H_

#include <cstdint>
#include <limits>
#include <vector>

#include "model/mutex.h"
#include "model/sample.h"
#include "tsdb/storage.h"

namespace hearth {

class ChangeLog {
 public:
  // Samples at `lowest` or later came, went, or became unreadable.
  void NoteFrom(TimeMs lowest) LOCKS_EXCLUDED(mu_);
  // The same of all times.
  void NoteEverything() { NoteFrom(std::numeric_limits<TimeMs>::min()); }

  // As Queryable::ChangesSince.
  StorageChanges Since(uint64_t moment) const LOCKS_EXCLUDED(mu_);

 private:
  struct Mark {
    uint64_t moment;
    TimeMs from;     // The lowest time of the changes after the mark before, up to this moment.
    TimeMs highest;  // Of the marks that were joined in this one.
  };
  static constexpr size_t kMarksMax = 512;
  static constexpr TimeMs kAgesApart = 8;

  // Joins neighbours until a quarter of the room is free.
  void Shorten() EXCLUSIVE_LOCKS_REQUIRED(mu_);

  mutable Mutex mu_;
  uint64_t now_ GUARDED_BY(mu_) = 0;
  std::vector<Mark> marks_ GUARDED_BY(mu_);  // Ascending in both.
};

}  // namespace hearth

#endif  // HEARTH_TSDB_CHANGE_LOG_H_
