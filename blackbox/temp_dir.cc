#include "blackbox/temp_dir.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>

namespace hearth::blackbox {

TempDir::TempDir() {
  std::string pattern = "/tmp/hearth-test.XXXXXX";
  path_ = mkdtemp(pattern.data()) == nullptr ? "/nonexistent" : pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TempDir::Write(std::string_view name, std::string_view text) const {
  const std::string path = Path(name);
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path) << text;
  return path;
}

uint16_t FreePort() {
  // Below the ports that the kernel gives to outgoing connections: those would come between this
  // and the server's start.
  static std::mt19937 random(std::random_device{}());
  static std::set<uint16_t> given;
  for (;;) {
    const auto port = static_cast<uint16_t>(10'000 + random() % 22'000);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const bool bound = bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
    close(fd);
    if (bound && given.insert(port).second) return port;
  }
}

int64_t DiskBytes(const std::string& path) {
  int64_t bytes = 0;
  std::set<ino_t> seen;
  std::error_code error;
  for (auto it = std::filesystem::recursive_directory_iterator(path, error);
       !error && it != std::filesystem::recursive_directory_iterator(); it.increment(error)) {
    struct stat info;
    if (lstat(it->path().c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    if (seen.insert(info.st_ino).second) bytes += info.st_blocks * 512;
  }
  return bytes;
}

}  // namespace hearth::blackbox
