#include "tsdb/store/database.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "model/status.h"
#include "model/text.h"
#include "rocksdb/convenience.h"
#include "rocksdb/table_properties.h"
#include "rocksdb/utilities/checkpoint.h"
#include "rocksdb/write_batch.h"
#include "tsdb/store/segment.h"

namespace hearth {

namespace {

namespace fs = std::filesystem;

// Cache shards: few, so that a small cache still holds large blocks.
constexpr int kCacheShardBits = 2;

const char* FamilyName(StoreFamily family) {
  return family == kSamples ? store_format::kSamplesFamily : store_format::kIndexFamily;
}

// True when nothing is at `path` yet. A folder with files but without CURRENT is a damaged
// database, and RocksDB would start afresh inside it and delete the files.
absl::StatusOr<bool> IsNew(const std::string& path) {
  std::error_code error;
  const bool empty = !fs::exists(path, error) || fs::is_empty(path, error);
  if (error) {
    return absl::InternalError(StrCat("look into store \"", path, "\": ", error.message()));
  }
  if (!empty && !fs::exists(fs::path(path) / "CURRENT", error)) {
    return absl::DataLossError(StrCat("store \"", path, "\" has no CURRENT file"));
  }
  return empty;
}

std::string Property(const rocksdb::TableProperties& properties, const char* name) {
  const auto it = properties.user_collected_properties.find(name);
  return it == properties.user_collected_properties.end() ? std::string() : it->second;
}

std::string FromHex(const std::string& hex) {
  const bool valid =
      hex.size() % 2 == 0 && hex.find_first_not_of("0123456789abcdef") == std::string::npos;
  return valid ? absl::HexStringToBytes(hex) : std::string();
}

absl::Status NewerFormat(std::string_view what, std::string_view version) {
  return absl::FailedPreconditionError(StrCat(what, " has format version ", version,
                                              "; this version of Hearth reads up to ",
                                              store_format::kFormatVersion));
}

}  // namespace

rocksdb::UserCollectedProperties IdentityProperties(StoreFamily family,
                                                    const GenerationInfo& info) {
  return {{store_format::kPropertyFormat, StrCat(info.format)},
          {store_format::kPropertyKind, FamilyName(family)},
          {store_format::kPropertyGeneration, absl::BytesToHexString(GenerationPrefix(info.id))},
          {store_format::kPropertyEntry, absl::BytesToHexString(EncodeCatalogueEntry(info))}};
}

absl::StatusOr<FileIdentity> IdentifyFile(const rocksdb::TableProperties& properties) {
  const std::string kind = Property(properties, store_format::kPropertyKind);
  if (kind != store_format::kSamplesFamily && kind != store_format::kIndexFamily) {
    return absl::NotFoundError("not a file of sealed samples or index");
  }
  const std::string format = Property(properties, store_format::kPropertyFormat);
  uint32_t version = 0;
  if (absl::SimpleAtoi(format, &version) && version > store_format::kFormatVersion) {
    return NewerFormat("sorted file", format);
  }
  HEARTH_ASSIGN_OR_RETURN(
      const GenerationId id,
      ParseGenerationPrefix(FromHex(Property(properties, store_format::kPropertyGeneration))));
  HEARTH_ASSIGN_OR_RETURN(
      const GenerationInfo info,
      DecodeCatalogueEntry(id, FromHex(Property(properties, store_format::kPropertyEntry))));
  return FileIdentity{kind == store_format::kSamplesFamily ? kSamples : kIndex, info};
}

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const std::string& path,
                                                         size_t block_cache_bytes,
                                                         rocksdb::Env* env) {
  HEARTH_ASSIGN_OR_RETURN(const bool create, IsNew(path));
  auto database = std::unique_ptr<Database>(
      new Database(path, rocksdb::NewLRUCache(block_cache_bytes, kCacheShardBits), env));
  if (!create) {
    Database look(path, database->cache_, env);
    HEARTH_RETURN_IF_ERROR(look.Connect(Access::kReadOnly));
    // Before anything is changed, and before what a newer version wrote is taken for damage.
    HEARTH_RETURN_IF_ERROR(look.CheckFormat());
    HEARTH_RETURN_IF_ERROR(look.CheckNothingForgotten());
  }
  HEARTH_RETURN_IF_ERROR(database->Connect(create ? Access::kCreate : Access::kWrite));
  HEARTH_RETURN_IF_ERROR(database->NoteFormat());
  return database;
}

