#include "query/query_gate.h"

#include <chrono>

namespace hearth::promql {

absl::Status QueryGate::Enter(const QueryLimits& limits) {
  MutexLock lock(&mu_);
  const auto me = queue_.insert(queue_.end(), 0);
  absl::Status status = limits.Check("query queue");
  while (status.ok() && (me != queue_.begin() || running_ >= max_running_)) {
    changed_.WaitFor(&mu_, std::chrono::milliseconds(kPollMs));
    status = limits.Check("query queue");
  }
  queue_.erase(me);
  if (status.ok()) ++running_;
  changed_.SignalAll();
  return status;
}

void QueryGate::Leave() {
  MutexLock lock(&mu_);
  --running_;
  changed_.SignalAll();
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
