// tsdb/fake_file.h
//
// FakeFile: a file of fixed bytes in memory, for decoders under test. Testonly.
//
// Thread safety: const.
#ifndef HEARTH_TSDB_FAKE_FILE_H_
#define HEARTH_TSDB_FAKE_FILE_H_

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tsdb/file_system.h"

namespace hearth {

class FakeFile : public File {
 public:
  explicit FakeFile(std::string bytes) : bytes_(std::move(bytes)) {}

  absl::StatusOr<size_t> ReadAt(uint64_t offset, char* buffer, size_t n) const override {
    if (offset >= bytes_.size()) return size_t{0};
    const size_t got = std::min(n, bytes_.size() - static_cast<size_t>(offset));
    std::memcpy(buffer, bytes_.data() + offset, got);
    return got;
  }
  absl::Status WriteAt(uint64_t, std::string_view) override { return Refused(); }
  absl::Status Sync() override { return absl::OkStatus(); }
  absl::Status Truncate(uint64_t) override { return Refused(); }
  absl::StatusOr<uint64_t> Size() const override { return uint64_t{bytes_.size()}; }
  const std::string& path() const override { return path_; }

 private:
  static absl::Status Refused() { return absl::PermissionDeniedError("a fake file is read-only"); }

  const std::string bytes_;
  const std::string path_ = "fake";
};

// A directory of one segment, number 1, with these bytes.
class FakeSegmentDirectory : public FileSystem {
 public:
  explicit FakeSegmentDirectory(std::string bytes) : bytes_(std::move(bytes)) {}

  absl::StatusOr<std::unique_ptr<File>> OpenRead(const std::string&) override {
    return std::make_unique<FakeFile>(bytes_);
  }
  absl::StatusOr<std::vector<std::string>> List(const std::string&) override {
    return std::vector<std::string>{"00000001"};
  }
  absl::StatusOr<std::unique_ptr<File>> Create(const std::string&) override { return Refused(); }
  absl::Status Rename(const std::string&, const std::string&) override { return Refused(); }
  absl::Status Link(const std::string&, const std::string&) override { return Refused(); }
  absl::Status Remove(const std::string&) override { return Refused(); }
  absl::Status MakeDirs(const std::string&) override { return absl::OkStatus(); }
  absl::Status SyncDir(const std::string&) override { return absl::OkStatus(); }
  absl::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string&) override { return Refused(); }

 private:
  static absl::Status Refused() {
    return absl::PermissionDeniedError("a fake directory is read-only");
  }

  const std::string bytes_;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_FAKE_FILE_H_
