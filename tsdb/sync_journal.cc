#include "tsdb/sync_journal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "model/status.h"
#include "model/text.h"

namespace hearth {

namespace {

namespace fs = std::filesystem;

std::string KeptPath(const std::string& journal, uint64_t number) {
  return StrCat(journal, ".kept/", number);
}

std::string DirectoryOf(const std::string& path) { return fs::path(path).parent_path().string(); }

// RocksDB and we write the same path in different ways ("a//b").
std::string Normal(const std::string& path) {
  std::string normal = fs::path(path).lexically_normal().string();
  while (normal.size() > 1 && normal.ends_with('/')) normal.pop_back();
  return normal;
}

}  // namespace

absl::StatusOr<std::unique_ptr<JournalWriter>> JournalWriter::Create(const std::string& path) {
  std::error_code error;
  fs::remove_all(path + ".kept", error);
  fs::create_directories(path + ".kept", error);
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
  if (fd < 0 || error) {
    return absl::InternalError(StrCat("creation of sync journal ", path, ": ", strerror(errno)));
  }
  return std::unique_ptr<JournalWriter>(new JournalWriter(fd, path));
}

JournalWriter::~JournalWriter() { ::close(fd_); }

void JournalWriter::Write(char event, uint64_t number, const std::string& a, const std::string& b) {
  const std::string line = StrCat(std::string(1, event), "\t", number, "\t", a, "\t", b, "\n");
  // One write, so that the line is whole whenever the process dies. A journal that cannot be
  // written makes the test worthless.
  if (::write(fd_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) ::abort();
}

JournalFileId JournalWriter::IdOf(const std::string& path) {
  const auto it = ids_.find(path);
  if (it != ids_.end()) return it->second;
  struct stat st;
  if (::stat(path.c_str(), &st) != 0) return 0;
  const JournalFileId id = next_id_++;
  ids_[path] = id;
  Write('O', id, path, StrCat(st.st_size));
  return id;
}

uint64_t JournalWriter::Keep(const std::string& path) {
  const uint64_t number = next_kept_++;
  if (::link(path.c_str(), KeptPath(path_, number).c_str()) != 0) return 0;
  kept_[DirectoryOf(path)].push_back(number);
  return number;
}

JournalFileId JournalWriter::Creating(const std::string& raw_path) {
  const std::string path = Normal(raw_path);
  MutexLock lock(&mu_);
  const JournalFileId id = next_id_++;
  Write('C', id, path);
  ids_[path] = id;
  return id;
}

JournalFileId JournalWriter::Opening(const std::string& path) {
  MutexLock lock(&mu_);
  return IdOf(Normal(path));
}

void JournalWriter::Linking(const std::string& raw_from, const std::string& raw_to) {
  const std::string from = Normal(raw_from), to = Normal(raw_to);
  MutexLock lock(&mu_);
  const JournalFileId id = IdOf(from);
  Write('L', id, to);
  ids_[to] = id;
}

void JournalWriter::Renaming(const std::string& raw_from, const std::string& raw_to) {
  const std::string from = Normal(raw_from), to = Normal(raw_to);
  MutexLock lock(&mu_);
  const JournalFileId id = IdOf(from);
  if (const JournalFileId replaced = IdOf(to); replaced != 0) {
    Write('D', Keep(to), to, StrCat(replaced));
  }
  Write('R', id, from, to);
  ids_.erase(from);
  ids_[to] = id;
}

void JournalWriter::Removing(const std::string& raw_path) {
  const std::string path = Normal(raw_path);
  MutexLock lock(&mu_);
  const JournalFileId id = IdOf(path);
  if (id == 0) return;
  Write('D', Keep(path), path, StrCat(id));
  ids_.erase(path);
}

void JournalWriter::Synced(JournalFileId id, uint64_t size) {
  MutexLock lock(&mu_);
  Write('S', id, StrCat(size));
}

void JournalWriter::Truncated(JournalFileId id, uint64_t size) {
  MutexLock lock(&mu_);
  Write('T', id, StrCat(size));
}

void JournalWriter::DirectorySynced(const std::string& raw_directory) {
  const std::string directory = Normal(raw_directory);
  MutexLock lock(&mu_);
  Write('F', 0, directory);
  for (const uint64_t number : kept_[directory]) ::unlink(KeptPath(path_, number).c_str());
  kept_.erase(directory);
}

}  // namespace hearth
