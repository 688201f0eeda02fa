#include "tsdb/compact/quarantine.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

#include "spdlog/spdlog.h"
#include "tsdb/compact/disk_usage.h"

namespace hearth {
namespace {

namespace fs = std::filesystem;

struct Entry {
  std::string path;
  TimeMs since = 0;
  uint64_t bytes = 0;
};

// `<stem>-<number>` with one of our stems.
bool IsOurs(std::string_view name) {
  const size_t dash = name.rfind('-');
  if (dash == std::string_view::npos || dash + 1 == name.size() ||
      name.substr(dash + 1).find_first_not_of("0123456789") != std::string_view::npos) {
    return false;
  }
  const std::string_view stem = name.substr(0, dash);
  return stem == "store" || stem == "generation" || stem == "deletes" || stem == "wal" ||
         stem == "chunks";
}

std::vector<Entry> EntriesOf(const std::string& folder) {
  std::vector<Entry> entries;
  std::error_code error;
  for (const fs::directory_entry& found : fs::directory_iterator(folder, error)) {
    struct stat info;
    const std::string path = found.path().string();
    if (!IsOurs(found.path().filename().string()) || lstat(path.c_str(), &info) != 0) continue;
    // A move does not change when the bytes were written, but it does change the status.
    const uint64_t bytes =
        S_ISREG(info.st_mode) ? static_cast<uint64_t>(info.st_blocks) * 512 : DiskUsage(path);
    entries.push_back({path, info.st_ctim.tv_sec * TimeMs{1000}, bytes});
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.since < b.since; });
  return entries;
}

}  // namespace

QuarantineState TrimQuarantine(const std::string& folder, const QuarantineLimits& limits,
                               TimeMs now) {
  QuarantineState state;
  const std::vector<Entry> entries = EntriesOf(folder);
  for (const Entry& entry : entries) state.bytes += entry.bytes;
  for (const Entry& entry : entries) {
    const bool expired = now - entry.since > limits.age_ms;
    std::error_code error;
    if (expired || state.bytes > limits.bytes) {
      fs::remove_all(entry.path, error);
      if (!error) {
        spdlog::warn("quarantine: deleted {} ({} bytes): {}", entry.path, entry.bytes,
                     expired ? "expired" : "beyond the quarantine's limit");
        state.bytes -= entry.bytes;
        ++state.removed;
        continue;
      }
    }
    ++state.entries;
  }
  return state;
}

}  // namespace hearth
