// tsdb/data_directory.h
//
// The folder given by --storage.tsdb.path, and what is ours in it: everything below `hearth/`. One
// process at a time.
//
// Thread safety: const after Open.
#ifndef HEARTH_TSDB_DATA_DIRECTORY_H_
#define HEARTH_TSDB_DATA_DIRECTORY_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "tsdb/file_system.h"

namespace hearth {

class DataDirectory {
 public:
  // Creates what is missing and takes the lock, held until destruction. Errors are one line for the
  // operator and name the path: kFailedPrecondition when it is locked, kInvalidArgument when it is
  // not a directory, kPermissionDenied when it cannot be written. Logs one line when Prometheus'
  // data lies there too; it is left alone.
  static absl::StatusOr<std::unique_ptr<DataDirectory>> Open(const std::string& path,
                                                             FileSystem* fs);

  const std::string& root() const { return root_; }  // `<path>/hearth`
  std::string wal() const { return root_ + "/wal"; }
  std::string chunks() const { return root_ + "/chunks"; }
  std::string store() const { return root_ + "/store"; }
  std::string flush() const { return root_ + "/flush"; }
  std::string reserve() const { return root_ + "/reserve"; }
  std::string snapshots() const { return path_ + "/snapshots"; }
  std::string quarantine() const { return root_ + "/quarantine"; }

 private:
  DataDirectory(std::string path, std::string root)
      : path_(std::move(path)), root_(std::move(root)) {}

  const std::string path_;
  const std::string root_;
  std::unique_ptr<FileLock> lock_;
};

// True when `path` holds what a Prometheus left: wal/, chunks_head/, or a block (a folder named by
// a ULID).
bool HoldsPrometheusData(const std::string& path, FileSystem* fs);

}  // namespace hearth

#endif  // HEARTH_TSDB_DATA_DIRECTORY_H_
