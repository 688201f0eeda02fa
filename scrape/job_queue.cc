#include "scrape/job_queue.h"

#include <utility>

namespace hearth {

JobQueue::JobQueue(int threads) : inline_(threads == 0) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

void JobQueue::Post(std::function<void()> job) {
  {
    MutexLock lock(&mu_);
    if (stopped_) return;
    if (!inline_) {
      jobs_.push_back(std::move(job));
      wake_.Signal();
      return;
    }
  }
  job();
}

void JobQueue::Stop() {
  {
    MutexLock lock(&mu_);
    if (stopped_) return;
    stopped_ = true;
    jobs_.clear();
    wake_.SignalAll();
  }
  for (std::thread& thread : threads_) thread.join();
}

void JobQueue::Work() {
  while (true) {
    std::function<void()> job;
    {
      MutexLock lock(&mu_);
      while (jobs_.empty() && !stopped_) wake_.Wait(&mu_);
      if (stopped_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

}  // namespace hearth
