// How a store comes up: the database, or what can be rebuilt of it, and a catalogue that agrees
// with the files.
#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include "model/status.h"
#include "model/text.h"
#include "spdlog/spdlog.h"
#include "tsdb/store/database.h"
#include "tsdb/store/rebuild.h"
#include "tsdb/store/store.h"
#include "tsdb/store/superseded.h"

namespace hearth {

namespace fs = std::filesystem;

absl::StatusOr<std::unique_ptr<Store>> Store::Open(StoreOptions options) {
  std::error_code error;
  fs::remove_all(options.scratch_path,
                 error);  // Unfinished files of a flush that a crash cut short.
  fs::create_directories(options.scratch_path, error);
  if (error) {
    return absl::InternalError(
        StrCat("create folder \"", options.scratch_path, "\": ", error.message()));
  }
  auto store = std::unique_ptr<Store>(new Store(std::move(options)));
  HEARTH_RETURN_IF_ERROR(store->OpenDatabase());
  HEARTH_RETURN_IF_ERROR(store->Reconcile());
  return store;
}

absl::Status Store::OpenDatabase() {
  absl::Status reason = absl::DataLossError("a rebuild was cut short");
  if (!RebuildUnfinished(options_.path)) {
    absl::StatusOr<std::unique_ptr<Database>> opened =
        Database::Open(options_.path, options_.block_cache_bytes, env_.get());
    if (opened.ok()) {
      database_ = *std::move(opened);
      return absl::OkStatus();
    }
    if (!absl::IsDataLoss(opened.status())) return opened.status();
    reason = opened.status();
  }
  HEARTH_ASSIGN_OR_RETURN(RebuiltDatabase rebuilt,
                          RebuildDatabase({.path = options_.path,
                                           .quarantine_path = options_.quarantine_path,
                                           .block_cache_bytes = options_.block_cache_bytes,
                                           .env = env_.get()},
                                          reason));
  database_ = std::move(rebuilt.database);
  quarantined_ += rebuilt.set_aside;
  return absl::OkStatus();
}

absl::Status Store::Reconcile() {
  struct Files {
    int count = 0;
    uint64_t bytes = 0;
  };
  std::map<GenerationId, Files> files;
  for (const StoredFile& file : database_->Files()) {
    ++files[file.id].count;
    files[file.id].bytes += file.bytes;
  }
  HEARTH_ASSIGN_OR_RETURN(const std::vector<GenerationInfo> entries, database_->ReadCatalogue());
  std::map<GenerationId, FoundGeneration> found;
  std::vector<GenerationId> remove;  // Entries.
  for (const GenerationInfo& info : entries) {
    if (files.contains(info.id)) {
      found.emplace(info.id, FoundGeneration{info, /*catalogued=*/true});
    } else {
      spdlog::error("store: the files of {} are missing: {} series, {} samples are lost",
                    ToString(info.id), info.series, info.samples);
      remove.push_back(info.id);
    }
  }
  for (const auto& [id, of_id] : files) {
    if (found.contains(id)) continue;
    absl::StatusOr<GenerationInfo> info = database_->EntryFromFiles(id);
    if (absl::IsFailedPrecondition(info.status())) return info.status();  // A newer version's.
    if (!info.ok()) {
      spdlog::error("store: delete incomplete {}: {}", ToString(id), info.status().ToString());
      HEARTH_RETURN_IF_ERROR(database_->DeleteFiles(id));
      ++quarantined_;
      continue;
    }
    found.emplace(id, FoundGeneration{*std::move(info), /*catalogued=*/false});
  }
  std::vector<FoundGeneration> ascending;
  for (const auto& [id, generation] : found) ascending.push_back(generation);
  const std::vector<GenerationId> superseded = SupersededGenerations(ascending);
  for (const GenerationId& id : superseded) {
    if (found.at(id).catalogued) remove.push_back(id);
    found.erase(id);
  }
  std::vector<GenerationInfo> add;
  auto version = std::make_shared<StoreVersion>();
  for (const auto& [id, generation] : found) {
    if (!generation.catalogued) {
      spdlog::info("store: adopted {}, which the catalogue did not name", ToString(id));
      add.push_back(generation.info);
    }
    version->generations.push_back(
        std::make_shared<Generation>(generation.info, files[id].bytes, garbage_));
  }
  std::sort(version->generations.begin(), version->generations.end(),
            [](const auto& a, const auto& b) { return JoinedBefore(a->info.id, b->info.id); });
  if (!add.empty() || !remove.empty()) {
    HEARTH_RETURN_IF_ERROR(database_->WriteCatalogue(add, remove));
  }
  // Only now: until the entries are written, the files are what tells a merge's state.
  for (const GenerationId& id : superseded) {
    spdlog::info("store: delete {}, which a merge left behind", ToString(id));
    HEARTH_RETURN_IF_ERROR(database_->DeleteFiles(id));
  }
  Install(std::move(version));
  return absl::OkStatus();
}

}  // namespace hearth
