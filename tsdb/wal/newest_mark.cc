#include "tsdb/wal/newest_mark.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/strings/str_format.h"
#include "model/status.h"
#include "model/text.h"
#include "tsdb/wal/segment.h"

namespace hearth {
namespace {

constexpr std::string_view kPrefix = "newest-";

std::string MarkPath(const std::string& dir, uint32_t number) {
  return absl::StrFormat("%s/%s%08u", dir, kPrefix, number);
}

absl::StatusOr<std::vector<uint32_t>> Marks(FileSystem& fs, const std::string& dir) {
  HEARTH_ASSIGN_OR_RETURN(const std::vector<std::string> names, fs.List(dir));
  std::vector<uint32_t> numbers;
  for (const std::string_view name : names) {
    if (!name.starts_with(kPrefix)) continue;
    const std::optional<uint32_t> number = ParseSegmentName(name.substr(kPrefix.size()));
    if (number) numbers.push_back(*number);
  }
  return numbers;
}

}  // namespace

absl::StatusOr<uint32_t> MarkedNewest(FileSystem& fs, const std::string& dir) {
  HEARTH_ASSIGN_OR_RETURN(const std::vector<uint32_t> marks, Marks(fs, dir));
  return marks.empty() ? 0 : *std::max_element(marks.begin(), marks.end());
}

absl::Status MarkNewest(FileSystem& fs, const std::string& dir, uint32_t number) {
  HEARTH_ASSIGN_OR_RETURN(const std::vector<uint32_t> marks, Marks(fs, dir));
  const std::string path = MarkPath(dir, number);
  if (marks.empty()) return fs.Create(path).status();
  for (const uint32_t mark : marks) {
    if (mark != number) HEARTH_RETURN_IF_ERROR(fs.Rename(MarkPath(dir, mark), path));
  }
  return absl::OkStatus();
}

absl::Status RemoveNewestMark(FileSystem& fs, const std::string& dir) {
  HEARTH_ASSIGN_OR_RETURN(const std::vector<uint32_t> marks, Marks(fs, dir));
  for (const uint32_t mark : marks) HEARTH_RETURN_IF_ERROR(fs.Remove(MarkPath(dir, mark)));
  return absl::OkStatus();
}

}  // namespace hearth
