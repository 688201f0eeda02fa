#include "tsdb/wal/segment.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth {
namespace {

constexpr size_t kNameDigits = 8;

}  // namespace

std::string SegmentPath(std::string_view dir, uint32_t number) {
  return absl::StrFormat("%s/%08u", dir, number);
}

std::optional<uint32_t> ParseSegmentName(std::string_view name) {
  if (name.size() != kNameDigits) return std::nullopt;
  uint32_t number = 0;
  for (const char c : name) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + static_cast<uint32_t>(c - '0');
  }
  return number;
}

absl::StatusOr<std::vector<uint32_t>> ListSegments(FileSystem& fs, const std::string& dir) {
  HEARTH_ASSIGN_OR_RETURN(const std::vector<std::string> names, fs.List(dir));
  std::vector<uint32_t> numbers;
  for (const std::string& name : names) {
    if (const std::optional<uint32_t> number = ParseSegmentName(name)) numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

absl::StatusOr<std::unique_ptr<File>> CreateSegment(FileSystem& fs, const LogKind& kind,
                                                    const std::string& dir, uint32_t number) {
  const std::string path = SegmentPath(dir, number);
  HEARTH_ASSIGN_OR_RETURN(std::unique_ptr<File> file, fs.Create(path));
  absl::Status status = file->WriteAt(0, SegmentHeader(kind, number));
  if (status.ok()) status = fs.SyncDir(dir);
  if (status.ok()) return file;
  fs.Remove(path).IgnoreError();
  return status;
}

}  // namespace hearth
