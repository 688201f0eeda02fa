#include "query/query_gate.h"

#include <chrono>

#include "model/status.h"

namespace hearth::promql {

absl::Status QueryGate::Enter(const QueryLimits& limits, std::string_view client) {
  HEARTH_RETURN_IF_ERROR(limits.Check("query queue"));
  MutexLock lock(&mu_);
  if (running_ < max_running_) {
    ++running_;
    return absl::OkStatus();
  }
  Waiter me;
  queue_.Push(client, &me);
  absl::Status status;
  while (!me.admitted && status.ok()) {
    me.changed.WaitFor(&mu_, std::chrono::milliseconds(kPollMs));
    if (!me.admitted) status = limits.Check("query queue");
  }
  if (!me.admitted) queue_.Remove(client, &me);
  return status;
}

void QueryGate::Leave() {
  MutexLock lock(&mu_);
  if (queue_.empty()) {
    --running_;
    return;
  }
  // The place goes to the next one.
  Waiter* const next = queue_.Pop();
  next->admitted = true;
  next->changed.Signal();
}

int QueryGate::running() const {
  MutexLock lock(&mu_);
  return running_;
}

int QueryGate::waiting() const {
  MutexLock lock(&mu_);
  return static_cast<int>(queue_.size());
}

}  // namespace hearth::promql
