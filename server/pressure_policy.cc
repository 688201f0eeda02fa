#include "server/pressure_policy.h"

#include <algorithm>

namespace hearth {
namespace {

// In hundredths of the limit.
constexpr int64_t kShrinkAt = 75;
constexpr int64_t kFlushAt = 84;
constexpr int64_t kRefuseAt = 90;
constexpr int64_t kWorkUpTo = 94;
constexpr int64_t kFullAt = 97;
constexpr int64_t kSpare = 3;

}  // namespace

MemoryPressure PressurePolicy::LevelOf(const MemoryReading& reading, int64_t spare) const {
  const auto at = [&](int64_t hundredths) { return limit_ / 100 * (hundredths - spare); };
  const int64_t taken = reading.resident + reading.flush;
  if (reading.resident >= at(kFullAt)) return MemoryPressure::kFull;
  // Queries and requests go by themselves: they are no reason to refuse series, nor to flush.
  const int64_t staying = taken - std::min(reading.work, reading.resident);
  if (staying >= at(kRefuseAt)) return MemoryPressure::kRefuse;
  if (staying >= at(kFlushAt)) return MemoryPressure::kFlush;
  return taken >= at(kShrinkAt) ? MemoryPressure::kShrink : MemoryPressure::kNone;
}

MemoryVerdict PressurePolicy::Judge(const MemoryReading& reading) {
  pressure_ = std::max(LevelOf(reading, 0), std::min(pressure_, LevelOf(reading, kSpare)));
  const int64_t staying = reading.resident + reading.flush - reading.work;
  MemoryVerdict verdict;
  verdict.pressure = pressure_;
  verdict.room = std::max<int64_t>(0, limit_ / 100 * kRefuseAt - staying);
  verdict.work_max = std::max({limit_ / 100 * kWorkUpTo - staying, kWorkMinBytes, limit_ / 16});
  return verdict;
}

}  // namespace hearth
