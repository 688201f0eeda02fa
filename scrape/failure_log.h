// scrape/failure_log.h
//
// Where scrapes that fail are told, beside lastError: the file of scrape_failure_log_file. Scraping
// knows what to tell, the server how it is written (server/scrape_failure_log.h).
//
// Thread safety: Write from any thread.
#ifndef HEARTH_SCRAPE_FAILURE_LOG_H_
#define HEARTH_SCRAPE_FAILURE_LOG_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "model/clock.h"

namespace hearth {

struct ScrapeFailure {
  TimeMs t = 0;
  std::string_view job;
  std::string_view url;  // The target's.
  std::string_view error;
};

class FailureLog {
 public:
  virtual ~FailureLog() = default;
  virtual void Write(const ScrapeFailure& failure) = 0;
};

// Opens the log at a path, never an empty one. Its error names the path.
using OpenFailureLog =
    std::function<absl::StatusOr<std::shared_ptr<FailureLog>>(const std::string& path)>;

}  // namespace hearth

#endif  // HEARTH_SCRAPE_FAILURE_LOG_H_
