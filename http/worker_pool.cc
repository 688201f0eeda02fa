#include "http/worker_pool.h"

#include <utility>

namespace hearth::http {

WorkerPool::~WorkerPool() {
  std::vector<std::thread> threads;
  {
    MutexLock lock(&mu_);
    stopping_ = true;
    threads.swap(threads_);
    wake_.SignalAll();
  }
  for (std::thread& thread : threads) thread.join();
}

bool WorkerPool::TrySubmit(std::string_view client, std::function<void()> task) {
  MutexLock lock(&mu_);
  if (queue_.size() >= queue_max_) return false;
  queue_.Push(client, std::move(task));
  if (queue_.size() > idle_ && threads_.size() < threads_max_) {
    threads_.emplace_back([this] { Work(); });
  }
  wake_.Signal();
  return true;
}

void WorkerPool::Work() {
  for (;;) {
    std::function<void()> task;
    {
      MutexLock lock(&mu_);
      ++idle_;
      while (queue_.empty() && !stopping_) wake_.Wait(&mu_);
      --idle_;
      if (queue_.empty()) return;
      task = queue_.Pop();
    }
    task();
  }
}

}  // namespace hearth::http
