#include "query/functions/extended_window.h"

namespace hearth::promql {
namespace {

double Between(Sample a, Sample b, TimeMs t, bool counter) {
  if (counter && b.v < a.v) a.v = 0;
  return Interpolate(a, b, t);
}

}  // namespace

void ReachOut(std::span<const TimeMs> t, const WindowEnds& ends, TimeMs before, TimeMs after,
              uint32_t* begin, uint32_t* end) {
  if (*begin > 0 && t[*begin - 1] > ends.start - before) --*begin;
  const bool at_end = *end > 0 && t[*end - 1] == ends.end;
  if (ends.smoothed && !at_end && *end < t.size() && t[*end] <= ends.end + after) ++*end;
}

std::optional<ExtendedWindow> ExtendWindow(std::span<const TimeMs> t, std::span<const double> v,
                                           uint32_t begin, uint32_t end, const WindowEnds& ends) {
  if (begin >= end) return std::nullopt;
  const uint32_t first = begin, last = end - 1;
  if (t[last] <= ends.start || t[first] > ends.end) return std::nullopt;
  const auto sample = [&](uint32_t i) { return Sample{t[i], v[i]}; };
  ExtendedWindow window{.left = v[first], .right = v[last], .begin = first, .end = end};
  if (t[first] <= ends.start) ++window.begin;
  if (t[last] >= ends.end) --window.end;
  if (ends.smoothed && t[first] < ends.start) {
    window.left = Between(sample(first), sample(first + 1), ends.start, ends.counter);
  }
  if (ends.smoothed && t[last] > ends.end) {
    window.right = Between(sample(last - 1), sample(last), ends.end, ends.counter);
  }
  return window;
}

}  // namespace hearth::promql
