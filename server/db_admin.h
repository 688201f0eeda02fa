// server/db_admin.h
//
// The database as the admin endpoints see it.
//
// Thread safety: all methods may be called from several threads. Borrows the storage.
#ifndef HEARTH_SERVER_DB_ADMIN_H_
#define HEARTH_SERVER_DB_ADMIN_H_

#include <span>
#include <string>
#include <vector>

#include "api/v1/storage_admin.h"
#include "server/late_storage.h"
#include "tsdb/db.h"

namespace hearth {

// Called only once the storage is ready: the API answers 503 until then.
class DbAdmin : public StorageAdmin {
 public:
  explicit DbAdmin(const LateStorage<Db>* storage) : storage_(storage) {}

  absl::Status DeleteSeries(std::span<const std::vector<Matcher>> matcher_sets,
                            TimeRange range) override {
    return storage_->get()->Delete(matcher_sets, range);
  }
  absl::Status CleanTombstones() override { return storage_->get()->Merge(); }
  absl::StatusOr<std::string> Snapshot(bool skip_head) override {
    return storage_->get()->Snapshot(skip_head);
  }
  absl::Status Compact() override { return storage_->get()->CompactAll(); }

 private:
  const LateStorage<Db>* const storage_;
};

}  // namespace hearth

#endif  // HEARTH_SERVER_DB_ADMIN_H_
