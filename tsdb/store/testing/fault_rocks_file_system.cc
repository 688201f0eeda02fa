#include "tsdb/store/testing/fault_rocks_file_system.h"

#include <string>
#include <utility>

#include "model/text.h"
#include "rocksdb/env.h"
#include "rocksdb/file_system.h"

namespace hearth {

namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

constexpr FaultSite kSite = FaultSite::kRocksDb;

IOStatus ToRocks(const absl::Status& status) {
  if (status.ok()) return IOStatus::OK();
  const std::string text(FromAbsl(status.message()));
  return absl::IsResourceExhausted(status) ? IOStatus::NoSpace(text) : IOStatus::IOError(text);
}

class FaultWritableFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FaultWritableFile(std::unique_ptr<rocksdb::FSWritableFile> base, std::string path,
                    FaultSwitch* faults, JournalWriter* journal, JournalFileId id)
      : FSWritableFileOwnerWrapper(std::move(base)),
        path_(std::move(path)),
        faults_(faults),
        journal_(journal),
        id_(id) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    size_t allowed;
    const absl::Status fault = faults_->AdmitWrite(kSite, path_, data.size(), &allowed);
    if (allowed > 0) {
      IOStatus status = target()->Append(Slice(data.data(), allowed), options, debug);
      if (!status.ok()) return status;
    }
    return ToRocks(fault);
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo&,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    return Synced(options, debug, &rocksdb::FSWritableFile::Sync);
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return Synced(options, debug, &rocksdb::FSWritableFile::Fsync);
  }
  IOStatus Truncate(uint64_t size, const IOOptions& options, IODebugContext* debug) override {
    const absl::Status fault = faults_->AdmitTruncate(kSite, path_);
    return fault.ok() ? target()->Truncate(size, options, debug) : ToRocks(fault);
  }
  IOStatus Allocate(uint64_t offset, uint64_t n, const IOOptions& options,
                    IODebugContext* debug) override {
    // Space that is set aside beforehand would hide a full disk.
    return IOStatus::OK();
  }
  // May start the write of a range; promises nothing.
  IOStatus RangeSync(uint64_t, uint64_t, const IOOptions&, IODebugContext*) override {
    return IOStatus::OK();
  }

 private:
  IOStatus Synced(const IOOptions& options, IODebugContext* debug,
                  IOStatus (rocksdb::FSWritableFile::*sync)(const IOOptions&, IODebugContext*)) {
    bool lie;
    const absl::Status fault = faults_->AdmitSync(kSite, path_, &lie);
    if (!fault.ok() || lie) return ToRocks(fault);
    const uint64_t size = target()->GetFileSize(options, debug);
    IOStatus status = (target()->*sync)(options, debug);
    if (status.ok() && journal_ != nullptr) journal_->Synced(id_, size);
    return status;
  }

  const std::string path_;
  FaultSwitch* const faults_;
  JournalWriter* const journal_;
  const JournalFileId id_;
};

class FaultRandomAccessFile : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  FaultRandomAccessFile(std::unique_ptr<rocksdb::FSRandomAccessFile> base, std::string path,
                        FaultSwitch* faults)
      : FSRandomAccessFileOwnerWrapper(std::move(base)), path_(std::move(path)), faults_(faults) {}

  IOStatus Read(uint64_t offset, size_t n, const IOOptions& options, Slice* result, char* scratch,
                IODebugContext* debug) const override {
    IOStatus status = target()->Read(offset, n, options, result, scratch, debug);
    // pread gives back the scratch memory, which is ours to spoil.
    if (status.ok() && result->data() == scratch) {
      faults_->SpoilRead(kSite, path_, scratch, result->size());
    }
    return status;
  }
  IOStatus MultiRead(rocksdb::FSReadRequest* requests, size_t count, const IOOptions& options,
                     IODebugContext* debug) override {
    for (size_t i = 0; i < count; ++i) {
      rocksdb::FSReadRequest& request = requests[i];
      request.status =
          Read(request.offset, request.len, options, &request.result, request.scratch, debug);
    }
    return IOStatus::OK();
  }

 private:
  const std::string path_;
  FaultSwitch* const faults_;
};

class FaultSequentialFile : public rocksdb::FSSequentialFileOwnerWrapper {
 public:
  FaultSequentialFile(std::unique_ptr<rocksdb::FSSequentialFile> base, std::string path,
                      FaultSwitch* faults)
      : FSSequentialFileOwnerWrapper(std::move(base)), path_(std::move(path)), faults_(faults) {}

  IOStatus Read(size_t n, const IOOptions& options, Slice* result, char* scratch,
                IODebugContext* debug) override {
    IOStatus status = target()->Read(n, options, result, scratch, debug);
    if (status.ok() && result->data() == scratch) {
      faults_->SpoilRead(kSite, path_, scratch, result->size());
    }
    return status;
  }

 private:
  const std::string path_;
  FaultSwitch* const faults_;
};

