#include "rules/evaluation_pool.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>

namespace hearth {
namespace {

// Tasks that several threads take from. Shared: a helper may come when all are done.
class TaskList {
 public:
  explicit TaskList(std::vector<std::function<void()>> tasks) : tasks_(std::move(tasks)) {}

  void RunSome() LOCKS_EXCLUDED(mu_) {
    size_t done = 0;
    for (size_t i = next_++; i < tasks_.size(); i = next_++, ++done) tasks_[i]();
    if (done == 0) return;
    MutexLock lock(&mu_);
    done_ += done;
    if (done_ == tasks_.size()) all_done_.SignalAll();
  }
  void Wait() LOCKS_EXCLUDED(mu_) {
    MutexLock lock(&mu_);
    while (done_ < tasks_.size()) all_done_.Wait(&mu_);
  }

 private:
  const std::vector<std::function<void()>> tasks_;
  std::atomic<size_t> next_{0};
  Mutex mu_;
  CondVar all_done_;
  size_t done_ GUARDED_BY(mu_) = 0;
};

}  // namespace

void EvaluationPool::Add(std::function<void()> job) {
  jobs_.push_back(std::move(job));
  if (jobs_.size() > idle_ && threads_.size() < threads_max_) {
    threads_.emplace_back([this] { Work(); });
  }
  wake_.Signal();
}

void EvaluationPool::Post(std::function<void()> job) {
  if (threads_max_ == 0) return job();
  MutexLock lock(&mu_);
  if (!stopped_) Add(std::move(job));
}

void EvaluationPool::RunTasks(std::vector<std::function<void()>> tasks) {
  const size_t count = tasks.size();
  const auto list = std::make_shared<TaskList>(std::move(tasks));
  {
    MutexLock lock(&mu_);
    for (size_t i = 1; i < count && helping_ < helpers_max_ && !stopped_; ++i) {
      ++helping_;
      Add([this, list] {
        list->RunSome();
        MutexLock done(&mu_);
        --helping_;
      });
    }
  }
  list->RunSome();
  list->Wait();
}

void EvaluationPool::Work() {
  while (true) {
    std::function<void()> job;
    {
      MutexLock lock(&mu_);
      ++idle_;
      while (jobs_.empty() && !stopped_) wake_.Wait(&mu_);
      --idle_;
      if (stopped_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

void EvaluationPool::Stop() {
  std::vector<std::thread> threads;
  {
    MutexLock lock(&mu_);
    stopped_ = true;
    jobs_.clear();
    threads.swap(threads_);
    wake_.SignalAll();
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace hearth
