// query/query_gate.h
//
// Lets a fixed number of queries run at once. Others wait, in order of arrival for each client, and
// the clients take turns.
//
// Thread safety: all methods may be called from any thread.
#ifndef HEARTH_QUERY_QUERY_GATE_H_
#define HEARTH_QUERY_QUERY_GATE_H_

#include <string_view>

#include "absl/status/status.h"
#include "model/fair_queue.h"
#include "model/mutex.h"
#include "query/exec/query_context.h"

namespace hearth::promql {

class QueryGate {
 public:
  explicit QueryGate(int max_running) : max_running_(max_running) {}

  // Waits for a place; the caller must Leave. On error (kDeadlineExceeded, kCancelled) it has none.
  absl::Status Enter(const QueryLimits& limits, std::string_view client) LOCKS_EXCLUDED(mu_);
  void Leave() LOCKS_EXCLUDED(mu_);

  int running() const LOCKS_EXCLUDED(mu_);
  int waiting() const LOCKS_EXCLUDED(mu_);

 private:
  struct Waiter {
    CondVar changed;
    bool admitted = false;
  };
  // How often a waiting query looks for its cancellation.
  static constexpr int kPollMs = 20;

  const int max_running_;
  mutable Mutex mu_;
  int running_ GUARDED_BY(mu_) = 0;
  FairQueue<Waiter*> queue_ GUARDED_BY(mu_);
};

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_QUERY_GATE_H_
