#include "tsdb/store/store.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include "model/status.h"
#include "model/text.h"
#include "spdlog/spdlog.h"
#include "tsdb/kill_point.h"
#include "tsdb/store/database.h"
#include "tsdb/store/rebuild.h"
#include "tsdb/store/table_guard.h"

namespace hearth {

namespace fs = std::filesystem;

// Where a dropped generation goes when its last reader leaves.
class DroppedGenerations {
 public:
  void Add(const GenerationId& id) {
    MutexLock lock(&mu_);
    ids_.push_back(id);
  }
  std::vector<GenerationId> Take() {
    MutexLock lock(&mu_);
    return std::exchange(ids_, {});
  }

 private:
  Mutex mu_;
  std::vector<GenerationId> ids_ GUARDED_BY(mu_);
};

namespace {

uint64_t NextSerial() {
  static std::atomic<uint64_t> serials{0};
  return serials.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

Generation::Generation(GenerationInfo info_in, uint64_t bytes_in,
                       std::shared_ptr<DroppedGenerations> dropped)
    : info(info_in),
      prefix(GenerationPrefix(info_in.id)),
      bytes(bytes_in),
      serial(NextSerial()),
      garbage_(std::move(dropped)),
      lsn_(info_in.lsn),
      deletes_lsn_(info_in.deletes_lsn) {}

GenerationInfo Generation::Info() const {
  GenerationInfo now = info;
  now.lsn = lsn();
  now.deletes_lsn = deletes_lsn();
  return now;
}

Generation::~Generation() {
  if (dropped_.load()) garbage_->Add(info.id);
}

Store::Store(StoreOptions options)
    : options_(std::move(options)),
      env_(NewGuardedEnv(options_.env)),
      garbage_(std::make_shared<DroppedGenerations>()),
      selections_(options_.selection_cache_bytes) {}

Store::~Store() {
  Install(nullptr);
  // What cannot be deleted now is found by the next Open.
  if (database_ != nullptr) CollectGarbage().IgnoreError();
}

void Store::Install(std::shared_ptr<const StoreVersion> version) {
  std::shared_ptr<const StoreVersion>
      old;  // Destroyed after the lock: it may be the last reference.
  MutexLock lock(&mu_);
  old = std::exchange(version_, std::move(version));
}

std::shared_ptr<const StoreVersion> Store::version() const {
  MutexLock lock(&mu_);
  return version_;
}

GenerationId Store::NextGeneration(const WindowId& window) const {
  GenerationId next{window, 1};
  const auto skip = [&](const GenerationId& id) {
    if (id.window.range().Overlaps(window.range()))
      next.generation = std::max(next.generation, id.generation + 1);
  };
  MutexLock lock(&mu_);
  for (const std::shared_ptr<Generation>& generation : version_->generations) {
    skip(generation->info.id);
  }
  for (const auto& [id, hidden] : hidden_) skip(id);
  return next;
}

absl::Status Store::Ingest(const SealedFiles& files) {
  MutexLock write_lock(&write_mu_);
  uint64_t bytes = 0;
  for (const std::string& path : {files.samples_path, files.index_path}) {
    std::error_code error;
    const uint64_t size = fs::file_size(path, error);
    bytes += error ? 0 : size;
  }
  HEARTH_RETURN_IF_ERROR(database_->Ingest(files));
  written_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  MutexLock lock(&mu_);
  hidden_.insert_or_assign(files.info.id, Hidden{0, files.info.deletes_lsn, files.info.range});
  return absl::OkStatus();
}

std::shared_ptr<StoreVersion> Store::Without(std::span<const GenerationId> ids) {
  auto next = std::make_shared<StoreVersion>();
  for (const std::shared_ptr<Generation>& generation : version()->generations) {
    if (std::find(ids.begin(), ids.end(), generation->info.id) == ids.end()) {
      next->generations.push_back(generation);
      continue;
    }
    generation->dropped_.store(true);
    MutexLock lock(&mu_);
    hidden_.emplace(generation->info.id,
                    Hidden{generation->bytes, generation->deletes_lsn(), generation->info.range});
  }
  return next;
}

absl::Status Store::Publish(const GenerationInfo& info) {
  MutexLock write_lock(&write_mu_);
  std::vector<GenerationId> replaced;
  for (const uint32_t generation : info.replaces) replaced.push_back({info.id.window, generation});
  replaced.insert(replaced.end(), info.replaces_inside.begin(), info.replaces_inside.end());
  HEARTH_RETURN_IF_ERROR(database_->WriteCatalogue({&info, 1}, replaced));
  PassKillPoint(KillPoint::kCatalogueAdded);
  uint64_t bytes = 0;
  for (const StoredFile& file : database_->Files()) {
    if (file.id == info.id) bytes += file.bytes;
  }
  std::shared_ptr<StoreVersion> next = Without(replaced);
  const auto at = std::upper_bound(
      next->generations.begin(), next->generations.end(), info.id,
      [](const GenerationId& id, const auto& other) { return JoinedBefore(id, other->info.id); });
  next->generations.insert(at, std::make_shared<Generation>(info, bytes, garbage_));
  Install(std::move(next));
  {
    MutexLock lock(&mu_);
    hidden_.erase(info.id);
  }
  // What cannot be deleted now is tried again by the next CollectGarbage.
  CollectGarbageLocked().IgnoreError();
  return absl::OkStatus();
}

absl::Status Store::NoteDeletesApplied(const GenerationId& id, uint64_t lsn) {
  MutexLock write_lock(&write_mu_);
  const std::shared_ptr<const StoreVersion> current = version();
  for (const std::shared_ptr<Generation>& generation : current->generations) {
    if (generation->info.id != id || generation->deletes_lsn() >= lsn) continue;
    GenerationInfo info = generation->Info();
    info.deletes_lsn = lsn;
    HEARTH_RETURN_IF_ERROR(database_->WriteCatalogue({&info, 1}, {}));
    generation->deletes_lsn_.store(lsn, std::memory_order_relaxed);
  }
  return absl::OkStatus();
}

absl::Status Store::NoteCovered(const WindowId& window, uint64_t lsn) {
  MutexLock write_lock(&write_mu_);
  const std::shared_ptr<const StoreVersion> current = version();
  Generation* newest = nullptr;  // Those of one window ascend.
  for (const std::shared_ptr<Generation>& generation : current->generations) {
    if (generation->info.id.window == window) newest = generation.get();
  }
  if (newest == nullptr || newest->lsn() >= lsn) return absl::OkStatus();
  GenerationInfo info = newest->Info();
  info.lsn = lsn;
  HEARTH_RETURN_IF_ERROR(database_->WriteCatalogue({&info, 1}, {}));
  PassKillPoint(KillPoint::kCoverageNoted);
  newest->lsn_.store(lsn, std::memory_order_relaxed);
  return absl::OkStatus();
}

bool Store::MayHoldDeleted(uint64_t lsn, TimeRange range) const {
  const auto may = [&](uint64_t applied, TimeRange held) {
    return applied < lsn && held.Overlaps(range);
  };
  // The version first: what leaves it meanwhile is hidden then.
  const std::shared_ptr<const StoreVersion> current = version();
  for (const std::shared_ptr<Generation>& generation : current->generations) {
    if (may(generation->deletes_lsn(), generation->info.range)) return true;
  }
  MutexLock lock(&mu_);
  return std::any_of(hidden_.begin(), hidden_.end(), [&](const auto& entry) {
    return may(entry.second.deletes_lsn, entry.second.range);
  });
}

absl::Status Store::DropLocked(std::span<const GenerationId> ids) {
  if (ids.empty()) return absl::OkStatus();
  HEARTH_RETURN_IF_ERROR(database_->WriteCatalogue({}, ids));
  PassKillPoint(KillPoint::kCatalogueRemoved);
  Install(Without(ids));
  return CollectGarbageLocked();
}

absl::Status Store::Drop(std::span<const GenerationId> ids) {
  MutexLock lock(&write_mu_);
  return DropLocked(ids);
}

absl::StatusOr<size_t> Store::DropBefore(TimeMs t) {
  MutexLock lock(&write_mu_);
  std::vector<GenerationId> ids;
  for (const std::shared_ptr<Generation>& generation : version()->generations) {
    if (generation->info.id.window.range().maxt < t) ids.push_back(generation->info.id);
  }
  HEARTH_RETURN_IF_ERROR(DropLocked(ids));
  return ids.size();
}

std::map<GenerationId, uint64_t> Store::BytesToFree() const {
  std::map<GenerationId, uint64_t> bytes;
  for (const StoredFile& file : database_->Files()) {
    std::error_code error;
    const uint64_t names = fs::hard_link_count(file.path, error);
    bytes[file.id] += !error && names == 1 ? file.bytes : 0;
  }
  return bytes;
}

absl::Status Store::Checkpoint(const std::string& path) {
  // A generation's two files go one after the other: a copy must not be taken in between.
  MutexLock lock(&write_mu_);
  return database_->Checkpoint(path);
}

absl::Status Store::CollectGarbage() {
  MutexLock lock(&write_mu_);
  return CollectGarbageLocked();
}

absl::Status Store::CollectGarbageLocked() {
  absl::Status first_error;
  for (const GenerationId& id : garbage_->Take()) {
    const absl::Status status = database_->DeleteFiles(id);
    if (!status.ok()) {
      garbage_->Add(id);
      first_error.Update(status);
      continue;
    }
    PassKillPoint(KillPoint::kStoreFilesDeleted);
    MutexLock lock(&mu_);
    hidden_.erase(id);
  }
  return first_error;
}

void Store::ReportDamage(const GenerationId& id, const absl::Status& status) const {
  read_errors_.fetch_add(1, std::memory_order_relaxed);
  MutexLock lock(&mu_);
  if (suspects_.insert(id).second) {
    spdlog::error("store: damage in {}: {}", ToString(id), status.ToString());
  }
}

absl::StatusOr<bool> Store::QuarantineLocked(const GenerationId& id) {
  const std::shared_ptr<const StoreVersion> current = version();
  const auto it = std::find_if(current->generations.begin(), current->generations.end(),
                               [&](const auto& g) { return g->info.id == id; });
  if (it == current->generations.end()) return false;
  const absl::Status verdict = database_->Verify(id);
  if (!absl::IsDataLoss(verdict)) return false;
  HEARTH_ASSIGN_OR_RETURN(const std::string folder,
                          NewQuarantinePath(options_.quarantine_path, "generation"));
  std::error_code error;
  fs::create_directories(folder, error);
  for (const StoredFile& file : database_->Files()) {
    if (file.id != id) continue;
    fs::create_hard_link(file.path, fs::path(folder) / fs::path(file.path).filename(), error);
    if (error) {
      return absl::InternalError(
          StrCat("link \"", file.path, "\" into \"", folder, "\": ", error.message()));
    }
  }
  const GenerationInfo& info = (*it)->info;
  spdlog::error("store: set aside {} in {}: {} series, {} samples, times [{}, {}]: {}",
                ToString(id), folder, info.series, info.samples, info.range.mint, info.range.maxt,
                verdict.ToString());
  HEARTH_RETURN_IF_ERROR(DropLocked({&id, 1}));
  ++quarantined_;
  return true;
}

absl::StatusOr<size_t> Store::QuarantineDamaged() {
  std::set<GenerationId> suspects;
  {
    MutexLock lock(&mu_);
    suspects.swap(suspects_);
  }
  if (suspects.empty()) return 0;
  MutexLock lock(&write_mu_);
  size_t count = 0;
  for (const GenerationId& id : suspects) {
    HEARTH_ASSIGN_OR_RETURN(const bool damaged, QuarantineLocked(id));
    count += damaged ? 1 : 0;
  }
  return count;
}

absl::Status Store::Verify(const GenerationId& id) const { return database_->Verify(id); }

std::vector<GenerationInfo> Store::Catalogue() const {
  const std::shared_ptr<const StoreVersion> current = version();
  std::vector<GenerationInfo> infos;
  for (const auto& generation : current->generations) {
    infos.push_back(generation->Info());
  }
  return infos;
}

std::map<TimeMs, uint64_t> Store::BytesByWindowLength() const {
  std::map<TimeMs, uint64_t> bytes;
  const std::shared_ptr<const StoreVersion> current = version();
  for (const auto& generation : current->generations) {
    bytes[generation->info.id.window.length] += generation->bytes;
  }
  return bytes;
}

void Store::ShrinkCaches(size_t block_cache_bytes, size_t selection_cache_bytes) {
  database_->SetBlockCacheMax(std::min(block_cache_bytes, options_.block_cache_bytes));
  selections_.SetMax(std::min(selection_cache_bytes, options_.selection_cache_bytes));
}

StoreStats Store::Stats() const {
  StoreStats stats;
  stats.bundle_reads = bundle_reads_.load(std::memory_order_relaxed);
  stats.read_errors = read_errors_.load(std::memory_order_relaxed);
  stats.quarantined = quarantined_.load();
  stats.written_bytes = written_bytes_.load(std::memory_order_relaxed);
  stats.block_cache_bytes = database_->block_cache_usage();
  stats.selection_cache_bytes = selections_.bytes();
  for (const StoredFile& file : database_->Files()) {
    (file.family == kSamples ? stats.sample_bytes : stats.index_bytes) += file.bytes;
  }
  {
    MutexLock lock(&mu_);
    for (const auto& [id, hidden] : hidden_) stats.dropped_bytes += hidden.bytes;
  }
  const std::shared_ptr<const StoreVersion> current = version();
  stats.generations = current->generations.size();
  for (const auto& generation : current->generations) {
    stats.series_max = std::max(stats.series_max, generation->info.series);
    stats.samples += generation->info.samples;
  }
  return stats;
}

}  // namespace hearth
