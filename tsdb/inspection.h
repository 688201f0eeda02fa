// tsdb/inspection.h
//
// Inspection: a data directory as it is, opened without changing it. What is in `<path>/hearth` is
// linked (or copied, where links cannot be made or the files are small) into a temporary folder,
// and that is opened as any data directory. So the answers are those that a server would give,
// damage included, and the next server finds everything as it was.
//
// Thread safety: as Db.
#ifndef HEARTH_TSDB_INSPECTION_H_
#define HEARTH_TSDB_INSPECTION_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "tsdb/db.h"
#include "tsdb/file_system.h"

namespace hearth {

class Inspection {
 public:
  // Errors: kNotFound when `path` holds no data of ours, kFailedPrecondition while a server has it,
  // others as Db::Open.
  static absl::StatusOr<std::unique_ptr<Inspection>> Open(const std::string& path);
  ~Inspection();

  Db& db() { return *db_; }

 private:
  Inspection() = default;

  std::string folder_;              // Removed by the destructor.
  std::unique_ptr<FileLock> lock_;  // Of the data directory, so that no server starts meanwhile.
  std::unique_ptr<Db> db_;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_INSPECTION_H_
