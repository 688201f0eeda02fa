// server/memory_guard.h
//
// MemoryGuard: keeps the process below --memory-limit. Compares what the kernel says it takes with
// the limit, four times a second, and tells everybody who takes memory:
//
//   budget()  head, compactor and writers: the level of pressure, room for new series
//   work()    queries and request bodies: what is left for them, to be charged before it is taken
//
// and has `relieve` called in its own thread while there is pressure. Without a limit it does
// nothing: there is no thread then, and work() has no bound.
//
// Thread safety: budget() and work() from any thread; Start once. Lifetime: outlives all that asks
// the two; Stop before what the functions of the options use goes.
#ifndef HEARTH_SERVER_MEMORY_GUARD_H_
#define HEARTH_SERVER_MEMORY_GUARD_H_

#include <chrono>
#include <functional>
#include <thread>

#include "model/byte_account.h"
#include "model/memory_budget.h"
#include "model/mutex.h"
#include "server/pressure_policy.h"

namespace hearth {

struct MemoryGuardOptions {
  std::chrono::milliseconds interval{250};
  std::function<int64_t()> resident_bytes;
  std::function<int64_t()> flush_bytes;  // See MemoryReading::flush.
  // While there is pressure, and once when it has gone. May take a while.
  std::function<void(MemoryPressure)> relieve;
};

class MemoryGuard {
 public:
  explicit MemoryGuard(int64_t limit_bytes);  // 0 = none.
  ~MemoryGuard();                             // Stops.

  void Start(MemoryGuardOptions options);
  void Stop() LOCKS_EXCLUDED(mu_);

  // Null without a limit, as it is handed to storage.
  MemoryBudget* budget_or_null() { return budget_.limit_bytes() > 0 ? &budget_ : nullptr; }
  const MemoryBudget& budget() const { return budget_; }
  ByteAccount* work() { return &work_; }
  const ByteAccount& work() const { return work_; }

 private:
  void Run() LOCKS_EXCLUDED(mu_);
  MemoryPressure Look();

  MemoryBudget budget_;
  ByteAccount work_;
  MemoryGuardOptions options_;  // Constant after Start, as policy_ is the thread's alone.
  PressurePolicy policy_;
  Mutex mu_;
  CondVar stopped_;
  bool stop_ GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace hearth

#endif  // HEARTH_SERVER_MEMORY_GUARD_H_
