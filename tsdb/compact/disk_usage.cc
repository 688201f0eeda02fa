#include "tsdb/compact/disk_usage.h"

#include <sys/stat.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/container/flat_hash_set.h"

namespace hearth {

namespace fs = std::filesystem;

namespace {
constexpr uint64_t kStatBlockBytes = 512;  // The unit of st_blocks, whatever the file system's.
}  // namespace

uint64_t DiskUsage(const std::string& folder) {
  absl::flat_hash_set<std::pair<uint64_t, uint64_t>> seen;
  uint64_t bytes = 0;
  std::error_code error;
  fs::recursive_directory_iterator it(folder, fs::directory_options::skip_permission_denied,
                                      error);
  for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    struct stat info;
    if (lstat(it->path().c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    if (info.st_nlink > 1 && !seen.emplace(info.st_dev, info.st_ino).second) continue;
    bytes += static_cast<uint64_t>(info.st_blocks) * kStatBlockBytes;
  }
  return bytes;
}

}  // namespace hearth
