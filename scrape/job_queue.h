// scrape/job_queue.h
//
// The threads that inflate, parse and append scraped bodies. Without threads jobs run where they
// are posted, so that tests are deterministic. The queue is bounded by its users: each target has
// at most one job in it.
//
// Thread safety: all methods may be called from any thread.
#ifndef HEARTH_SCRAPE_JOB_QUEUE_H_
#define HEARTH_SCRAPE_JOB_QUEUE_H_

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "model/mutex.h"

namespace hearth {

class JobQueue {
 public:
  explicit JobQueue(int threads);
  ~JobQueue() { Stop(); }
  JobQueue(const JobQueue&) = delete;
  JobQueue& operator=(const JobQueue&) = delete;

  // After Stop the job is dropped.
  void Post(std::function<void()> job) LOCKS_EXCLUDED(mu_);
  // Drops what waits, finishes what runs, joins. Not from a job.
  void Stop() LOCKS_EXCLUDED(mu_);

 private:
  void Work() LOCKS_EXCLUDED(mu_);

  Mutex mu_;
  CondVar wake_;
  std::deque<std::function<void()>> jobs_ GUARDED_BY(mu_);
  bool stopped_ GUARDED_BY(mu_) = false;
  const bool inline_;
  std::vector<std::thread> threads_;  // Touched by the constructor and the first Stop only.
};

}  // namespace hearth

#endif  // HEARTH_SCRAPE_JOB_QUEUE_H_
