// query/query_observer.h
//
// Hears of every query that an engine runs: for the query log and for the list of active queries.
//
// Thread safety: called from the threads of the queries.
#ifndef HEARTH_QUERY_QUERY_OBSERVER_H_
#define HEARTH_QUERY_QUERY_OBSERVER_H_

#include <cstddef>

#include "absl/status/status.h"

namespace hearth::promql {

struct QueryRequest;
struct QueryStats;

class QueryObserver {
 public:
  virtual ~QueryObserver() = default;

  // A query has parsed and its wait is over. What is returned comes back in Left.
  virtual size_t Entered(const QueryRequest& request) = 0;
  virtual void Left(size_t token) = 0;
  // A query that parsed has ended, well or not; one that gave up waiting never Entered.
  virtual void Ended(const QueryRequest& request, const QueryStats& stats,
                     const absl::Status& status) = 0;
};

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_QUERY_OBSERVER_H_
