#include "rules/schedule.h"

#include <xxhash.h>

#include <string>

#include "model/text.h"

namespace hearth {
namespace {

constexpr uint64_t kNanosPerMs = 1'000'000;

}  // namespace

// What Prometheus hashes are the labels file and name, each name and value with a byte 0xff behind
// it; it counts in nanoseconds.
TimeMs GroupOffset(std::string_view file, std::string_view name, TimeMs interval_ms) {
  const std::string bytes = StrCat("file\xff", file, "\xff", "name\xff", name, "\xff");
  const uint64_t hash = XXH64(bytes.data(), bytes.size(), 0);
  return static_cast<TimeMs>(hash % (static_cast<uint64_t>(interval_ms) * kNanosPerMs) /
                             kNanosPerMs);
}

void Schedule::Begin(TimeMs now_ms) {
  const TimeMs since_slot = (now_ms - offset_ms_) % interval_ms_;
  next_ms_ = now_ms - since_slot + (since_slot < 0 ? 0 : interval_ms_);
}

Schedule::Turn Schedule::Take(TimeMs now_ms) {
  const int64_t missed = (now_ms - next_ms_) / interval_ms_;
  const TimeMs ts = next_ms_ + missed * interval_ms_;
  next_ms_ = ts + interval_ms_;
  return {ts, missed};
}

}  // namespace hearth
