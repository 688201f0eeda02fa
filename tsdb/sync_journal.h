// tsdb/sync_journal.h
//
// SyncJournal: a side record of what a process has made durable, so that somebody else can do after
// its SIGKILL what a power cut would have done: drop what was not synced. Testonly.
//
// The process (JournalWriter, fed by the two fault file systems) appends one line an event to the
// journal; what it removes or replaces it keeps as a hard link beside the journal until the removal
// is durable. DropUnsynced reads the journal and takes back
//
//   - of each directory's creations, links, renames and removals since its last sync, all but a
//     random number of the first ones (journalling file systems keep their order)
//   - of each file the bytes behind its last sync: cut at a random place there, or zeroed from it
//
// All files were durable when the journal began. Directories count as durable when made.
//
// Thread safety: JournalWriter: all methods from any thread.
#ifndef HEARTH_TSDB_SYNC_JOURNAL_H_
#define HEARTH_TSDB_SYNC_JOURNAL_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/mutex.h"

namespace hearth {

using JournalFileId = uint64_t;  // 0 = none.

class JournalWriter {
 public:
  // Starts a new journal in the file `path`, on the same file system as what is recorded.
  static absl::StatusOr<std::unique_ptr<JournalWriter>> Create(const std::string& path);
  ~JournalWriter();

  // Before the operation itself. Each answers the file's number.
  JournalFileId Creating(const std::string& path) LOCKS_EXCLUDED(mu_);
  // Before an existing file is opened for writing.
  JournalFileId Opening(const std::string& path) LOCKS_EXCLUDED(mu_);
  void Linking(const std::string& from, const std::string& to) LOCKS_EXCLUDED(mu_);
  void Renaming(const std::string& from, const std::string& to) LOCKS_EXCLUDED(mu_);
  void Removing(const std::string& path) LOCKS_EXCLUDED(mu_);
  // After the operation: the first `size` bytes are durable. A truncation counts as durable.
  void Synced(JournalFileId id, uint64_t size) LOCKS_EXCLUDED(mu_);
  void Truncated(JournalFileId id, uint64_t size) LOCKS_EXCLUDED(mu_);
  void DirectorySynced(const std::string& directory) LOCKS_EXCLUDED(mu_);

 private:
  JournalWriter(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  void Write(char event, uint64_t number, const std::string& a, const std::string& b = "")
      EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Keeps the file at `path` from vanishing; answers the number of its hard link, 0 without a file.
  uint64_t Keep(const std::string& path) EXCLUSIVE_LOCKS_REQUIRED(mu_);
  JournalFileId IdOf(const std::string& path) EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const int fd_;
  const std::string path_;
  Mutex mu_;
  JournalFileId next_id_ GUARDED_BY(mu_) = 1;
  uint64_t next_kept_ GUARDED_BY(mu_) = 1;
  std::map<std::string, JournalFileId> ids_ GUARDED_BY(mu_);
  std::map<std::string, std::vector<uint64_t>> kept_ GUARDED_BY(mu_);  // By directory.
};

struct DroppedData {
  uint64_t files_cut = 0;  // Of which bytes were dropped or zeroed.
  uint64_t bytes = 0;
  uint64_t entries_undone = 0;  // Creations, links, renames, removals.
};

// What a power cut leaves. The process that wrote the journal is dead. The same seed does the same.
absl::StatusOr<DroppedData> DropUnsynced(const std::string& journal_path, uint64_t seed);

}  // namespace hearth

#endif  // HEARTH_TSDB_SYNC_JOURNAL_H_
