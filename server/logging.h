// server/logging.h
//
// Sets up spdlog's default logger the way Prometheus logs: one line on stderr, logfmt or JSON, time
// in UTC.
//
//   time=2026-01-02T15:04:05.678Z level=INFO msg="Server is ready to receive web requests."
//
// Thread safety: call once, before threads start; logging itself is safe from any thread.
#ifndef HEARTH_SERVER_LOGGING_H_
#define HEARTH_SERVER_LOGGING_H_

#include <string_view>

namespace hearth {

// level: debug, info, warn or error; format: logfmt or json (both checked by the flag parser).
void SetUpLogging(std::string_view level, std::string_view format);

}  // namespace hearth

#endif  // HEARTH_SERVER_LOGGING_H_
