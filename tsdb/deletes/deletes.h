// tsdb/deletes/deletes.h
//
// Deletes: the list of deletes and its file, `hearth/deletes`. A file of its own, so that a
// database that has to be rebuilt does not bring deleted samples back. It is small and is replaced
// as a whole: written beside, synced, renamed, the directory synced. Format:
// docs/format/deletes.md.
//
// Who asks for what: a query takes list() before it takes the store's version, so a delete that
// left the list meanwhile was applied to what the version has.
//
// Thread safety: all methods may be called from any thread. Locks: write_mu_ → mu_, a leaf.
#ifndef HEARTH_TSDB_DELETES_DELETES_H_
#define HEARTH_TSDB_DELETES_DELETES_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/mutex.h"
#include "tsdb/deletes/delete_list.h"
#include "tsdb/file_system.h"

namespace hearth {

struct DeletesOptions {
  FileSystem* fs = nullptr;     // Borrowed; outlives this object.
  std::string directory;        // Exists; the file is `<directory>/deletes`.
  std::string quarantine_path;  // Where a damaged file is moved; created when needed.
  size_t max_records = 10'000;
};

class Deletes {
 public:
  // Reads the file, if there is one. What is damaged in it is left out: the file is set aside and
  // what could be read is written anew. Errors: those of the file system; kFailedPrecondition for a
  // newer version.
  static absl::StatusOr<std::unique_ptr<Deletes>> Open(DeletesOptions options);

  // Never null.
  std::shared_ptr<const DeleteList> list() const;

  // Adds deletes that share an LSN above last_lsn. Durable when it returns OK; nothing changed
  // after an error. kResourceExhausted at max_records.
  absl::Status Add(std::vector<DeleteRecord> records);
  // Takes the deletes out that nothing needs any more. Writes only when there is one.
  absl::Status Remove(absl::FunctionRef<bool(const DeleteRecord& record)> unneeded);

 private:
  explicit Deletes(DeletesOptions options) : options_(std::move(options)) {}
  std::string Path() const { return options_.directory + "/deletes"; }
  absl::Status Read();
  absl::Status SetAside();
  // Makes `next` durable, then visible.
  absl::Status Replace(std::shared_ptr<const DeleteList> next) EXCLUSIVE_LOCKS_REQUIRED(write_mu_);

  const DeletesOptions options_;
  Mutex write_mu_;  // Held across the writing of the file.
  mutable Mutex mu_;
  std::shared_ptr<const DeleteList> list_ GUARDED_BY(mu_) = std::make_shared<DeleteList>();
};

}  // namespace hearth

#endif  // HEARTH_TSDB_DELETES_DELETES_H_
