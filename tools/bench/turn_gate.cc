#include "tools/bench/turn_gate.h"

#include <istream>
#include <ostream>
#include <string>

namespace hearth::bench {

TurnGate::TurnGate(int64_t turn_samples, std::istream* in, std::ostream* out)
    : turn_samples_(turn_samples), in_(in), out_(out) {}

bool TurnGate::Pass(int64_t acknowledged) {
  if (acknowledged < turn_end_) return true;
  turn_end_ = (acknowledged / turn_samples_ + 1) * turn_samples_;
  *out_ << "{\"acknowledged\":" << acknowledged << "}" << std::endl;
  const auto begin = std::chrono::steady_clock::now();
  std::string line;
  const bool given = static_cast<bool>(std::getline(*in_, line));
  waited_ += std::chrono::steady_clock::now() - begin;
  return given;
}

}  // namespace hearth::bench
