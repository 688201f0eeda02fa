// rules/evaluation_pool.h
//
// The threads that evaluate groups. They are made when they are needed. A group may spread tasks
// over those that are idle.
//
// Thread safety: all methods may be called from any thread.
#ifndef HEARTH_RULES_EVALUATION_POOL_H_
#define HEARTH_RULES_EVALUATION_POOL_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "model/mutex.h"

namespace hearth {

class EvaluationPool {
 public:
  // At most so many threads, of which so many may help groups with their tasks. Without threads
  // jobs run where they are posted, so that tests are deterministic.
  EvaluationPool(size_t threads_max, size_t helpers_max)
      : threads_max_(threads_max), helpers_max_(helpers_max) {}
  ~EvaluationPool() { Stop(); }
  EvaluationPool(const EvaluationPool&) = delete;
  EvaluationPool& operator=(const EvaluationPool&) = delete;

  // A group's evaluation. After Stop it is dropped.
  void Post(std::function<void()> job) LOCKS_EXCLUDED(mu_);
  // Runs all tasks, on this thread and on others as far as there are free ones. Returns when all
  // are done, also after Stop.
  void RunTasks(std::vector<std::function<void()>> tasks) LOCKS_EXCLUDED(mu_);
  // Drops what waits, finishes what runs, joins. Not from a job.
  void Stop() LOCKS_EXCLUDED(mu_);

 private:
  void Add(std::function<void()> job) EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Work() LOCKS_EXCLUDED(mu_);

  const size_t threads_max_, helpers_max_;

  Mutex mu_;
  CondVar wake_;
  std::deque<std::function<void()>> jobs_ GUARDED_BY(mu_);
  std::vector<std::thread> threads_ GUARDED_BY(mu_);
  size_t idle_ GUARDED_BY(mu_) = 0;     // Threads that wait for a job.
  size_t helping_ GUARDED_BY(mu_) = 0;  // Jobs of RunTasks that wait or run.
  bool stopped_ GUARDED_BY(mu_) = false;
};

}  // namespace hearth

#endif  // HEARTH_RULES_EVALUATION_POOL_H_
