#include "server/log_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/time/time.h"
#include "model/text.h"

namespace hearth {

LogFile::~LogFile() { close(fd_); }

absl::StatusOr<std::unique_ptr<LogFile>> LogFile::Open(std::string_view setting,
                                                       const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) {
    return absl::FailedPreconditionError(
        StrCat(setting, ": open ", path, ": ", std::strerror(errno)));
  }
  return std::unique_ptr<LogFile>(new LogFile(fd));
}

absl::Status LogFile::Append(const std::string& line) {
  const ssize_t n = write(fd_, line.data(), line.size());
  if (n == static_cast<ssize_t>(line.size())) return absl::OkStatus();
  return absl::InternalError(StrCat("log file: wrote ", n, " of ", line.size(), " bytes"));
}

std::string MillisecondTime(TimeMs t) {
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%E3SZ", absl::FromUnixMillis(t), absl::UTCTimeZone());
}

}  // namespace hearth
