#include "tsdb/store/spill_file.h"

#include <cstring>
#include <utility>

#include "model/status.h"
#include "model/text.h"
#include "tsdb/store/rocks_options.h"
#include "tsdb/store/store_keys.h"

namespace hearth {

SpillFile::SpillFile(std::string path, rocksdb::Env* env)
    : path_(std::move(path)), env_(env == nullptr ? rocksdb::Env::Default() : env) {}

SpillFile::~SpillFile() {
  if (writer_ == nullptr) return;
  writer_->Close().PermitUncheckedError();
  // What cannot be deleted goes with the scratch folder.
  env_->DeleteFile(path_).PermitUncheckedError();
}

absl::Status SpillFile::Append(std::string_view bytes) {
  if (writer_ == nullptr) {
    HEARTH_RETURN_IF_ERROR(
        FromRocks(env_->NewWritableFile(path_, &writer_, {}), StrCat("create \"", path_, "\"")));
  }
  HEARTH_RETURN_IF_ERROR(
      FromRocks(writer_->Append(ToSlice(bytes)),
                StrCat("write ", bytes.size(), " bytes at ", size_, " of \"", path_, "\"")));
  size_ += bytes.size();
  return absl::OkStatus();
}

absl::Status SpillFile::Read(uint64_t offset, size_t n, char* out) {
  const std::string what = StrCat("read ", n, " bytes at ", offset, " of \"", path_, "\"");
  if (reader_ == nullptr) {
    HEARTH_RETURN_IF_ERROR(FromRocks(env_->NewRandomAccessFile(path_, &reader_, {}), what));
  }
  rocksdb::Slice read;
  HEARTH_RETURN_IF_ERROR(FromRocks(reader_->Read(offset, n, &read, out), what));
  if (read.size() < n) return absl::DataLossError(StrCat(what, ": it ends after ", read.size()));
  if (read.data() != out) std::memcpy(out, read.data(), n);
  return absl::OkStatus();
}

}  // namespace hearth
