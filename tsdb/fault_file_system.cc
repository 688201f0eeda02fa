#include "tsdb/fault_file_system.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "model/status.h"
#include "model/text.h"

namespace hearth {

class FaultFile : public File {
 public:
  FaultFile(FaultFileSystem* fs, std::unique_ptr<File> base) : fs_(fs), base_(std::move(base)) {}

  absl::StatusOr<size_t> ReadAt(uint64_t offset, char* buffer, size_t n) const override {
    return base_->ReadAt(offset, buffer, n);
  }
  absl::Status WriteAt(uint64_t offset, std::string_view data) override {
    size_t allowed;
    const absl::Status fault = fs_->Admit(data.size(), &allowed);
    HEARTH_RETURN_IF_ERROR(base_->WriteAt(offset, data.substr(0, allowed)));
    return fault;
  }
  absl::Status Sync() override {
    HEARTH_RETURN_IF_ERROR(fs_->AdmitSync());
    HEARTH_ASSIGN_OR_RETURN(const uint64_t size, base_->Size());
    HEARTH_RETURN_IF_ERROR(base_->Sync());
    fs_->NoteSynced(path(), size);
    return absl::OkStatus();
  }
  absl::Status Truncate(uint64_t size) override {
    HEARTH_RETURN_IF_ERROR(fs_->AdmitTruncate());
    return base_->Truncate(size);
  }
  absl::StatusOr<uint64_t> Size() const override { return base_->Size(); }
  const std::string& path() const override { return base_->path(); }

 private:
  FaultFileSystem* const fs_;
  const std::unique_ptr<File> base_;
};

void FaultFileSystem::SetSpaceLeft(std::optional<uint64_t> bytes) {
  MutexLock lock(&mu_);
  space_left_ = bytes;
}
void FaultFileSystem::FailWrites(bool on) {
  MutexLock lock(&mu_);
  fail_writes_ = on;
}
void FaultFileSystem::FailSyncs(bool on) {
  MutexLock lock(&mu_);
  fail_syncs_ = on;
}
void FaultFileSystem::FailTruncates(bool on) {
  MutexLock lock(&mu_);
  fail_truncates_ = on;
}
void FaultFileSystem::FailCreates(bool on) {
  MutexLock lock(&mu_);
  fail_creates_ = on;
}
uint64_t FaultFileSystem::syncs() const {
  MutexLock lock(&mu_);
  return syncs_;
}

absl::Status FaultFileSystem::Admit(size_t n, size_t* allowed) {
  MutexLock lock(&mu_);
  *allowed = n;
  if (fail_writes_) {
    *allowed = n / 2;
    return absl::DataLossError("injected: I/O error");
  }
  if (!space_left_) return absl::OkStatus();
  *allowed = static_cast<size_t>(std::min<uint64_t>(n, *space_left_));
  *space_left_ -= *allowed;
  if (*allowed == n) return absl::OkStatus();
  return absl::ResourceExhaustedError("injected: no space left on device");
}

absl::Status FaultFileSystem::AdmitSync() {
  MutexLock lock(&mu_);
  ++syncs_;
  return fail_syncs_ ? absl::DataLossError("injected: sync failed") : absl::OkStatus();
}

absl::Status FaultFileSystem::AdmitTruncate() {
  MutexLock lock(&mu_);
  return fail_truncates_ ? absl::DataLossError("injected: truncation failed") : absl::OkStatus();
}

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
    } else if (::truncate(path.c_str(), static_cast<off_t>(file.synced_size)) != 0) {
      return absl::InternalError(StrCat("truncation of ", path));
    }
  }
  created_.clear();
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<File>> FaultFileSystem::OpenRead(const std::string& path) {
  return base_.OpenRead(path);
}

absl::StatusOr<std::unique_ptr<File>> FaultFileSystem::Create(const std::string& path) {
  MutexLock lock(&mu_);
  if (fail_creates_) return absl::ResourceExhaustedError("injected: no space left on device");
  HEARTH_ASSIGN_OR_RETURN(std::unique_ptr<File> file, base_.Create(path));
  created_[path] = Tracked();
  return std::make_unique<FaultFile>(this, std::move(file));
}

absl::Status FaultFileSystem::Rename(const std::string& from, const std::string& to) {
  MutexLock lock(&mu_);
  HEARTH_RETURN_IF_ERROR(base_.Rename(from, to));
  if (auto node = created_.extract(from)) {
    node.key() = to;
    created_.erase(to);
    created_.insert(std::move(node));
  }
  return absl::OkStatus();
}

absl::Status FaultFileSystem::Link(const std::string& from, const std::string& to) {
  MutexLock lock(&mu_);
  if (fail_creates_) return absl::ResourceExhaustedError("injected: no space left on device");
  return base_.Link(from, to);
}

absl::Status FaultFileSystem::Remove(const std::string& path) {
  MutexLock lock(&mu_);
  HEARTH_RETURN_IF_ERROR(base_.Remove(path));
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
  HEARTH_RETURN_IF_ERROR(base_.SyncDir(directory));
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
