#include "tsdb/deletes/deletes.h"

#include <algorithm>
#include <utility>

#include "model/status.h"
#include "model/text.h"
#include "spdlog/spdlog.h"
#include "tsdb/wal/frame.h"

namespace hearth {
namespace {

constexpr LogKind kDeletesKind = {"list of deletes", "HEARTHDL",
                                  "\xa9\xf3"
                                  "Dl"};

// Persisted: values must not be renumbered.
enum class DeletesRecordType : uint8_t {
  kLastLsn = 1,  // The frame's LSN; no payload.
  kDelete = 2,
};

std::string EncodeFile(const DeleteList& list) {
  std::string file = SegmentHeader(kDeletesKind, 1);
  AppendFrame(kDeletesKind, static_cast<uint8_t>(DeletesRecordType::kLastLsn), list.last_lsn, "",
              &file);
  for (const DeleteRecord& record : list.records) {
    AppendFrame(kDeletesKind, static_cast<uint8_t>(DeletesRecordType::kDelete), record.lsn,
                EncodeDeleteRecord(record), &file);
  }
  return file;
}

// What a file holds; *damaged_bytes is what could not be read of it.
absl::StatusOr<DeleteList> DecodeFile(const File& file, uint64_t* damaged_bytes) {
  HEARTH_ASSIGN_OR_RETURN(FrameScanner scanner, FrameScanner::Open(kDeletesKind, &file));
  DeleteList list;
  Frame frame;
  for (;;) {
    HEARTH_ASSIGN_OR_RETURN(const bool more, scanner.Next(&frame));
    if (!more) break;
    list.last_lsn = std::max(list.last_lsn, frame.lsn);
    if (frame.type == static_cast<uint8_t>(DeletesRecordType::kLastLsn)) continue;
    std::optional<DeleteRecord> record;
    if (frame.type == static_cast<uint8_t>(DeletesRecordType::kDelete)) {
      record = DecodeDeleteRecord(frame.lsn, frame.payload);
    }
    if (record) {
      list.records.push_back(*std::move(record));
    } else {
      *damaged_bytes += kFrameHeaderBytes + frame.payload.size();
    }
  }
  for (const SkippedBytes& skipped : scanner.skipped()) *damaged_bytes += skipped.bytes;
  std::stable_sort(list.records.begin(), list.records.end(),
                   [](const DeleteRecord& a, const DeleteRecord& b) { return a.lsn < b.lsn; });
  return list;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Deletes>> Deletes::Open(DeletesOptions options) {
  auto deletes = std::unique_ptr<Deletes>(new Deletes(std::move(options)));
  HEARTH_RETURN_IF_ERROR(deletes->Read());
  return deletes;
}

absl::Status Deletes::Read() {
  absl::StatusOr<std::unique_ptr<File>> file = options_.fs->OpenRead(Path());
  if (absl::IsNotFound(file.status())) return absl::OkStatus();
  HEARTH_RETURN_IF_ERROR(file.status());
  uint64_t damaged_bytes = 0;
  absl::StatusOr<DeleteList> read = DecodeFile(**file, &damaged_bytes);
  HEARTH_RETURN_IF_ERROR(read.status());
  const auto list = std::make_shared<const DeleteList>(*std::move(read));
  MutexLock write_lock(&write_mu_);
  if (damaged_bytes > 0) {
    spdlog::error(
        "deletes: {} bytes of \"{}\" are damaged: {} deletes are kept, samples of the others that "
        "were still on disk are back",
        damaged_bytes, Path(), list->records.size());
    HEARTH_RETURN_IF_ERROR(SetAside());
    return Replace(list);
  }
  MutexLock lock(&mu_);
  list_ = list;
  return absl::OkStatus();
}

absl::Status Deletes::SetAside() {
  HEARTH_RETURN_IF_ERROR(options_.fs->MakeDirs(options_.quarantine_path));
  HEARTH_ASSIGN_OR_RETURN(const std::vector<std::string> taken,
                          options_.fs->List(options_.quarantine_path));
  std::string name;
  for (int i = 1; name.empty() || std::binary_search(taken.begin(), taken.end(), name); ++i) {
    name = StrCat("deletes-", i);
  }
  return options_.fs->Rename(Path(), options_.quarantine_path + "/" + name);
}

std::shared_ptr<const DeleteList> Deletes::list() const {
  MutexLock lock(&mu_);
  return list_;
}

absl::Status Deletes::Replace(std::shared_ptr<const DeleteList> next) {
  const std::string path = Path(), beside = path + ".new";
  FileSystem& fs = *options_.fs;
  if (const absl::Status removed = fs.Remove(beside); !removed.ok() && !absl::IsNotFound(removed)) {
    return removed;  // The remains of an attempt that failed.
  }
  {
    HEARTH_ASSIGN_OR_RETURN(const std::unique_ptr<File> file, fs.Create(beside));
    HEARTH_RETURN_IF_ERROR(file->WriteAt(0, EncodeFile(*next)));
    HEARTH_RETURN_IF_ERROR(file->Sync());
  }
  HEARTH_RETURN_IF_ERROR(fs.Rename(beside, path));
  HEARTH_RETURN_IF_ERROR(fs.SyncDir(options_.directory));
  MutexLock lock(&mu_);
  list_ = std::move(next);
  return absl::OkStatus();
}

absl::Status Deletes::Add(std::vector<DeleteRecord> records) {
  if (records.empty()) return absl::OkStatus();
  MutexLock write_lock(&write_mu_);
  auto next = std::make_shared<DeleteList>(*list());
  if (next->records.size() + records.size() > options_.max_records) {
    return absl::ResourceExhaustedError(
        StrCat("limit of ", options_.max_records,
               " deletes that are not applied yet reached; clean_tombstones applies them"));
  }
  for (DeleteRecord& record : records) {
    if (const size_t bytes = EncodeDeleteRecord(record).size(); bytes > kMaxFramePayload) {
      return absl::InvalidArgumentError(
          StrCat("matchers of ", bytes, " bytes: a delete may have ", kMaxFramePayload));
    }
    next->last_lsn = std::max(next->last_lsn, record.lsn);
    next->records.push_back(std::move(record));
  }
  return Replace(std::move(next));
}

absl::Status Deletes::Remove(absl::FunctionRef<bool(const DeleteRecord&)> unneeded) {
  MutexLock write_lock(&write_mu_);
  auto next = std::make_shared<DeleteList>(*list());
  if (std::erase_if(next->records, unneeded) == 0) return absl::OkStatus();
  return Replace(std::move(next));
}

}  // namespace hearth
