// tsdb/fault_file_system.h
//
// FaultFileSystem: a FileSystem for tests, on top of a real one, that runs out of space, fails with
// an I/O error, and loses what was not synced. Faults are switched on and off at run time.
//
// Thread safety: all methods may be called from any thread, DropUnsynced only when nobody writes.
#ifndef HEARTH_TSDB_FAULT_FILE_SYSTEM_H_
#define HEARTH_TSDB_FAULT_FILE_SYSTEM_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/mutex.h"
#include "tsdb/file_system.h"

namespace hearth {

class FaultFileSystem : public FileSystem {
 public:
  explicit FaultFileSystem(FileSystem& base) : base_(base) {}  // Borrowed; outlives this object.

  // From now on only `bytes` more can be written: the write that passes the limit is cut there and
  // fails with kResourceExhausted. nullopt = space again.
  void SetSpaceLeft(std::optional<uint64_t> bytes);
  // Writes fail with kDataLoss after half of their bytes.
  void FailWrites(bool on);
  void FailSyncs(bool on);
  void FailTruncates(bool on);
  void FailCreates(bool on);
  // What a power cut may do: cuts every file to the length it had when it was last synced, removes
  // files whose creation was never followed by a SyncDir. The files must not be open for writing
  // any more.
  absl::Status DropUnsynced();
  uint64_t syncs() const;

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

  // How many of `n` bytes may be written, and the error for the rest.
  absl::Status Admit(size_t n, size_t* allowed);
  absl::Status AdmitSync();
  absl::Status AdmitTruncate();
  void NoteSynced(const std::string& path, uint64_t size);

  FileSystem& base_;
  mutable Mutex mu_;
  std::optional<uint64_t> space_left_ GUARDED_BY(mu_);
  bool fail_writes_ GUARDED_BY(mu_) = false;
  bool fail_syncs_ GUARDED_BY(mu_) = false;
  bool fail_truncates_ GUARDED_BY(mu_) = false;
  bool fail_creates_ GUARDED_BY(mu_) = false;
  uint64_t syncs_ GUARDED_BY(mu_) = 0;
  std::map<std::string, Tracked> created_ GUARDED_BY(mu_);
};

}  // namespace hearth

#endif  // HEARTH_TSDB_FAULT_FILE_SYSTEM_H_
