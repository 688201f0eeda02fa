// rules/schedule.h
//
// When a group is evaluated: at whole intervals since the epoch plus an offset of its own, which
// comes from its file and name, so that groups do not all run at once and a restart or another
// server evaluates at the same timestamps. The offset is Prometheus'.
//
// Thread safety: none; RuleManager guards it.
#ifndef HEARTH_RULES_SCHEDULE_H_
#define HEARTH_RULES_SCHEDULE_H_

#include <cstdint>
#include <string_view>

#include "model/clock.h"

namespace hearth {

// In [0, interval_ms).
TimeMs GroupOffset(std::string_view file, std::string_view name, TimeMs interval_ms);

class Schedule {
 public:
  // The first evaluation is the next one after `now_ms`. interval_ms > 0, 0 <= offset_ms.
  Schedule(TimeMs interval_ms, TimeMs offset_ms, TimeMs now_ms)
      : interval_ms_(interval_ms), offset_ms_(offset_ms) {
    Begin(now_ms);
  }

  // The timestamp of the next evaluation, and when it is due.
  TimeMs next_ms() const { return next_ms_; }

  struct Turn {
    TimeMs ts = 0;
    int64_t missed = 0;  // Evaluations before it that are left out, because it was not ready.
  };
  // Takes the latest evaluation that is due at `now_ms`; next_ms() <= now_ms.
  Turn Take(TimeMs now_ms);

  // The clock was set back: goes on from `now_ms`.
  void Begin(TimeMs now_ms);

 private:
  const TimeMs interval_ms_, offset_ms_;
  TimeMs next_ms_ = 0;
};

}  // namespace hearth

#endif  // HEARTH_RULES_SCHEDULE_H_
