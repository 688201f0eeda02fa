// tools/bench/turn_gate.h
//
// TurnGate halts a push between turns, so that a driver can alternate the pushes to several
// servers: whatever changes the machine's speed meanwhile then meets all of them alike. A turn ends
// with the batch whose answer brings the acknowledged samples to the next multiple of the turn's
// size; the gate then writes a line `{"acknowledged":N}` and waits for a line of input. It does so
// before the first batch too.
//
// Thread safety: belongs to the sender's thread; waited() may be read once that has ended.
// Ownership: borrows the streams.
#ifndef HEARTH_TOOLS_BENCH_TURN_GATE_H_
#define HEARTH_TOOLS_BENCH_TURN_GATE_H_

#include <chrono>
#include <cstdint>
#include <iosfwd>

namespace hearth::bench {

class TurnGate {
 public:
  // `turn_samples` > 0.
  TurnGate(int64_t turn_samples, std::istream* in, std::ostream* out);

  // To be called before each request with the samples acknowledged so far. Returns at once within a
  // turn and waits at the end of one. False once the input has ended: nobody gives turns any more.
  bool Pass(int64_t acknowledged);

  // The time spent waiting.
  std::chrono::steady_clock::duration waited() const { return waited_; }

 private:
  const int64_t turn_samples_;
  std::istream* const in_;
  std::ostream* const out_;
  int64_t turn_end_ = 0;  // Acknowledged samples that end the turn.
  std::chrono::steady_clock::duration waited_{0};
};

}  // namespace hearth::bench

#endif  // HEARTH_TOOLS_BENCH_TURN_GATE_H_
