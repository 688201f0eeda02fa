// server/tsdb_metrics.h
//
// The storage's statistics under the names that Prometheus' dashboards use (prometheus_tsdb_*), and
// as /api/v1/status/tsdb shows them. One row of the table in tsdb_metrics.cc is one metric.
//
// Thread safety: the callbacks may run on any thread. Borrows the storage, which must outlive the
// registry's use.
#ifndef HEARTH_SERVER_TSDB_METRICS_H_
#define HEARTH_SERVER_TSDB_METRICS_H_

#include <memory>

#include "absl/status/statusor.h"
#include "api/v1/dependencies.h"
#include "metrics/registry.h"
#include "server/late_storage.h"
#include "server/shared_stats.h"
#include "tsdb/db.h"

namespace hearth {

// Nothing is shown until the database is open.
void RegisterTsdbMetrics(const std::shared_ptr<SharedStats>& stats, const DbOptions& options,
                         metrics::Registry* registry);

// The tables of /api/v1/status/tsdb, each at most `limit` long. kUnavailable until the database is
// open.
absl::StatusOr<TsdbStatus> ReadTsdbStatus(const LateStorage<Db>& storage, size_t limit);

}  // namespace hearth

#endif  // HEARTH_SERVER_TSDB_METRICS_H_
