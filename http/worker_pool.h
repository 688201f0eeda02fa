// http/worker_pool.h
//
// Threads behind one bounded queue, made when they are needed. Of tasks that wait, the first of
// each client are taken in turn.
//
// Thread safety: all methods may be called from any thread.
#ifndef HEARTH_HTTP_WORKER_POOL_H_
#define HEARTH_HTTP_WORKER_POOL_H_

#include <functional>
#include <string_view>
#include <thread>
#include <vector>

#include "model/fair_queue.h"
#include "model/mutex.h"

namespace hearth::http {

class WorkerPool {
 public:
  // At most `threads_max` threads; at most `queue_max` tasks wait.
  WorkerPool(int threads_max, size_t queue_max)
      : threads_max_(static_cast<size_t>(threads_max)), queue_max_(queue_max) {}
  // Runs what is queued, then joins. Not from a worker.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False, without taking the task, when the queue is full.
  [[nodiscard]] bool TrySubmit(std::string_view client, std::function<void()> task)
      LOCKS_EXCLUDED(mu_);

 private:
  void Work() LOCKS_EXCLUDED(mu_);

  const size_t threads_max_, queue_max_;
  Mutex mu_;
  CondVar wake_;
  FairQueue<std::function<void()>> queue_ GUARDED_BY(mu_);
  size_t idle_ GUARDED_BY(mu_) = 0;  // Threads that wait for a task.
  bool stopping_ GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_ GUARDED_BY(mu_);
};

}  // namespace hearth::http

#endif  // HEARTH_HTTP_WORKER_POOL_H_
