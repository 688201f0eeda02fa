#include "scrape/discovery/file_watcher.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <cstring>

namespace hearth {
namespace {

constexpr uint32_t kEvents = IN_CLOSE_WRITE | IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
                             IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

FileWatcher::FileWatcher(const std::vector<std::string>& patterns)
    : fd_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)), errors_(fd_ < 0 ? 1 : 0) {
  for (const std::string& pattern : patterns) unwatched_.insert(FolderOf(pattern));
}

FileWatcher::~FileWatcher() {
  if (fd_ >= 0) close(fd_);
}

bool FileWatcher::Changed() {
  bool changed = !unwatched_.empty();
  alignas(inotify_event) char buffer[16 << 10];
  ssize_t size;
  while (fd_ >= 0 && (size = read(fd_, buffer, sizeof(buffer))) > 0) {
    changed = true;
    inotify_event event;
    for (ssize_t at = 0; at < size; at += static_cast<ssize_t>(sizeof(event) + event.len)) {
      std::memcpy(&event, buffer + at, sizeof(event));
      const auto gone = watched_.find(event.wd);
      if ((event.mask & (IN_IGNORED | IN_MOVE_SELF)) == 0 || gone == watched_.end()) continue;
      if ((event.mask & IN_MOVE_SELF) != 0) inotify_rm_watch(fd_, event.wd);
      unwatched_.insert(gone->second);
      watched_.erase(gone);
    }
  }
  for (auto it = unwatched_.begin(); fd_ >= 0 && it != unwatched_.end();) {
    const int watch = inotify_add_watch(fd_, it->c_str(), kEvents);
    if (watch < 0) {
      ++errors_;
      ++it;
      continue;
    }
    watched_[watch] = *it;
    it = unwatched_.erase(it);
  }
  return changed;
}

}  // namespace hearth
