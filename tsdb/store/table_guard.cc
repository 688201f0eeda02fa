#include "tsdb/store/table_guard.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "rocksdb/file_system.h"
#include "tsdb/store/table_tail.h"

namespace hearth {

namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

constexpr std::string_view kSortedFile = ".sst";

// A sorted file whose tail is sound; gives the tail from memory.
class GuardedFile : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  GuardedFile(std::unique_ptr<rocksdb::FSRandomAccessFile> base, TableTail tail)
      : FSRandomAccessFileOwnerWrapper(std::move(base)), tail_(std::move(tail)) {}

  IOStatus Read(uint64_t offset, size_t n, const IOOptions& options, Slice* result, char* scratch,
                IODebugContext* debug) const override {
    const uint64_t before = tail_.offset - std::min(offset, tail_.offset);
    if (n <= before) return target()->Read(offset, n, options, result, scratch, debug);
    if (before > 0) {
      IOStatus status = target()->Read(offset, before, options, result, scratch, debug);
      if (!status.ok() || result->size() < before) return status;
      if (result->data() != scratch) std::memcpy(scratch, result->data(), before);
    }
    const uint64_t skip = std::min<uint64_t>(offset + before - tail_.offset, tail_.bytes.size());
    const size_t copied = std::min<uint64_t>(n - before, tail_.bytes.size() - skip);
    std::memcpy(scratch + before, tail_.bytes.data() + skip, copied);
    *result = Slice(scratch, before + copied);
    return IOStatus::OK();
  }

 private:
  const TableTail tail_;
};

class TableGuard : public rocksdb::FileSystemWrapper {
 public:
  using FileSystemWrapper::FileSystemWrapper;

  const char* Name() const override { return "hearth.table_guard"; }

  IOStatus NewRandomAccessFile(const std::string& path, const rocksdb::FileOptions& options,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                               IODebugContext* debug) override {
    IOStatus status = target()->NewRandomAccessFile(path, options, result, debug);
    if (!status.ok() || !path.ends_with(kSortedFile)) return status;
    uint64_t size = 0;
    TableTail tail;
    status = target()->GetFileSize(path, options.io_options, &size, debug);
    if (status.ok()) status = ReadTableTail(**result, path, size, &tail);
    if (status.ok()) {
      *result = std::make_unique<GuardedFile>(std::move(*result), std::move(tail));
    } else {
      result->reset();
    }
    return status;
  }
};

}  // namespace

std::unique_ptr<rocksdb::Env> NewGuardedEnv(rocksdb::Env* base) {
  rocksdb::Env* const env = base == nullptr ? rocksdb::Env::Default() : base;
  return rocksdb::NewCompositeEnv(std::make_shared<TableGuard>(env->GetFileSystem()));
}

}  // namespace hearth
