#include "server/memory_guard.h"

#include <algorithm>
#include <utility>

namespace hearth {

MemoryGuard::MemoryGuard(int64_t limit_bytes)
    : budget_(limit_bytes),
      work_("--memory-limit", limit_bytes, nullptr, ByteAccount::Bound::kWhatIsLeft),
      policy_(std::max<int64_t>(limit_bytes, 1)) {}

MemoryGuard::~MemoryGuard() { Stop(); }

void MemoryGuard::Start(MemoryGuardOptions options) {
  if (budget_.limit_bytes() == 0) return;
  options_ = std::move(options);
  thread_ = std::thread([this] { Run(); });
}

void MemoryGuard::Stop() {
  {
    MutexLock lock(&mu_);
    stop_ = true;
    stopped_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
}

MemoryPressure MemoryGuard::Look() {
  const MemoryReading reading = {
      .resident = options_.resident_bytes(), .flush = options_.flush_bytes(), .work = work_.held()};
  const MemoryVerdict verdict = policy_.Judge(reading);
  budget_.Set(verdict.pressure, verdict.room);
  work_.SetMax(verdict.work_max);
  return verdict.pressure;
}

void MemoryGuard::Run() {
  MemoryPressure before = MemoryPressure::kNone;
  for (;;) {
    const MemoryPressure pressure = Look();
    if (std::max(pressure, before) > MemoryPressure::kNone) options_.relieve(pressure);
    before = pressure;
    MutexLock lock(&mu_);
    if (!stop_) stopped_.WaitFor(&mu_, options_.interval);
    if (stop_) return;
  }
}

}  // namespace hearth
