// server/log_file.h
//
// A file that lines of JSON are appended to: the query log, the log of failed scrapes.
//
// Thread safety: Append from any thread; a line is one write(2).
#ifndef HEARTH_SERVER_LOG_FILE_H_
#define HEARTH_SERVER_LOG_FILE_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/clock.h"

namespace hearth {

class LogFile {
 public:
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  // Appends to `path`, which is made when there is none. kFailedPrecondition names it and
  // `setting`, which gave it.
  static absl::StatusOr<std::unique_ptr<LogFile>> Open(std::string_view setting,
                                                       const std::string& path);
  // `line` ends with a newline.
  absl::Status Append(const std::string& line);

 private:
  explicit LogFile(int fd) : fd_(fd) {}
  const int fd_;
};

// 2026-01-02T15:04:05.678Z
std::string MillisecondTime(TimeMs t);

}  // namespace hearth

#endif  // HEARTH_SERVER_LOG_FILE_H_