class FaultDirectory : public rocksdb::FSDirectoryWrapper {
 public:
  FaultDirectory(std::unique_ptr<rocksdb::FSDirectory> base, std::string path, FaultSwitch* faults,
                 JournalWriter* journal)
      : FSDirectoryWrapper(std::move(base)),
        path_(std::move(path)),
        faults_(faults),
        journal_(journal) {}

  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return Synced([&] { return FSDirectoryWrapper::Fsync(options, debug); });
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions& how) override {
    return Synced([&] { return FSDirectoryWrapper::FsyncWithDirOptions(options, debug, how); });
  }

 private:
  template <typename Sync>
  IOStatus Synced(Sync sync) {
    bool lie;
    const absl::Status fault = faults_->AdmitSync(kSite, path_, &lie);
    if (!fault.ok() || lie) return ToRocks(fault);
    IOStatus status = sync();
    if (status.ok() && journal_ != nullptr) journal_->DirectorySynced(path_);
    return status;
  }

  const std::string path_;
  FaultSwitch* const faults_;
  JournalWriter* const journal_;
};

class FaultRocksFileSystem : public rocksdb::FileSystemWrapper {
 public:
  FaultRocksFileSystem(FaultSwitch* faults, JournalWriter* journal)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), faults_(faults), journal_(journal) {}

  const char* Name() const override { return "hearth.faults"; }

  IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* result,
                           IODebugContext* debug) override {
    const absl::Status fault = faults_->AdmitCreate(kSite, path);
    if (!fault.ok()) return ToRocks(fault);
    const JournalFileId id = journal_ == nullptr ? 0 : journal_->Creating(path);
    return Wrap(target()->NewWritableFile(path, options, result, debug), path, id, result);
  }
  IOStatus ReopenWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                              std::unique_ptr<rocksdb::FSWritableFile>* result,
                              IODebugContext* debug) override {
    const JournalFileId id = journal_ == nullptr ? 0 : journal_->Opening(path);
    return Wrap(target()->ReopenWritableFile(path, options, result, debug), path, id, result);
  }
  IOStatus ReuseWritableFile(const std::string& path, const std::string& old_path,
                             const rocksdb::FileOptions& options,
                             std::unique_ptr<rocksdb::FSWritableFile>* result,
                             IODebugContext* debug) override {
    IOStatus status = RenameFile(old_path, path, {}, debug);
    return status.ok() ? NewWritableFile(path, options, result, debug) : status;
  }
  IOStatus NewRandomAccessFile(const std::string& path, const rocksdb::FileOptions& options,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                               IODebugContext* debug) override {
    IOStatus status = target()->NewRandomAccessFile(path, options, result, debug);
    if (status.ok()) {
      *result = std::make_unique<FaultRandomAccessFile>(std::move(*result), path, faults_);
    }
    return status;
  }
  IOStatus NewSequentialFile(const std::string& path, const rocksdb::FileOptions& options,
                             std::unique_ptr<rocksdb::FSSequentialFile>* result,
                             IODebugContext* debug) override {
    IOStatus status = target()->NewSequentialFile(path, options, result, debug);
    if (status.ok()) {
      *result = std::make_unique<FaultSequentialFile>(std::move(*result), path, faults_);
    }
    return status;
  }
  IOStatus NewDirectory(const std::string& path, const IOOptions& options,
                        std::unique_ptr<rocksdb::FSDirectory>* result,
                        IODebugContext* debug) override {
    IOStatus status = target()->NewDirectory(path, options, result, debug);
    if (status.ok()) {
      *result = std::make_unique<FaultDirectory>(std::move(*result), path, faults_, journal_);
    }
    return status;
  }
  IOStatus DeleteFile(const std::string& path, const IOOptions& options,
                      IODebugContext* debug) override {
    if (journal_ != nullptr) journal_->Removing(path);
    uint64_t size = 0;
    target()->GetFileSize(path, options, &size, debug).PermitUncheckedError();
    IOStatus status = target()->DeleteFile(path, options, debug);
    if (status.ok()) faults_->Freed(size);
    return status;
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* debug) override {
    if (journal_ != nullptr) journal_->Renaming(from, to);
    return target()->RenameFile(from, to, options, debug);
  }
  IOStatus LinkFile(const std::string& from, const std::string& to, const IOOptions& options,
                    IODebugContext* debug) override {
    const absl::Status fault = faults_->AdmitCreate(kSite, to);
    if (!fault.ok()) return ToRocks(fault);
    if (journal_ != nullptr) journal_->Linking(from, to);
    return target()->LinkFile(from, to, options, debug);
  }

 private:
  IOStatus Wrap(IOStatus status, const std::string& path, JournalFileId id,
                std::unique_ptr<rocksdb::FSWritableFile>* result) {
    if (status.ok()) {
      *result =
          std::make_unique<FaultWritableFile>(std::move(*result), path, faults_, journal_, id);
    }
    return status;
  }

  FaultSwitch* const faults_;
  JournalWriter* const journal_;
};

}  // namespace

std::shared_ptr<rocksdb::Env> NewFaultRocksEnv(FaultSwitch* faults, JournalWriter* journal) {
  return rocksdb::NewCompositeEnv(std::make_shared<FaultRocksFileSystem>(faults, journal));
}

}  // namespace hearth
