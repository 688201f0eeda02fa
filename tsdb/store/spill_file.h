// tsdb/store/spill_file.h
//
// SpillFile: where a writer of a generation puts what it has no memory for: a scratch file that is
// appended to and read back, and deleted with this object. Nothing in it outlives the process, so
// it is not synced; Store::Open empties the scratch folder.
//
// Thread safety: none.
#ifndef HEARTH_TSDB_STORE_SPILL_FILE_H_
#define HEARTH_TSDB_STORE_SPILL_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "rocksdb/env.h"

namespace hearth {

class SpillFile {
 public:
  // Nothing is at `path`; the file is made by the first Append. `env`: the store's; null = the
  // operating system's.
  SpillFile(std::string path, rocksdb::Env* env);
  SpillFile(const SpillFile&) = delete;
  SpillFile& operator=(const SpillFile&) = delete;
  ~SpillFile();

  // Errors: kUnavailable (disk full), kInternal. The file is not to be used after one.
  absl::Status Append(std::string_view bytes);
  // Reads the n bytes from `offset` on to `out`. kDataLoss when the file no longer has them.
  absl::Status Read(uint64_t offset, size_t n, char* out);

  uint64_t size() const { return size_; }

 private:
  const std::string path_;
  rocksdb::Env* const env_;
  uint64_t size_ = 0;
  std::unique_ptr<rocksdb::WritableFile> writer_;      // From the first Append on.
  std::unique_ptr<rocksdb::RandomAccessFile> reader_;  // From the first Read on.
};

}  // namespace hearth

#endif  // HEARTH_TSDB_STORE_SPILL_FILE_H_
