// tsdb/fault_file_system.h
//
// FaultFileSystem: a FileSystem for tests, on top of a real one, with the faults of a FaultSwitch:
// runs out of space, fails with an I/O error, lies, and loses what was not synced. It is the switch
// itself, so that RocksDB's side can be hung on it (store/testing/fault_rocks_file_system.h).
//
// Thread safety: all methods may be called from any thread, DropUnsynced only when nobody writes.
#ifndef HEARTH_TSDB_FAULT_FILE_SYSTEM_H_
#define HEARTH_TSDB_FAULT_FILE_SYSTEM_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/mutex.h"
#include "tsdb/fault_switch.h"
#include "tsdb/file_system.h"
#include "tsdb/sync_journal.h"

namespace hearth {

class FaultFileSystem : public FileSystem, public FaultSwitch {
 public:
  // `base` is borrowed, and so is `journal`, which may be null; both outlive this object.
  explicit FaultFileSystem(FileSystem& base, JournalWriter* journal = nullptr)
      : base_(base), journal_(journal) {}

  // What a power cut may do: cuts every file to the length it had when it was last synced, removes
  // files whose creation was never followed by a SyncDir. The files must not be open for writing
  // any more. Of our own files only; for RocksDB's too there is tsdb/sync_journal.h.
  absl::Status DropUnsynced();

  absl::StatusOr<std::unique_ptr<File>> OpenRead(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<File>> Create(const std::string& path) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  absl::Status Link(const std::string& from, const std::string& to) override;
  absl::Status Remove(const std::string& path) override;
  absl::StatusOr<std::vector<std::string>> List(const std::string& directory) override;
  absl::Status MakeDirs(const std::string& directory) override;
  absl::Status SyncDir(const std::string& directory) override;
  absl::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path) override;

 private:
  friend class FaultFile;
  struct Tracked {
    uint64_t synced_size = 0;
    bool entry_synced = false;
  };

  void NoteSynced(const std::string& path, uint64_t size);

  FileSystem& base_;
  JournalWriter* const journal_;
  mutable Mutex mu_;
  std::map<std::string, Tracked> created_ GUARDED_BY(mu_);
};

}  // namespace hearth

#endif  // HEARTH_TSDB_FAULT_FILE_SYSTEM_H_
