#include "tsdb/compact/disk_usage.h"

#include <sys/stat.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"

namespace hearth {

namespace fs = std::filesystem;

namespace {
constexpr uint64_t kStatBlockBytes = 512;  // The unit of st_blocks, whatever the file system's.
}  // namespace

uint64_t DiskUsage(std::span<const std::string> folders) {
  absl::flat_hash_set<std::pair<uint64_t, uint64_t>> seen;
  uint64_t bytes = 0;
  for (const std::string& folder : folders) {
    std::error_code error;
    fs::recursive_directory_iterator it(folder, fs::directory_options::skip_permission_denied,
                                        error);
    for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
      struct stat info;
      if (lstat(it->path().c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
      if (info.st_nlink > 1 && !seen.emplace(info.st_dev, info.st_ino).second) continue;
      bytes += static_cast<uint64_t>(info.st_blocks) * kStatBlockBytes;
    }
  }
  return bytes;
}

bool IsStorageFile(std::string_view name) {
  if (!name.empty() && name.find_first_not_of("0123456789") == std::string_view::npos) return true;
  for (const std::string_view extension : {".sst", ".log", ".dbtmp"}) {
    if (name.ends_with(extension)) return true;
  }
  for (const std::string_view start : {"MANIFEST-", "OPTIONS-"}) {
    if (name.starts_with(start)) return true;
  }
  return name == "CURRENT" || name == "IDENTITY";
}

uint64_t OwnedBytes(std::span<const std::string> folders) {
  struct Inode {
    uint64_t links = 0;
    uint64_t seen = 0;
    uint64_t bytes = 0;
  };
  absl::flat_hash_map<std::pair<uint64_t, uint64_t>, Inode> inodes;
  for (const std::string& folder : folders) {
    std::error_code error;
    for (fs::directory_iterator it(folder, error); !error && it != fs::directory_iterator();
         it.increment(error)) {
      struct stat info;
      if (!IsStorageFile(it->path().filename().string()) || lstat(it->path().c_str(), &info) != 0 ||
          !S_ISREG(info.st_mode)) {
        continue;
      }
      Inode& inode = inodes[{info.st_dev, info.st_ino}];
      inode.links = info.st_nlink;
      ++inode.seen;
      inode.bytes = static_cast<uint64_t>(info.st_blocks) * kStatBlockBytes;
    }
  }
  uint64_t bytes = 0;
  for (const auto& [id, inode] : inodes) {
    if (inode.seen >= inode.links) bytes += inode.bytes;
  }
  return bytes;
}

}  // namespace hearth
