// api/v1/storage_admin.h
//
// What the admin endpoints ask of the storage. The server implements it over the database, tests
// fake it.
//
// Thread safety: all methods may be called from several threads. Each answers when it is done.
#ifndef HEARTH_API_V1_STORAGE_ADMIN_H_
#define HEARTH_API_V1_STORAGE_ADMIN_H_

#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/matcher.h"
#include "model/sample.h"

namespace hearth {

class StorageAdmin {
 public:
  virtual ~StorageAdmin() = default;

  // Deletes the samples in `range` of the series that satisfy one of the sets.
  virtual absl::Status DeleteSeries(std::span<const std::vector<Matcher>> matcher_sets,
                                    TimeRange range) = 0;
  // Reclaims what was deleted.
  virtual absl::Status CleanTombstones() = 0;
  // The snapshot's name.
  virtual absl::StatusOr<std::string> Snapshot(bool skip_head) = 0;
  // Seals, flushes and merges everything.
  virtual absl::Status Compact() = 0;
};

}  // namespace hearth

#endif  // HEARTH_API_V1_STORAGE_ADMIN_H_
