// server/query_log.h
//
// The file that global.query_log_file names: one line of JSON for each query that has ended, as
// Prometheus writes it.
//
//   {"time":"2026-01-02T15:04:05.678Z","level":"INFO","msg":"promql query
//   logged","params":{"end":…,
//    "query":"up","start":…,"step":0},"stats":{…},"httpRequest":{"clientIP":…,"method":…,"path":…}}
//
// Thread safety: all methods may be called from any thread.
#ifndef HEARTH_SERVER_QUERY_LOG_H_
#define HEARTH_SERVER_QUERY_LOG_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "metrics/registry.h"
#include "model/clock.h"
#include "model/mutex.h"
#include "query/engine.h"
#include "server/log_file.h"

namespace hearth {

class QueryLog {
 public:
  // `registry` outlives the log.
  explicit QueryLog(metrics::Registry* registry);

  // Writes to `file` from now on; null: to nowhere.
  void Use(std::unique_ptr<LogFile> file) LOCKS_EXCLUDED(mu_);
  void Write(const promql::QueryRequest& request, const promql::QueryStats& stats,
             const absl::Status& status, TimeMs now) LOCKS_EXCLUDED(mu_);

 private:
  metrics::Gauge* const enabled_;
  metrics::Counter* const failures_;
  Mutex mu_;
  std::unique_ptr<LogFile> file_ GUARDED_BY(mu_);
};

}  // namespace hearth

#endif  // HEARTH_SERVER_QUERY_LOG_H_
