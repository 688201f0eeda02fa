#include "server/active_queries.h"

#include <algorithm>
#include <utility>

#include "api/v1/json_writer.h"
#include "model/status.h"

namespace hearth {
namespace {

constexpr size_t kFileBytesMax = size_t{4} << 20;  // What is read of an old file.

std::string EntryOf(std::string_view query, TimeMs now) {
  std::string entry;
  JsonWriter json(&entry);
  json.BeginObject().Key("query").String(query).Key("timestamp_sec").Int(now / 1000).EndObject();
  entry.push_back(',');
  return entry;
}

// The entry of as much of `query` as fits.
std::string ShortEntry(std::string_view query, TimeMs now) {
  query = query.substr(0, ActiveQueries::kSlotBytes);
  for (;;) {
    std::string entry = EntryOf(query, now);
    if (entry.size() <= ActiveQueries::kSlotBytes) return entry;
    const size_t excess = entry.size() - ActiveQueries::kSlotBytes;
    // An escaped character takes up to six bytes.
    size_t keep = query.size() - std::min(query.size(), std::max<size_t>(excess / 6, 1));
    while (keep > 0 && (static_cast<unsigned char>(query[keep]) & 0xc0) == 0x80) --keep;
    query = query.substr(0, keep);
  }
}

// What lies between the zeros, as an array; a torn entry at the end is left out.
std::string Unfinished(const File& file) {
  const absl::StatusOr<uint64_t> size = file.Size();
  if (!size.ok()) return "";
  std::string bytes(std::min<uint64_t>(*size, kFileBytesMax), '\0');
  const absl::StatusOr<size_t> read = file.ReadAt(0, bytes.data(), bytes.size());
  if (!read.ok()) return "";
  bytes.resize(*read);
  bytes.erase(std::remove(bytes.begin(), bytes.end(), '\0'), bytes.end());
  const size_t comma = bytes.rfind("},");
  if (comma == std::string::npos || !bytes.starts_with('[')) return "";
  return bytes.substr(0, comma + 1) + "]";
}

}  // namespace

ActiveQueries::ActiveQueries(std::unique_ptr<File> file, size_t slots) : file_(std::move(file)) {
  for (size_t slot = slots; slot > 0; --slot) free_.push_back(slot - 1);
}

absl::StatusOr<std::unique_ptr<ActiveQueries>> ActiveQueries::Open(const std::string& directory,
                                                                   size_t slots, FileSystem* fs,
                                                                   std::string* unfinished) {
  const std::string path = directory + "/queries.active";
  if (const auto old = fs->OpenRead(path); old.ok()) {
    *unfinished = Unfinished(**old);
    HEARTH_RETURN_IF_ERROR(fs->Remove(path));
  }
  HEARTH_ASSIGN_OR_RETURN(std::unique_ptr<File> file, fs->Create(path));
  HEARTH_RETURN_IF_ERROR(file->WriteAt(0, "[" + std::string(slots * kSlotBytes, '\0')));
  return std::unique_ptr<ActiveQueries>(new ActiveQueries(std::move(file), slots));
}

absl::Status ActiveQueries::WriteSlot(size_t slot, std::string_view entry) {
  std::string bytes(entry);
  bytes.resize(kSlotBytes);
  return file_->WriteAt(1 + slot * kSlotBytes, bytes);
}

size_t ActiveQueries::Insert(std::string_view query, TimeMs now) {
  size_t slot = kNone;
  {
    MutexLock lock(&mu_);
    if (free_.empty()) return kNone;
    slot = free_.back();
    free_.pop_back();
  }
  if (WriteSlot(slot, ShortEntry(query, now)).ok()) return slot;
  MutexLock lock(&mu_);
  free_.push_back(slot);
  return kNone;
}

void ActiveQueries::Remove(size_t slot) {
  if (slot == kNone) return;
  WriteSlot(slot, "").IgnoreError();  // The next query writes over it.
  MutexLock lock(&mu_);
  free_.push_back(slot);
}

}  // namespace hearth
