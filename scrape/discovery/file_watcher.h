// scrape/discovery/file_watcher.h
//
// Tells whether something has changed in folders, by inotify, so that target files are read when
// there is something to read.
//
// Thread safety: one thread at a time.
#ifndef HEARTH_SCRAPE_DISCOVERY_FILE_WATCHER_H_
#define HEARTH_SCRAPE_DISCOVERY_FILE_WATCHER_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace hearth {

class FileWatcher {
 public:
  // The folders of `patterns`, paths whose last part may hold `*`.
  explicit FileWatcher(const std::vector<std::string>& patterns);
  ~FileWatcher();
  FileWatcher(const FileWatcher&) = delete;
  FileWatcher& operator=(const FileWatcher&) = delete;

  // True when an entry of a folder was written, came or went since the last call; true at the first
  // call, and as long as a folder cannot be watched (it is missing, or there are no watches left).
  // Never blocks.
  bool Changed();
  // How often a folder could not be watched since the last call.
  uint64_t TakeErrors() { return std::exchange(errors_, 0); }

 private:
  const int fd_;  // -1: inotify is not to be had.
  uint64_t errors_ = 0;
  std::set<std::string> unwatched_;
  std::map<int, std::string> watched_;  // By watch descriptor.
};

}  // namespace hearth

#endif  // HEARTH_SCRAPE_DISCOVERY_FILE_WATCHER_H_
