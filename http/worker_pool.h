// http/worker_pool.h
//
// A fixed number of threads behind one bounded queue, first come first served.
//
// Thread safety: all methods may be called from any thread.
#ifndef HEARTH_HTTP_WORKER_POOL_H_
#define HEARTH_HTTP_WORKER_POOL_H_

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "model/mutex.h"

namespace hearth::http {

class WorkerPool {
 public:
  // At most `queue_max` tasks wait.
  WorkerPool(int threads, size_t queue_max);
  // Runs what is queued, then joins. Not from a worker.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False, without taking the task, when the queue is full.
  [[nodiscard]] bool TrySubmit(std::function<void()> task) LOCKS_EXCLUDED(mu_);

 private:
  void Work() LOCKS_EXCLUDED(mu_);

  const size_t queue_max_;
  Mutex mu_;
  CondVar wake_;
  std::deque<std::function<void()>> queue_ GUARDED_BY(mu_);
  bool stopping_ GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_;  // Constant after construction.
};

}  // namespace hearth::http

#endif  // HEARTH_HTTP_WORKER_POOL_H_
