// api/v1/query_stats.h
//
// The statistics of a query as Prometheus writes them, in answers and in the query log.
//
// Thread safety: pure functions.
#ifndef HEARTH_API_V1_QUERY_STATS_H_
#define HEARTH_API_V1_QUERY_STATS_H_

#include "api/v1/json_writer.h"
#include "query/engine.h"

namespace hearth {

// {"timings":{…},"samples":{…}}: a value, after a key. Steps are those of `request`.
void WriteQueryStats(const promql::QueryStats& stats, const promql::QueryRequest& request,
                     JsonWriter* json);

}  // namespace hearth

#endif  // HEARTH_API_V1_QUERY_STATS_H_
