#include "query/exec/shard_pool.h"

#include <algorithm>

namespace hearth::promql {

// All members but `task` are guarded by the pool's lock. `task` is valid while tasks are
// unfinished.
struct ShardPool::Batch {
  const std::function<void(size_t)>* task;
  size_t count;
  size_t next = 0;  // First task that nobody has taken.
  size_t finished = 0;
};

ShardPool::ShardPool(int helpers) {
  for (int i = 0; i < helpers; ++i) threads_.emplace_back([this] { Help(); });
}

ShardPool::~ShardPool() {
  {
    MutexLock lock(&mu_);
    stopping_ = true;
    work_.SignalAll();
  }
  for (std::thread& thread : threads_) thread.join();
}

void ShardPool::Run(size_t count, const std::function<void(size_t)>& task) {
  if (threads_.empty() || count <= 1) {
    for (size_t i = 0; i < count; ++i) task(i);
    return;
  }
  auto batch = std::make_shared<Batch>(Batch{.task = &task, .count = count});
  mu_.Lock();
  batches_.push_back(batch);
  work_.SignalAll();
  while (batch->next < batch->count) {
    const size_t i = batch->next++;
    mu_.Unlock();
    task(i);
    mu_.Lock();
    ++batch->finished;
  }
  batches_.erase(std::remove(batches_.begin(), batches_.end(), batch), batches_.end());
  while (batch->finished < batch->count) done_.Wait(&mu_);
  mu_.Unlock();
}

void ShardPool::Help() {
  mu_.Lock();
  while (!stopping_) {
    if (batches_.empty()) {
      work_.Wait(&mu_);
      continue;
    }
    const std::shared_ptr<Batch> batch = batches_.front();
    if (batch->next >= batch->count) {
      batches_.pop_front();
      continue;
    }
    const size_t i = batch->next++;
    mu_.Unlock();
    (*batch->task)(i);
    mu_.Lock();
    if (++batch->finished == batch->count) done_.SignalAll();
  }
  mu_.Unlock();
}

}  // namespace hearth::promql
