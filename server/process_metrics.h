// server/process_metrics.h
//
// The process_* metrics that dashboards use: CPU, memory, file descriptors, start time, from
// /proc/self.
//
// Thread safety: reading is safe from any thread.
#ifndef HEARTH_SERVER_PROCESS_METRICS_H_
#define HEARTH_SERVER_PROCESS_METRICS_H_

#include <cstdint>

#include "metrics/registry.h"

namespace hearth {

struct ProcessStats {
  double cpu_seconds = 0;
  int64_t resident_bytes = 0;
  int64_t virtual_bytes = 0;
  int64_t open_fds = 0;
  int64_t max_fds = 0;
  double start_time_s = 0;  // Since the epoch.
  int threads = 0;
};

// What /proc says now; fields it cannot read stay 0.
ProcessStats ReadProcessStats();

void RegisterProcessMetrics(metrics::Registry* registry);

}  // namespace hearth

#endif  // HEARTH_SERVER_PROCESS_METRICS_H_
