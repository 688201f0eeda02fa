#include "model/memory_budget.h"

#include "model/text.h"

namespace hearth {

absl::Status MemoryBudget::TakeForSeries(int64_t bytes) {
  if (limit_bytes_ == 0) return absl::OkStatus();
  // What was refused stays taken until the next measurement: then there is no room for anybody.
  if (!AtLeast(MemoryPressure::kRefuse) &&
      room_.fetch_sub(bytes, std::memory_order_relaxed) >= bytes) {
    return absl::OkStatus();
  }
  refused_series_.fetch_add(1, std::memory_order_relaxed);
  return absl::UnavailableError(
      StrCat("no memory for new series below --memory-limit=", limit_bytes_, " bytes"));
}

absl::Status MemoryBudget::AllowWrite() {
  if (!AtLeast(MemoryPressure::kFull)) return absl::OkStatus();
  refused_writes_.fetch_add(1, std::memory_order_relaxed);
  return absl::UnavailableError(
      StrCat("no memory for samples below --memory-limit=", limit_bytes_, " bytes"));
}

void MemoryBudget::Set(MemoryPressure level, int64_t room_bytes) {
  room_.store(room_bytes, std::memory_order_relaxed);
  pressure_.store(level, std::memory_order_relaxed);
}

}  // namespace hearth
