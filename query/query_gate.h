// query/query_gate.h
//
// Lets a fixed number of queries run at once; others wait in order of arrival.
//
// Thread safety: all methods may be called from any thread.
#ifndef HEARTH_QUERY_QUERY_GATE_H_
#define HEARTH_QUERY_QUERY_GATE_H_

#include <list>

#include "absl/status/status.h"
#include "model/mutex.h"
#include "query/exec/query_context.h"

namespace hearth::promql {

class QueryGate {
 public:
  explicit QueryGate(int max_running) : max_running_(max_running) {}

  // Waits for a place; the caller must Leave. On error (kDeadlineExceeded, kCancelled) it has none.
  absl::Status Enter(const QueryLimits& limits) LOCKS_EXCLUDED(mu_);
  void Leave() LOCKS_EXCLUDED(mu_);

  int running() const LOCKS_EXCLUDED(mu_);
  int waiting() const LOCKS_EXCLUDED(mu_);

 private:
  // How often a waiting query looks for its cancellation.
  static constexpr int kPollMs = 10;

  const int max_running_;
  mutable Mutex mu_;
  CondVar changed_;
  int running_ GUARDED_BY(mu_) = 0;
  std::list<int> queue_
      GUARDED_BY(mu_);  // An element for each waiter, first come first; its place is its identity.
};

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_QUERY_GATE_H_
