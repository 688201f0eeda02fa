#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "model/text.h"
#include "tsdb/file_system.h"

namespace hearth {
namespace {

absl::StatusCode CodeOf(int error) {
  switch (error) {
    case ENOENT:
      return absl::StatusCode::kNotFound;
    case EEXIST:
      return absl::StatusCode::kAlreadyExists;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
      return absl::StatusCode::kResourceExhausted;
    case EIO:
      return absl::StatusCode::kDataLoss;
    default:
      return absl::StatusCode::kInternal;
  }
}

// `what` names operation, path and sizes.
absl::Status ErrnoStatus(int error, std::string_view what) {
  return absl::Status(CodeOf(error), ToAbsl(StrCat(what, ": ", strerror(error))));
}

class PosixFile : public File {
 public:
  PosixFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  ~PosixFile() override { ::close(fd_); }

  absl::StatusOr<size_t> ReadAt(uint64_t offset, char* buffer, size_t n) const override {
    size_t done = 0;
    while (done < n) {
      const ssize_t got = ::pread(fd_, buffer + done, n - done, static_cast<off_t>(offset + done));
      if (got == 0) break;
      if (got < 0) {
        if (errno == EINTR) continue;
        return ErrnoStatus(errno, StrCat("read of ", n, " bytes at ", offset, " of ", path_));
      }
      done += static_cast<size_t>(got);
    }
    return done;
  }

  absl::Status WriteAt(uint64_t offset, std::string_view data) override {
    size_t done = 0;
    while (done < data.size()) {
      const ssize_t put =
          ::pwrite(fd_, data.data() + done, data.size() - done, static_cast<off_t>(offset + done));
      if (put < 0) {
        if (errno == EINTR) continue;
        return ErrnoStatus(errno,
                           StrCat("write of ", data.size(), " bytes at ", offset, " of ", path_));
      }
      done += static_cast<size_t>(put);
    }
    return absl::OkStatus();
  }

  absl::Status Sync() override {
    if (::fdatasync(fd_) == 0) return absl::OkStatus();
    return ErrnoStatus(errno, StrCat("sync of ", path_));
  }

  absl::Status Truncate(uint64_t size) override {
    if (::ftruncate(fd_, static_cast<off_t>(size)) == 0) return absl::OkStatus();
    return ErrnoStatus(errno, StrCat("truncation of ", path_, " to ", size, " bytes"));
  }

  absl::StatusOr<uint64_t> Size() const override {
    struct stat st;
    if (::fstat(fd_, &st) != 0) return ErrnoStatus(errno, StrCat("stat of ", path_));
    return static_cast<uint64_t>(st.st_size);
  }

  const std::string& path() const override { return path_; }

 private:
  const int fd_;
  const std::string path_;
};

class PosixLock : public FileLock {
 public:
  explicit PosixLock(int fd) : fd_(fd) {}
  ~PosixLock() override { ::close(fd_); }

 private:
  const int fd_;
};

class PosixFileSystemImpl : public FileSystem {
 public:
  absl::StatusOr<std::unique_ptr<File>> OpenRead(const std::string& path) override {
    return OpenFile(path, O_RDONLY, "open");
  }
  absl::StatusOr<std::unique_ptr<File>> Create(const std::string& path) override {
    return OpenFile(path, O_RDWR | O_CREAT | O_EXCL, "creation");
  }

  absl::Status Rename(const std::string& from, const std::string& to) override {
    if (std::rename(from.c_str(), to.c_str()) == 0) return absl::OkStatus();
    return ErrnoStatus(errno, StrCat("renaming of ", from, " to ", to));
  }

  absl::Status Link(const std::string& from, const std::string& to) override {
    if (::link(from.c_str(), to.c_str()) == 0) return absl::OkStatus();
    return ErrnoStatus(errno, StrCat("linking of ", from, " as ", to));
  }

  absl::Status Remove(const std::string& path) override {
    if (::unlink(path.c_str()) == 0) return absl::OkStatus();
    return ErrnoStatus(errno, StrCat("removal of ", path));
  }

  absl::StatusOr<std::vector<std::string>> List(const std::string& directory) override {
    DIR* dir = ::opendir(directory.c_str());
    if (dir == nullptr) return ErrnoStatus(errno, StrCat("listing of ", directory));
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(dir)) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    ::closedir(dir);
    std::sort(names.begin(), names.end());
    return names;
  }

  absl::Status MakeDirs(const std::string& directory) override {
    for (size_t end = directory.find('/', 1); true; end = directory.find('/', end + 1)) {
      const std::string part = directory.substr(0, end);
      if (::mkdir(part.c_str(), 0777) != 0 && errno != EEXIST) {
        return ErrnoStatus(errno, StrCat("creation of directory ", part));
      }
      if (end == std::string::npos) break;
    }
    struct stat st;
    if (::stat(directory.c_str(), &st) == 0 && S_ISDIR(st.st_mode)) return absl::OkStatus();
    return absl::InternalError(StrCat(directory, " is not a directory"));
  }

  absl::Status SyncDir(const std::string& directory) override {
    const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return ErrnoStatus(errno, StrCat("open of directory ", directory));
    const int result = ::fsync(fd);
    const int error = errno;
    ::close(fd);
    if (result == 0) return absl::OkStatus();
    return ErrnoStatus(error, StrCat("sync of directory ", directory));
  }

  absl::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path) override {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) return ErrnoStatus(errno, StrCat("open of lock file ", path));
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
      const int error = errno;
      ::close(fd);
      if (error != EWOULDBLOCK) return ErrnoStatus(error, StrCat("locking of ", path));
      return absl::FailedPreconditionError(StrCat(path, " is locked by another process"));
    }
    return std::make_unique<PosixLock>(fd);
  }

 private:
  static absl::StatusOr<std::unique_ptr<File>> OpenFile(const std::string& path, int flags,
                                                        std::string_view operation) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
    if (fd < 0) return ErrnoStatus(errno, StrCat(operation, " of ", path));
    return std::make_unique<PosixFile>(fd, path);
  }
};

}  // namespace

FileSystem& PosixFileSystem() {
  static PosixFileSystemImpl instance;
  return instance;
}

}  // namespace hearth
