// tsdb/head/log_capture.h
//
// LogCapture: the lines that the process logs while it lives, without time and level. Testonly; one
// at a time.
//
// Thread safety: lines may be logged from any thread.
#ifndef HEARTH_TSDB_HEAD_LOG_CAPTURE_H_
#define HEARTH_TSDB_HEAD_LOG_CAPTURE_H_

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "spdlog/sinks/ostream_sink.h"
#include "spdlog/spdlog.h"

namespace hearth {

class LogCapture {
 public:
  LogCapture() : before_(spdlog::default_logger()) {
    const auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(text_);
    sink->set_pattern("%v");
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("capture", sink));
  }
  ~LogCapture() { spdlog::set_default_logger(before_); }

  std::vector<std::string> lines() const {
    std::vector<std::string> lines;
    std::istringstream in(text_.str());
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }

 private:
  std::ostringstream text_;
  const std::shared_ptr<spdlog::logger> before_;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_HEAD_LOG_CAPTURE_H_
