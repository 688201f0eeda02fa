// model/fake_clock.h
//
// A clock that stands still until a test moves it. Testonly.
//
// Thread safety: all methods may be called from any thread.
#ifndef HEARTH_MODEL_FAKE_CLOCK_H_
#define HEARTH_MODEL_FAKE_CLOCK_H_

#include <atomic>

#include "model/clock.h"

namespace hearth {

class FakeClock : public Clock {
 public:
  explicit FakeClock(TimeMs now_ms) : now_ms_(now_ms) {}
  TimeMs NowMs() const override { return now_ms_.load(); }
  void Set(TimeMs now_ms) { now_ms_.store(now_ms); }
  void Advance(TimeMs delta_ms) { now_ms_.fetch_add(delta_ms); }

 private:
  std::atomic<TimeMs> now_ms_;
};

}  // namespace hearth

#endif  // HEARTH_MODEL_FAKE_CLOCK_H_
