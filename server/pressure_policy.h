// server/pressure_policy.h
//
// From what the process takes to a level of pressure. Of the limit:
//
//   75 %  kShrink   caches give back
//   84 %  kFlush    open chunks are closed, windows flushed
//   90 %  kRefuse   no new series
//   97 %  kFull     no writes; here resident memory alone counts
//
// A flush needs memory before it gives any back, so what the next one would take counts as taken:
// the head never grows beyond what can still be flushed. A level goes only when there are three per
// cent to spare, so that it does not come and go.
//
// Thread safety: none.
#ifndef HEARTH_SERVER_PRESSURE_POLICY_H_
#define HEARTH_SERVER_PRESSURE_POLICY_H_

#include <cstdint>

#include "model/memory_budget.h"

namespace hearth {

// In bytes.
struct MemoryReading {
  int64_t resident = 0;
  int64_t flush = 0;  // What a flush takes; also while one runs, so that it keeps its room.
  int64_t work = 0;   // Of resident: charged by queries and requests, and gone when they are.
};

struct MemoryVerdict {
  MemoryPressure pressure = MemoryPressure::kNone;
  int64_t room = 0;      // For memory that stays, until kRefuse.
  int64_t work_max = 0;  // For queries and requests together, what they have now included.
};

class PressurePolicy {
 public:
  // What queries and requests may always take together, so that a server under pressure can be
  // looked at: this, or a sixteenth of the limit if that is more.
  static constexpr int64_t kWorkMinBytes = int64_t{8} << 20;

  explicit PressurePolicy(int64_t limit_bytes) : limit_(limit_bytes) {}

  MemoryVerdict Judge(const MemoryReading& reading);

 private:
  MemoryPressure LevelOf(const MemoryReading& reading, int64_t spare) const;

  const int64_t limit_;  // > 0
  MemoryPressure pressure_ = MemoryPressure::kNone;
};

}  // namespace hearth

#endif  // HEARTH_SERVER_PRESSURE_POLICY_H_
