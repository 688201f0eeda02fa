// query/functions/lanes.h
//
// The arithmetic of the busiest kernels, several windows or steps side by side: one lane of a
// vector register for each. A lane does what the serial definition does, operation by operation and
// in the same order, so results do not depend on the width of the registers; the widest that the
// processor has is chosen once.
//
// Rounding errors of additions are found by Knuth's method ("The Art of Computer Programming" 2,
// 4.2.2, theorem B), or, where additions are the bottleneck, by the comparison in KahanAdd with its
// branch made a choice. Both give the same number as long as nothing overflows.
//
// Thread safety: pure functions; what they write is the caller's.
#ifndef HEARTH_QUERY_FUNCTIONS_LANES_H_
#define HEARTH_QUERY_FUNCTIONS_LANES_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace hearth::promql {

// The windows [begin[i], end[i]) of a column of `samples` > 0 values.
struct ValueWindows {
  const double* v;
  size_t samples;
  const uint32_t* begin;
  const uint32_t* end;
  size_t steps;
};

// What extrapolation needs to know of each step, besides values: query/functions/rate.cc.
struct EdgeColumns {
  const double* sampled;
  const double* to_start;
  const double* to_end;
};

// What the kernels over windows need to rearrange the samples: rows of a batch of zeros, then of
// every n-th sample.
inline constexpr size_t kLaneStrideMax = 64;
inline constexpr size_t kLaneBatchMax = 32;
constexpr size_t LaneBufferSize(size_t samples) {
  return samples + kLaneStrideMax * (kLaneBatchMax + 1);
}

struct LaneKernels {
  std::string_view name;  // Of the instruction set.

  // (sum[i], c[i]) = the compensated sum of window i, zero when it is empty. Where a sum is not
  // finite both mean nothing. `buffer` has room for LaneBufferSize(windows.samples).
  void (*sums)(const ValueWindows& windows, double* buffer, double* sum, double* c);
  // out[i] = the mean of `count[i]` values with that compensated sum.
  void (*means)(const double* sum, const double* c, const double* count, size_t n, double* out);
  // out[i] = the variance of window i by Welford's method with compensated mean and sum of squares.
  // Where it is not finite, or the window is empty, it means nothing.
  void (*variances)(const ValueWindows& windows, double* buffer, double* out);
  // out[i] = change[i] scaled to cover its whole window; `first` has the windows' first values, or
  // is null for a gauge. Divided by `range_seconds` unless that is 0.
  void (*extrapolate)(const double* change, const double* first, const EdgeColumns& edges,
                      size_t steps, double range_seconds, double* out);
  // out[i] = the larger (smaller) of a[i] and b[i], a[i] when neither is. `out` may be `a`.
  void (*larger)(const double* a, const double* b, size_t n, double* out);
  void (*smaller)(const double* a, const double* b, size_t n, double* out);

  // Whether some v[i] is below v[i - 1].
  bool (*falls)(const double* v, size_t n);

  // Whether some v[i] has these bits.
  bool (*has)(const double* v, size_t n, uint64_t bits);

  // Folds of one series into the states of n steps: see query/functions/fold.cc.
  void (*add_to_sums)(const double* v, size_t n, double* count, double* sum, double* c);
  // Stops before a step whose mean runs already, or whose sum would not be finite. The number of
  // steps that are done.
  size_t (*add_to_means)(const double* v, size_t n, double* count, double* sum, double* c,
                         const double* is_mean);
  // Merges the states of another shard, states without values included. Stops before a step whose
  // sum would not be finite. The number of steps that are done.
  size_t (*merge_sums)(const double* from_count, const double* from_sum, const double* from_c,
                       size_t n, double* count, double* sum, double* c);
  void (*add_to_maxima)(const double* v, size_t n, double* count, double* value);
  void (*add_to_minima)(const double* v, size_t n, double* count, double* value);
  // Merges the states of another shard, states without values included.
  void (*merge_maxima)(const double* from_count, const double* from_value, size_t n, double* count,
                       double* value);
  void (*merge_minima)(const double* from_count, const double* from_value, size_t n, double* count,
                       double* value);
};

// The widest of this machine.
const LaneKernels& Lanes();
// All that this machine can run, the narrowest first.
std::span<const LaneKernels> AllLanes();

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_FUNCTIONS_LANES_H_
