#include "server/cgroup_limit.h"

#include <algorithm>
#include <fstream>
#include <limits>

#include "absl/strings/numbers.h"
#include "model/text.h"

namespace hearth {
namespace {

constexpr int64_t kNone = std::numeric_limits<int64_t>::max();
// Version 1 says "no limit" with the largest number of whole pages.
constexpr int64_t kNoLimitFrom = int64_t{1} << 60;

// Of a file with one number, or "max".
int64_t LimitIn(const std::string& path) {
  std::ifstream in(path);
  std::string word;
  int64_t bytes = 0;
  if (!(in >> word) || !absl::SimpleAtoi(word, &bytes)) return kNone;
  return bytes > 0 && bytes < kNoLimitFrom ? bytes : kNone;
}

// The smallest limit of `folder` below `root` and of the folders around it.
int64_t SmallestLimit(const std::string& root, std::string folder, const char* file) {
  int64_t smallest = kNone;
  for (;;) {
    while (folder.ends_with('/')) folder.pop_back();
    smallest = std::min(smallest, LimitIn(StrCat(root, folder, "/", file)));
    if (folder.empty()) return smallest;
    folder.resize(folder.find_last_of('/') == std::string::npos ? 0 : folder.find_last_of('/'));
  }
}

// Whether a comma separated list names `controller`.
bool Names(const std::string& controllers, std::string_view controller) {
  const std::string list = StrCat(",", controllers, ",");
  return list.find(StrCat(",", controller, ",")) != std::string::npos;
}

}  // namespace

int64_t CgroupMemoryLimit(const std::string& proc_cgroup, const std::string& root) {
  int64_t smallest = kNone;
  std::ifstream in(proc_cgroup);
  // "4:memory:/path" in version 1, "0::/path" in version 2. In a container the path may be that of
  // the host: then only the root can be seen, which is the container's own group.
  for (std::string line; std::getline(in, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (controllers.empty()) {
      smallest = std::min(smallest, SmallestLimit(root, path, "memory.max"));
    } else if (Names(controllers, "memory")) {
      smallest = std::min(smallest, SmallestLimit(root + "/memory", path, "memory.limit_in_bytes"));
    }
  }
  return smallest == kNone ? 0 : smallest;
}

}  // namespace hearth
