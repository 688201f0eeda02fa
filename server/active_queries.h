// server/active_queries.h
//
// `queries.active` in the data directory: the text of every query that runs now, so that the next
// start can say which ones a crash has interrupted. As in Prometheus a JSON array with a slot of
// 1000 bytes for each query that may run at once, filled up with zeros:
//
//   [{"query":"up","timestamp_sec":1700000000},\0\0…\0{"query":…},\0…
//
// Written with pwrite, which kill -9 spares as it does a mapped file, and which a full disk cannot
// turn into a signal.
//
// Thread safety: all methods may be called from any thread.
#ifndef HEARTH_SERVER_ACTIVE_QUERIES_H_
#define HEARTH_SERVER_ACTIVE_QUERIES_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "model/clock.h"
#include "model/mutex.h"
#include "tsdb/file_system.h"

namespace hearth {

class ActiveQueries {
 public:
  static constexpr size_t kSlotBytes = 1000;

  // Replaces the file below `directory`, whose owner the caller is. What the old one still lists is
  // put into *unfinished as a JSON array, "" when there is nothing. `slots` > 0.
  static absl::StatusOr<std::unique_ptr<ActiveQueries>> Open(const std::string& directory,
                                                             size_t slots, FileSystem* fs,
                                                             std::string* unfinished);

  // Lists a query, shortened to what a slot takes. Returns its slot, for Remove; kNone when all are
  // taken or the file cannot be written, which is no reason to refuse a query.
  size_t Insert(std::string_view query, TimeMs now);
  void Remove(size_t slot);
  static constexpr size_t kNone = SIZE_MAX;

 private:
  ActiveQueries(std::unique_ptr<File> file, size_t slots);
  absl::Status WriteSlot(size_t slot, std::string_view entry);

  const std::unique_ptr<File> file_;
  Mutex mu_;
  std::vector<size_t> free_ GUARDED_BY(mu_);
};

}  // namespace hearth

#endif  // HEARTH_SERVER_ACTIVE_QUERIES_H_