absl::Status Database::CheckNothingForgotten() const {
  std::set<std::string> live;
  std::set<GenerationId> present;
  for (const StoredFile& file : Files()) {
    live.insert(fs::path(file.path).filename().string());
    present.insert(file.id);
  }
  HEARTH_ASSIGN_OR_RETURN(const std::vector<GenerationInfo> catalogue, ReadCatalogue());
  const auto forgotten =
      std::find_if(catalogue.begin(), catalogue.end(),
                   [&](const GenerationInfo& info) { return !present.contains(info.id); });
  if (forgotten == catalogue.end()) return absl::OkStatus();
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(path_, error)) {
    if (entry.path().extension() != ".sst" || live.contains(entry.path().filename().string())) {
      continue;
    }
    return absl::DataLossError(StrCat("store \"", path_, "\": MANIFEST does not name the files of ",
                                      ToString(forgotten->id)));
  }
  return absl::OkStatus();
}

absl::Status Database::Connect(Access access) {
  rocksdb::DBOptions options = StoreDbOptions(env_);
  options.create_if_missing = access == Access::kCreate;
  options.create_missing_column_families = access == Access::kCreate;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status =
      access == Access::kReadOnly
          ? rocksdb::DB::OpenForReadOnly(options, path_, StoreFamilies(cache_), &handles, &db)
          : rocksdb::DB::Open(options, path_, StoreFamilies(cache_), &handles, &db);
  const std::string what = StrCat("open store \"", path_, "\"");
  if (!status.ok()) {
    // What is on disk is at fault, unless the disk is full or the process may not touch it.
    const bool damaged = status.IsCorruption() || status.IsInvalidArgument() ||
                         status.IsNotFound() || status.IsPathNotFound();
    return damaged ? absl::DataLossError(StrCat(what, ": ", status.ToString()))
                   : FromRocks(status, what);
  }
  db_.reset(db);
  std::copy(handles.begin(), handles.end(), families_.begin());
  return absl::OkStatus();
}

absl::Status Database::CheckFormat() const {
  std::string version;
  const rocksdb::Status status =
      db_->Get({}, families_[kMeta], ToSlice(store_format::kFormatKey), &version);
  if (status.IsNotFound()) return absl::OkStatus();
  if (!status.ok()) return FromRocks(status, StrCat("read the format of store \"", path_, "\""));
  uint32_t number = 0;
  const bool readable =
      absl::SimpleAtoi(version, &number) && number >= 1 && number <= store_format::kFormatVersion;
  return readable ? absl::OkStatus() : NewerFormat(StrCat("store \"", path_, "\""), version);
}

absl::Status Database::NoteFormat() {
  const auto key = ToSlice(store_format::kFormatKey);
  std::string version;
  const std::string ours = StrCat(store_format::kFormatVersion);
  if (db_->Get({}, families_[kMeta], key, &version).ok() && version == ours) {
    return absl::OkStatus();
  }
  rocksdb::WriteOptions options;
  options.sync = true;
  return FromRocks(db_->Put(options, families_[kMeta], key, ours),
                   StrCat("write the format of store \"", path_, "\""));
}

Database::~Database() {
  if (db_ == nullptr) return;
  for (rocksdb::ColumnFamilyHandle* family : families_) {
    if (family != nullptr) db_->DestroyColumnFamilyHandle(family);
  }
  // The catalogue was written with sync, and nothing else is in memory: no error here can lose
  // anything.
  db_->Close().PermitUncheckedError();
}

absl::Status Database::ResumeIfStopped() {
  if (!stopped_.load()) return absl::OkStatus();
  HEARTH_RETURN_IF_ERROR(FromRocks(db_->Resume(), StrCat("resume store \"", path_, "\"")));
  stopped_.store(false);
  return absl::OkStatus();
}

