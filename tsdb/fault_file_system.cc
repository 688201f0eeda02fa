#include "tsdb/fault_file_system.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "model/status.h"
#include "model/text.h"

namespace hearth {

class FaultFile : public File {
 public:
  FaultFile(FaultFileSystem* fs, std::unique_ptr<File> base, JournalFileId id)
      : fs_(fs), base_(std::move(base)), id_(id) {}

  absl::StatusOr<size_t> ReadAt(uint64_t offset, char* buffer, size_t n) const override {
    HEARTH_ASSIGN_OR_RETURN(const size_t got, base_->ReadAt(offset, buffer, n));
    fs_->SpoilRead(FaultSite::kOurFiles, path(), buffer, got);
    return got;
  }
  absl::Status WriteAt(uint64_t offset, std::string_view data) override {
    size_t allowed;
    const absl::Status fault = fs_->AdmitWrite(FaultSite::kOurFiles, path(), data.size(), &allowed);
    HEARTH_RETURN_IF_ERROR(base_->WriteAt(offset, data.substr(0, allowed)));
    return fault;
  }
  absl::Status Sync() override {
    bool lie;
    HEARTH_RETURN_IF_ERROR(fs_->AdmitSync(FaultSite::kOurFiles, path(), &lie));
    if (lie) return absl::OkStatus();
    HEARTH_ASSIGN_OR_RETURN(const uint64_t size, base_->Size());
    HEARTH_RETURN_IF_ERROR(base_->Sync());
    fs_->NoteSynced(path(), size);
    if (id_ != 0) fs_->journal_->Synced(id_, size);
    return absl::OkStatus();
  }
  absl::Status Truncate(uint64_t size) override {
    HEARTH_RETURN_IF_ERROR(fs_->AdmitTruncate(FaultSite::kOurFiles, path()));
    HEARTH_RETURN_IF_ERROR(base_->Truncate(size));
    if (id_ != 0) fs_->journal_->Truncated(id_, size);
    return absl::OkStatus();
  }
  absl::StatusOr<uint64_t> Size() const override { return base_->Size(); }
  const std::string& path() const override { return base_->path(); }

 private:
  FaultFileSystem* const fs_;
  const std::unique_ptr<File> base_;
  const JournalFileId id_;  // 0 = nobody keeps a journal.
};

void FaultFileSystem::NoteSynced(const std::string& path, uint64_t size) {
  MutexLock lock(&mu_);
  const auto it = created_.find(path);
  if (it != created_.end()) it->second.synced_size = std::max(it->second.synced_size, size);
}

absl::Status FaultFileSystem::DropUnsynced() {
  MutexLock lock(&mu_);
  for (const auto& [path, file] : created_) {
    if (!file.entry_synced) {
      HEARTH_RETURN_IF_ERROR(base_.Remove(path));
      CountDropped(FaultSite::kOurFiles);
      continue;
    }
    struct stat st;
    if (::stat(path.c_str(), &st) == 0 && static_cast<uint64_t>(st.st_size) > file.synced_size) {
      CountDropped(FaultSite::kOurFiles);
    }
    if (::truncate(path.c_str(), static_cast<off_t>(file.synced_size)) != 0) {
      return absl::InternalError(StrCat("truncation of ", path));
    }
  }
  created_.clear();
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<File>> FaultFileSystem::OpenRead(const std::string& path) {
  HEARTH_ASSIGN_OR_RETURN(std::unique_ptr<File> file, base_.OpenRead(path));
  return std::make_unique<FaultFile>(this, std::move(file), 0);
}

absl::StatusOr<std::unique_ptr<File>> FaultFileSystem::Create(const std::string& path) {
  HEARTH_RETURN_IF_ERROR(AdmitCreate(FaultSite::kOurFiles, path));
  MutexLock lock(&mu_);
  const JournalFileId id = journal_ == nullptr ? 0 : journal_->Creating(path);
  HEARTH_ASSIGN_OR_RETURN(std::unique_ptr<File> file, base_.Create(path));
  created_[path] = Tracked();
  return std::make_unique<FaultFile>(this, std::move(file), id);
}

absl::Status FaultFileSystem::Rename(const std::string& from, const std::string& to) {
  MutexLock lock(&mu_);
  if (journal_ != nullptr) journal_->Renaming(from, to);
  HEARTH_RETURN_IF_ERROR(base_.Rename(from, to));
  if (auto node = created_.extract(from)) {
    node.key() = to;
    created_.erase(to);
    created_.insert(std::move(node));
  }
  return absl::OkStatus();
}

absl::Status FaultFileSystem::Link(const std::string& from, const std::string& to) {
  HEARTH_RETURN_IF_ERROR(AdmitCreate(FaultSite::kOurFiles, to));
  return base_.Link(from, to);
}

absl::Status FaultFileSystem::Remove(const std::string& path) {
  MutexLock lock(&mu_);
  if (journal_ != nullptr) journal_->Removing(path);
  struct stat st;
  const bool known = ::stat(path.c_str(), &st) == 0;
  HEARTH_RETURN_IF_ERROR(base_.Remove(path));
  if (known) Freed(static_cast<uint64_t>(st.st_size));
  created_.erase(path);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> FaultFileSystem::List(const std::string& directory) {
  return base_.List(directory);
}
absl::Status FaultFileSystem::MakeDirs(const std::string& directory) {
  return base_.MakeDirs(directory);
}

absl::Status FaultFileSystem::SyncDir(const std::string& directory) {
  bool lie;
  HEARTH_RETURN_IF_ERROR(AdmitSync(FaultSite::kOurFiles, directory, &lie));
  if (lie) return absl::OkStatus();
  HEARTH_RETURN_IF_ERROR(base_.SyncDir(directory));
  if (journal_ != nullptr) journal_->DirectorySynced(directory);
  MutexLock lock(&mu_);
  const std::string prefix = directory + "/";
  for (auto& [path, file] : created_) {
    if (path.starts_with(prefix) && path.find('/', prefix.size()) == std::string::npos) {
      file.entry_synced = true;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<FileLock>> FaultFileSystem::Lock(const std::string& path) {
  return base_.Lock(path);
}

}  // namespace hearth
