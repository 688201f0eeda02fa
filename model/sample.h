// model/sample.h
//
// A sample is a timestamp and a value. The value is a float64, or a native histogram
// (model/histogram.h).
#ifndef HEARTH_MODEL_SAMPLE_H_
#define HEARTH_MODEL_SAMPLE_H_

#include <bit>
#include <cstdint>
#include <limits>

#include "model/clock.h"

namespace hearth {

struct Sample {
  TimeMs t = 0;
  double v = 0;
};

// A staleness marker says that a series has ended. It is one NaN among many; everything stores and
// compares its bits.
inline constexpr uint64_t kStaleNaNBits = 0x7ff0000000000002;
// The NaN that Prometheus writes where a NaN is a value.
inline constexpr uint64_t kNormalNaNBits = 0x7ff8000000000001;

inline double StaleNaN() { return std::bit_cast<double>(kStaleNaNBits); }
inline double NormalNaN() { return std::bit_cast<double>(kNormalNaNBits); }
inline bool IsStaleNaN(double v) { return std::bit_cast<uint64_t>(v) == kStaleNaNBits; }
// Equality of the stored bits: tells NaN payloads and the sign of zero apart.
inline bool SameBits(double a, double b) {
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}

// [mint, maxt], both inclusive, in milliseconds since the epoch. Empty when mint > maxt.
struct TimeRange {
  TimeMs mint = std::numeric_limits<TimeMs>::min();
  TimeMs maxt = std::numeric_limits<TimeMs>::max();

  bool empty() const { return mint > maxt; }
  bool Contains(TimeMs t) const { return mint <= t && t <= maxt; }
  bool Overlaps(const TimeRange& other) const { return mint <= other.maxt && other.mint <= maxt; }
  friend bool operator==(const TimeRange&, const TimeRange&) = default;
};

}  // namespace hearth

#endif  // HEARTH_MODEL_SAMPLE_H_
