// server/memory_relief.h
//
// MemoryRelief: what is done about memory pressure, cheapest first. Caches shrink and the
// allocator's free pages go back; then large open chunks move to disk and the compactor is woken,
// which flushes what it can (tsdb/compact/early_flush.h). Refusing is not its business: those who
// take memory ask the budget.
//
// Thread safety: none; the guard's thread calls it. Borrows storage and engine.
#ifndef HEARTH_SERVER_MEMORY_RELIEF_H_
#define HEARTH_SERVER_MEMORY_RELIEF_H_

#include <chrono>

#include "model/memory_budget.h"
#include "query/engine.h"
#include "server/late_storage.h"
#include "tsdb/db.h"

namespace hearth {

class MemoryRelief {
 public:
  explicit MemoryRelief(const LateStorage<Db>* storage) : storage_(storage) {}

  void Relieve(MemoryPressure pressure, promql::Engine* engine);

 private:
  using Clock = std::chrono::steady_clock;

  const LateStorage<Db>* const storage_;
  MemoryPressure before_ = MemoryPressure::kNone;
  Clock::time_point purge_at_, close_at_;  // When next, at the earliest.
};

}  // namespace hearth

#endif  // HEARTH_SERVER_MEMORY_RELIEF_H_
