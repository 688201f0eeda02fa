// blackbox/temp_dir.h
//
// A directory of a test that goes with it, and free ports. Short paths: TEST_TMPDIR is too long for
// a unix socket.
//
// Thread safety: none.
#ifndef HEARTH_BLACKBOX_TEMP_DIR_H_
#define HEARTH_BLACKBOX_TEMP_DIR_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace hearth::blackbox {

class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  std::string Path(std::string_view name) const { return path_ + "/" + std::string(name); }
  // Writes a file below the directory and returns its path.
  std::string Write(std::string_view name, std::string_view text) const;

 private:
  std::string path_;
};

// A TCP port on 127.0.0.1 that was free a moment ago. Each call gives another one.
uint16_t FreePort();

// Bytes of all regular files below `path` (by inode, so a hard link counts once); 0 when there is
// none.
int64_t DiskBytes(const std::string& path);

}  // namespace hearth::blackbox

#endif  // HEARTH_BLACKBOX_TEMP_DIR_H_
