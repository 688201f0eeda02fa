#include "tsdb/store/rebuild.h"

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include "model/status.h"
#include "model/text.h"
#include "rocksdb/sst_file_reader.h"
#include "spdlog/spdlog.h"

namespace hearth {

namespace {

namespace fs = std::filesystem;

// Where a refused database waits while its files are taken over.
std::string DamagedPath(const std::string& path) { return path + ".damaged"; }

absl::Status Move(const std::string& from, const std::string& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (!error) return absl::OkStatus();
  return absl::InternalError(StrCat("move \"", from, "\" to \"", to, "\": ", error.message()));
}

// The two files of a generation, as they turn up.
struct FoundFiles {
  std::optional<GenerationInfo> samples_info, index_info;
  std::string samples_path, index_path;
  bool complete() const { return samples_info && samples_info == index_info; }
};

absl::StatusOr<FileIdentity> ReadIdentity(const std::string& path, rocksdb::Env* env) {
  rocksdb::Options options;
  static_cast<rocksdb::DBOptions&>(options) = StoreDbOptions(env);
  static_cast<rocksdb::ColumnFamilyOptions&>(options) = SealedFamilyOptions(kSamples, nullptr);
  rocksdb::SstFileReader reader(options);
  HEARTH_RETURN_IF_ERROR(FromRocks(reader.Open(path), "open sorted file"));
  return IdentifyFile(*reader.GetTableProperties());
}

// kFailedPrecondition when a newer version has written one of the folder's sorted files: nothing is
// moved then.
absl::Status CheckNoneNewer(const std::string& folder, rocksdb::Env* env) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() != ".sst") continue;
    const absl::Status status = ReadIdentity(entry.path().string(), env).status();
    if (!absl::IsFailedPrecondition(status)) continue;
    return absl::FailedPreconditionError(StrCat("store \"", folder,
                                                "\": ", entry.path().filename().string(), ": ",
                                                FromAbsl(status.message())));
  }
  return absl::OkStatus();
}

void LogSetAside(const std::string& path, std::string_view why) {
  spdlog::error("store: set aside damaged file {}: {}", path, why);
}

// Sorts the sorted files of `folder` by generation. Files of the catalogue itself are left where
// they are.
std::map<GenerationId, FoundFiles> FindGenerations(const std::string& folder, rocksdb::Env* env,
                                                   uint64_t* set_aside) {
  std::map<GenerationId, FoundFiles> found;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() != ".sst") continue;
    const std::string path = entry.path().string();
    const absl::StatusOr<FileIdentity> identity = ReadIdentity(path, env);
    if (absl::IsNotFound(identity.status())) continue;
    if (!identity.ok()) {
      LogSetAside(path, FromAbsl(identity.status().message()));
      ++*set_aside;
      continue;
    }
    FoundFiles& files = found[identity->info.id];
    if (identity->family == kSamples) {
      files.samples_info = identity->info;
      files.samples_path = path;
    } else {
      files.index_info = identity->info;
      files.index_path = path;
    }
  }
  return found;
}

// Takes one generation in; names in the log what cannot be kept. Its catalogue entry is left to the
// store, which knows what a merge may have left behind.
bool TakeIn(const GenerationId& id, const FoundFiles& files, Database* database) {
  absl::Status status;
  if (files.complete()) {
    status = database->Ingest({*files.samples_info, files.samples_path, files.index_path});
    if (status.ok()) return true;
  } else {
    status = absl::DataLossError("its other file is missing or damaged");
  }
  const GenerationInfo& info = files.samples_info ? *files.samples_info : *files.index_info;
  spdlog::error("store: set aside {}: {} series, {} samples, times [{}, {}]: {}", ToString(id),
                info.series, info.samples, info.range.mint, info.range.maxt, status.ToString());
  return false;
}

}  // namespace

absl::StatusOr<std::string> NewQuarantinePath(const std::string& quarantine_path,
                                              const std::string& stem) {
  std::error_code error;
  fs::create_directories(quarantine_path, error);
  if (error) {
    return absl::InternalError(
        StrCat("create quarantine \"", quarantine_path, "\": ", error.message()));
  }
  for (int i = 1;; ++i) {
    const fs::path path = fs::path(quarantine_path) / StrCat(stem, "-", i);
    if (!fs::exists(path, error)) return path.string();
  }
}

bool RebuildUnfinished(const std::string& path) {
  std::error_code error;
  return fs::exists(DamagedPath(path), error);
}

absl::StatusOr<RebuiltDatabase> RebuildDatabase(const RebuildOptions& options,
                                                const absl::Status& reason) {
  const std::string& path = options.path;
  const std::string& quarantine_path = options.quarantine_path;
  const std::string damaged = DamagedPath(path);
  for (const std::string& folder : {path, damaged}) {
    HEARTH_RETURN_IF_ERROR(CheckNoneNewer(folder, options.env));
  }
  spdlog::error("store: {}; rebuilding from its files", reason.ToString());
  if (!RebuildUnfinished(path)) HEARTH_RETURN_IF_ERROR(Move(path, damaged));
  RebuiltDatabase rebuilt;
  absl::StatusOr<std::unique_ptr<Database>> database =
      Database::Open(path, options.block_cache_bytes, options.env);
  if (absl::IsDataLoss(database.status())) {
    // The rebuild that was cut short left something unreadable.
    HEARTH_ASSIGN_OR_RETURN(const std::string aside, NewQuarantinePath(quarantine_path, "store"));
    HEARTH_RETURN_IF_ERROR(Move(path, aside));
    database = Database::Open(path, options.block_cache_bytes, options.env);
  }
  if (!database.ok()) return database.status();
  rebuilt.database = *std::move(database);
  std::set<GenerationId> present;
  for (const StoredFile& file : rebuilt.database->Files()) present.insert(file.id);
  size_t kept = present.size();
  for (const auto& [id, files] : FindGenerations(damaged, options.env, &rebuilt.set_aside)) {
    if (present.contains(id)) continue;  // Taken in before the rebuild was cut short.
    if (TakeIn(id, files, rebuilt.database.get())) {
      ++kept;
    } else {
      rebuilt.set_aside += (files.samples_info ? 1 : 0) + (files.index_info ? 1 : 0);
    }
  }
  std::error_code error;
  if (rebuilt.set_aside == 0) {
    // Without a sorted file of ours there is nothing worth keeping.
    fs::remove_all(damaged, error);
    spdlog::warn("store: rebuilt with {} generations; nothing is lost", kept);
    return rebuilt;
  }
  HEARTH_ASSIGN_OR_RETURN(const std::string aside, NewQuarantinePath(quarantine_path, "store"));
  HEARTH_RETURN_IF_ERROR(Move(damaged, aside));
  spdlog::warn("store: rebuilt with {} generations; {} files are set aside in {}", kept,
               rebuilt.set_aside, aside);
  return rebuilt;
}

}  // namespace hearth