absl::Status Database::Ingest(const SealedFiles& files) {
  HEARTH_RETURN_IF_ERROR(ResumeIfStopped());
  rocksdb::IngestExternalFileOptions options;
  options.move_files = true;
  options.failed_move_fall_back_to_copy = true;
  options.snapshot_consistency = false;  // No RocksDB snapshot is ever taken.
  options.allow_global_seqno = false;    // Generations are disjoint: the files go to the bottom.
  options.write_global_seqno = false;    // And nothing is written into them.
  options.allow_blocking_flush = false;
  rocksdb::IngestExternalFileArg samples, index;
  samples.column_family = families_[kSamples];
  samples.external_files = {files.samples_path};
  samples.options = options;
  index.column_family = families_[kIndex];
  index.external_files = {files.index_path};
  index.options = options;
  const rocksdb::Status status = db_->IngestExternalFiles({samples, index});
  if (!status.ok()) stopped_.store(true);
  return FromRocks(status, StrCat("ingest ", ToString(files.info.id)));
}

absl::Status Database::DeleteFiles(const GenerationId& id) {
  HEARTH_RETURN_IF_ERROR(ResumeIfStopped());
  const std::string begin = GenerationPrefix(id);
  const std::string end = AfterPrefix(begin);
  const rocksdb::Slice begin_slice(begin), end_slice(end);
  const rocksdb::RangePtr range(&begin_slice, &end_slice);
  for (const StoreFamily family : {kSamples, kIndex}) {
    const rocksdb::Status status = rocksdb::DeleteFilesInRanges(db_.get(), families_[family],
                                                                &range, 1, /*include_end=*/false);
    if (!status.ok()) {
      stopped_.store(true);
      return FromRocks(status, StrCat("delete the files of ", ToString(id)));
    }
  }
  return absl::OkStatus();
}

std::vector<StoredFile> Database::Files() const {
  std::vector<StoredFile> files;
  for (const StoreFamily family : {kSamples, kIndex}) {
    rocksdb::ColumnFamilyMetaData meta;
    db_->GetColumnFamilyMetaData(families_[family], &meta);
    for (const rocksdb::LevelMetaData& level : meta.levels) {
      for (const rocksdb::SstFileMetaData& file : level.files) {
        const absl::StatusOr<GenerationId> id = ParseGenerationPrefix(file.smallestkey);
        if (id.ok()) files.push_back({*id, family, file.db_path + file.name, file.size});
      }
    }
  }
  return files;
}

absl::StatusOr<GenerationInfo> Database::EntryFromFiles(const GenerationId& id) const {
  const std::string begin = GenerationPrefix(id);
  const std::string end = AfterPrefix(begin);
  const rocksdb::Range range{ToSlice(begin), ToSlice(end)};
  GenerationInfo info;
  for (const StoreFamily family : {kSamples, kIndex}) {
    rocksdb::TablePropertiesCollection tables;
    HEARTH_RETURN_IF_ERROR(
        FromRocks(db_->GetPropertiesOfTablesInRange(families_[family], &range, 1, &tables),
                  StrCat("read file properties of ", ToString(id))));
    if (tables.size() != 1) {
      return absl::NotFoundError(
          StrCat(ToString(id), " has ", tables.size(), " files of ", FamilyName(family)));
    }
    HEARTH_ASSIGN_OR_RETURN(const FileIdentity identity, IdentifyFile(*tables.begin()->second));
    if (identity.family != family || identity.info.id != id ||
        (family == kIndex && identity.info != info)) {
      return absl::DataLossError(StrCat("the files of ", ToString(id), " contradict each other"));
    }
    info = identity.info;
  }
  return info;
}

