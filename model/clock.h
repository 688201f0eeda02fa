// model/clock.h
//
// Time as a parameter: everything that asks what time it is takes a Clock, so tests decide.
//
// Thread safety: all methods may be called from any thread.
#ifndef HEARTH_MODEL_CLOCK_H_
#define HEARTH_MODEL_CLOCK_H_

#include <chrono>
#include <cstdint>

namespace hearth {

// Milliseconds since the Unix epoch, or a length of time in milliseconds; the name of the variable
// says which.
using TimeMs = int64_t;

class Clock {
 public:
  virtual ~Clock() = default;
  // Wall clock. May jump in either direction.
  virtual TimeMs NowMs() const = 0;
};

class SystemClock : public Clock {
 public:
  TimeMs NowMs() const override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  // The process-wide instance; never destroyed.
  static const SystemClock& Get() {
    static const SystemClock clock;
    return clock;
  }
};

}  // namespace hearth

#endif  // HEARTH_MODEL_CLOCK_H_
