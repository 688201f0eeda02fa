// server/late_storage.h
//
// The storage as the API sees it from the first moment: unavailable until the database has been
// opened and replayed, then the database. So the server can listen, and say 503, while it starts.
//
// Thread safety: Set once; everything else from any thread. Borrows the database, which must
// outlive the last call.
#ifndef HEARTH_SERVER_LATE_STORAGE_H_
#define HEARTH_SERVER_LATE_STORAGE_H_

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "tsdb/storage.h"

namespace hearth {

template <typename Database>
class LateStorage : public Appendable, public Queryable, public ExemplarQueryable {
 public:
  void Set(Database* database) { database_.store(database, std::memory_order_release); }
  bool ready() const { return database_.load(std::memory_order_acquire) != nullptr; }
  // Null until Set.
  Database* get() const { return database_.load(std::memory_order_acquire); }

  // Not before ready(): the API answers 503 until then.
  std::unique_ptr<Appender> NewAppender() override { return get()->NewAppender(); }

  absl::StatusOr<std::unique_ptr<Querier>> NewQuerier(TimeRange range) const override {
    const Database* database = get();
    if (database == nullptr) return absl::UnavailableError("TSDB not ready");
    return database->NewQuerier(range);
  }
  std::optional<StorageChanges> ChangesSince(uint64_t moment) const override {
    const Database* database = get();
    return database == nullptr ? std::nullopt : database->ChangesSince(moment);
  }
  std::optional<Fingerprint> LabelStamp(const LabelScope& scope) const override {
    const Database* database = get();
    return database == nullptr ? std::nullopt : database->LabelStamp(scope);
  }

  absl::StatusOr<std::vector<SeriesExemplars>> SelectExemplars(
      std::span<const std::vector<Matcher>> matcher_sets, TimeRange range) const override {
    const Database* database = get();
    if (database == nullptr) return absl::UnavailableError("TSDB not ready");
    return database->SelectExemplars(matcher_sets, range);
  }

 private:
  std::atomic<Database*> database_{nullptr};
};

}  // namespace hearth

#endif  // HEARTH_SERVER_LATE_STORAGE_H_
