// tools/crashtest/fast_time.h
//
// The time that the server under test has (server/fault_main.cc): the machine's, sped up from a
// base on, so that windows end and retention passes within seconds.
//
// Thread safety: const.
#ifndef HEARTH_TOOLS_CRASHTEST_FAST_TIME_H_
#define HEARTH_TOOLS_CRASHTEST_FAST_TIME_H_

#include <string>
#include <vector>

#include "model/clock.h"

namespace hearth::crashtest {

// Of the machine.
inline TimeMs MachineMs() { return SystemClock::Get().NowMs(); }

class FastTime {
 public:
  explicit FastTime(int speed) : base_(MachineMs()), speed_(speed) {}

  TimeMs NowMs() const { return base_ + (MachineMs() - base_) * speed_; }
  // How long the machine takes for `ms` of the server's time.
  TimeMs OnMachine(TimeMs ms) const { return ms / speed_; }
  std::vector<std::string> Environment() const {
    return {"HEARTH_CLOCK_BASE=" + std::to_string(base_),
            "HEARTH_CLOCK_SPEED=" + std::to_string(speed_)};
  }

 private:
  const TimeMs base_;
  const TimeMs speed_;
};

}  // namespace hearth::crashtest

#endif  // HEARTH_TOOLS_CRASHTEST_FAST_TIME_H_
