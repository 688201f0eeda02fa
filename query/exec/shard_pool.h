// query/exec/shard_pool.h
//
// Threads that help queries with their shards. The calling thread works too, so a pool of no
// threads does everything inline and a busy pool never blocks a query. Results do not depend on who
// did what: each task writes its own place.
//
// Thread safety: Run may be called from any thread, but not from inside a task.
#ifndef HEARTH_QUERY_EXEC_SHARD_POOL_H_
#define HEARTH_QUERY_EXEC_SHARD_POOL_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "model/mutex.h"

namespace hearth::promql {

class ShardPool {
 public:
  // `helpers` threads besides the callers'; 0 is fine.
  explicit ShardPool(int helpers);
  ~ShardPool();
  ShardPool(const ShardPool&) = delete;
  ShardPool& operator=(const ShardPool&) = delete;

  // Calls task(0) … task(count - 1), each once, and returns when all are done.
  void Run(size_t count, const std::function<void(size_t)>& task) LOCKS_EXCLUDED(mu_);

 private:
  struct Batch;
  void Help() LOCKS_EXCLUDED(mu_);

  Mutex mu_;
  CondVar work_;  // A batch came, or the end.
  CondVar done_;  // Some batch is complete.
  std::deque<std::shared_ptr<Batch>> batches_ GUARDED_BY(mu_);
  bool stopping_ GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_EXEC_SHARD_POOL_H_
