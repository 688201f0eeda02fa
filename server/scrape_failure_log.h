// server/scrape_failure_log.h
//
// The file that scrape_failure_log_file names: one line of JSON for each scrape that failed, as
// Prometheus writes it.
//
//   {"time":"2026-01-02T15:04:05.678Z","level":"ERROR","msg":"Get \"http://host:1/metrics\": …",
//    "job_name":"node","target":"http://host:1/metrics"}
//
// Thread safety: as FailureLog.
#ifndef HEARTH_SERVER_SCRAPE_FAILURE_LOG_H_
#define HEARTH_SERVER_SCRAPE_FAILURE_LOG_H_

#include "scrape/failure_log.h"

namespace hearth {

// Lines that cannot be written are dropped, and the first of them is a warning in the server's log.
absl::StatusOr<std::shared_ptr<FailureLog>> OpenScrapeFailureLog(const std::string& path);

}  // namespace hearth

#endif  // HEARTH_SERVER_SCRAPE_FAILURE_LOG_H_
