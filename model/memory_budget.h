// model/memory_budget.h
//
// What is left of --memory-limit, for those who take memory: a level of pressure, and room for
// memory that stays. Who measures (server/memory_guard.h) sets both several times a second; the
// head, the compactor and the receivers ask. Where nobody measures there is no pressure and room
// without end.
//
// Thread safety: all methods may be called from any thread; asking costs a relaxed load.
#ifndef HEARTH_MODEL_MEMORY_BUDGET_H_
#define HEARTH_MODEL_MEMORY_BUDGET_H_

#include <atomic>
#include <cstdint>
#include <limits>

#include "absl/status/status.h"

namespace hearth {

// Each includes those before it.
enum class MemoryPressure : uint8_t {
  kNone = 0,
  kShrink,  // Caches give memory back.
  kFlush,   // Open chunks are closed, windows are flushed before their time.
  kRefuse,  // No new series; known ones are written on.
  kFull,    // No writes.
};

class MemoryBudget {
 public:
  // `limit_bytes` stands in errors; 0 = there is none.
  explicit MemoryBudget(int64_t limit_bytes = 0) : limit_bytes_(limit_bytes) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  int64_t limit_bytes() const { return limit_bytes_; }
  MemoryPressure pressure() const { return pressure_.load(std::memory_order_relaxed); }
  bool AtLeast(MemoryPressure level) const { return pressure() >= level; }

  // For `bytes` that will stay, about to be taken for a new series: kUnavailable at kRefuse, and
  // when more has been taken since the last measurement than it left room for. Counts refusals.
  absl::Status TakeForSeries(int64_t bytes);
  // Whether samples may be written at all: kUnavailable at kFull. Counts refusals.
  absl::Status AllowWrite();

  // By who measures: the level, and room for memory that stays until the next measurement.
  void Set(MemoryPressure level, int64_t room_bytes);

  uint64_t refused_series() const { return refused_series_.load(std::memory_order_relaxed); }
  uint64_t refused_writes() const { return refused_writes_.load(std::memory_order_relaxed); }

 private:
  const int64_t limit_bytes_;
  std::atomic<MemoryPressure> pressure_{MemoryPressure::kNone};
  std::atomic<int64_t> room_{std::numeric_limits<int64_t>::max()};
  std::atomic<uint64_t> refused_series_{0}, refused_writes_{0};
};

}  // namespace hearth

#endif  // HEARTH_MODEL_MEMORY_BUDGET_H_
