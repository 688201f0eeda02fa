// tsdb/file_system.h
//
// The seam between our own files (WAL, chunk log, lock) and the operating system, so that tests can
// run out of space, fail a sync or lose what was not synced (tsdb/fault_file_system.h). RocksDB has
// a seam of its own.
//
// Errors: kNotFound (no such file), kAlreadyExists, kResourceExhausted (no space, quota),
// kFailedPrecondition (lock held), kDataLoss (EIO), else kInternal. Messages name the operation,
// the path, offset and size.
//
// Thread safety: a FileSystem and a File may be used from any thread at once; writes to one File
// must not overlap.
#ifndef HEARTH_TSDB_FILE_SYSTEM_H_
#define HEARTH_TSDB_FILE_SYSTEM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace hearth {

// An open file; closed by the destructor. Reading stays possible after the file was removed.
class File {
 public:
  virtual ~File() = default;

  // Reads up to `n` bytes at `offset`; fewer only at the end of the file.
  virtual absl::StatusOr<size_t> ReadAt(uint64_t offset, char* buffer, size_t n) const = 0;
  // Writes all of `data` at `offset`. After an error any prefix may have been written.
  virtual absl::Status WriteAt(uint64_t offset, std::string_view data) = 0;
  // Makes the data durable (fdatasync).
  virtual absl::Status Sync() = 0;
  virtual absl::Status Truncate(uint64_t size) = 0;
  virtual absl::StatusOr<uint64_t> Size() const = 0;
  virtual const std::string& path() const = 0;
};

// A held lock on a file; released by the destructor or by the end of the process.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual absl::StatusOr<std::unique_ptr<File>> OpenRead(const std::string& path) = 0;
  // A new file for reading and writing; kAlreadyExists when there is one.
  virtual absl::StatusOr<std::unique_ptr<File>> Create(const std::string& path) = 0;
  // Replaces `to` when it exists.
  virtual absl::Status Rename(const std::string& from, const std::string& to) = 0;
  // Gives the file at `from` a second name; kAlreadyExists when `to` exists.
  virtual absl::Status Link(const std::string& from, const std::string& to) = 0;
  virtual absl::Status Remove(const std::string& path) = 0;
  // Names (without the directory) of everything in a directory, sorted.
  virtual absl::StatusOr<std::vector<std::string>> List(const std::string& directory) = 0;
  // Creates the directory and its parents; fine when it exists.
  virtual absl::Status MakeDirs(const std::string& directory) = 0;
  // Makes creations, renames and removals in the directory durable.
  virtual absl::Status SyncDir(const std::string& directory) = 0;
  // Creates the file when needed and locks it against other processes; kFailedPrecondition when
  // somebody holds it.
  virtual absl::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path) = 0;
};

// The operating system's. The process-wide instance; never destroyed.
FileSystem& PosixFileSystem();

}  // namespace hearth

#endif  // HEARTH_TSDB_FILE_SYSTEM_H_