absl::Status Database::Verify(const GenerationId& id) const {
  const std::string begin = GenerationPrefix(id);
  const std::string end = AfterPrefix(begin);
  const rocksdb::Slice begin_slice(begin), end_slice(end);
  std::vector<Segment> segments;
  std::vector<TimeMs> times;
  for (const StoreFamily family : {kSamples, kIndex}) {
    rocksdb::ReadOptions options;
    options.fill_cache = false;
    options.iterate_lower_bound = &begin_slice;
    options.iterate_upper_bound = &end_slice;
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, families_[family]));
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      if (family != kSamples) continue;
      const std::string_view value = FromSlice(it->value());
      HEARTH_RETURN_IF_ERROR(IsBundleKey(FromSlice(it->key()))
                                 ? DecodeBundle(id.window, value, &segments)
                                 : DecodeSharedTimes(id.window, value, &times));
    }
    HEARTH_RETURN_IF_ERROR(FromRocks(it->status(), StrCat("verify ", ToString(id))));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<GenerationInfo>> Database::ReadCatalogue() const {
  std::vector<GenerationInfo> catalogue;
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}, families_[kMeta]));
  const std::string_view prefix = store_format::kCataloguePrefix;
  for (it->Seek(ToSlice(prefix)); it->Valid() && FromSlice(it->key()).starts_with(prefix);
       it->Next()) {
    const absl::StatusOr<GenerationId> id = ParseCatalogueKey(FromSlice(it->key()));
    if (!id.ok()) continue;
    absl::StatusOr<GenerationInfo> info = DecodeCatalogueEntry(*id, FromSlice(it->value()));
    if (info.ok()) catalogue.push_back(*std::move(info));
  }
  HEARTH_RETURN_IF_ERROR(
      FromRocks(it->status(), StrCat("read the catalogue of store \"", path_, "\"")));
  return catalogue;
}

absl::Status Database::WriteCatalogue(std::span<const GenerationInfo> add,
                                      std::span<const GenerationId> remove) {
  HEARTH_RETURN_IF_ERROR(ResumeIfStopped());
  rocksdb::WriteBatch batch;
  for (const GenerationInfo& info : add) {
    batch.Put(families_[kMeta], CatalogueKey(info.id), EncodeCatalogueEntry(info));
  }
  for (const GenerationId& id : remove) batch.Delete(families_[kMeta], CatalogueKey(id));
  rocksdb::WriteOptions options;
  options.sync = true;
  const rocksdb::Status status = db_->Write(options, &batch);
  if (!status.ok()) stopped_.store(true);
  return FromRocks(status, StrCat("write the catalogue of store \"", path_, "\""));
}

absl::Status Database::Checkpoint(const std::string& path) {
  HEARTH_RETURN_IF_ERROR(ResumeIfStopped());
  const std::string what = StrCat("checkpoint of store \"", path_, "\" at \"", path, "\"");
  rocksdb::Checkpoint* checkpoint = nullptr;
  HEARTH_RETURN_IF_ERROR(FromRocks(rocksdb::Checkpoint::Create(db_.get(), &checkpoint), what));
  const std::unique_ptr<rocksdb::Checkpoint> owned(checkpoint);
  return FromRocks(owned->CreateCheckpoint(path), what);
}

absl::StatusOr<std::vector<uint64_t>> Database::BytesBetween(
    StoreFamily family, std::span<const std::string> keys) const {
  std::vector<rocksdb::Range> ranges;
  for (size_t i = 0; i + 1 < keys.size(); ++i) {
    ranges.emplace_back(ToSlice(keys[i]), ToSlice(keys[i + 1]));
  }
  std::vector<uint64_t> sizes(ranges.size());
  if (ranges.empty()) return sizes;
  rocksdb::SizeApproximationOptions options;
  options.include_files = true;
  options.include_memtables = false;
  const rocksdb::Status status = db_->GetApproximateSizes(
      options, families_[family], ranges.data(), static_cast<int>(ranges.size()), sizes.data());
  HEARTH_RETURN_IF_ERROR(FromRocks(status, StrCat("sizes of ranges of ", FamilyName(family))));
  return sizes;
}

absl::Status Database::Get(StoreFamily family, std::string_view key,
                           rocksdb::PinnableSlice* value) const {
  const rocksdb::Status status = db_->Get({}, families_[family], ToSlice(key), value);
  if (status.ok()) return absl::OkStatus();
  return FromRocks(status, StrCat("read from ", FamilyName(family)));
}

std::unique_ptr<rocksdb::Iterator> Database::NewIterator(StoreFamily family, BlockUse use,
                                                         const rocksdb::Slice* begin,
                                                         const rocksdb::Slice* end) const {
  rocksdb::ReadOptions options;
  options.fill_cache = use == BlockUse::kAgain;
  options.iterate_lower_bound = begin;
  options.iterate_upper_bound = end;
  return std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(options, families_[family]));
}

}  // namespace hearth
