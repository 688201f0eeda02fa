// query/functions/kernel.h
//
// What a function computes, as plain function pointers over columns. A kernel sees one series: the
// executor has decoded its samples, dropped the stale markers and found the window of every step,
// and the kernel computes all steps in one pass. Kernels know neither storage nor labels (but for
// label_replace and its like, which see nothing else).
//
// Results are those of Prometheus to the bit where it adds in a fixed order; each step's result
// depends on its own window only, so a range query agrees with the instant queries at its steps.
//
// Thread safety: kernels are pure; what they write is the caller's.
#ifndef HEARTH_QUERY_FUNCTIONS_KERNEL_H_
#define HEARTH_QUERY_FUNCTIONS_KERNEL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "model/clock.h"
#include "model/labels.h"
#include "query/functions/annotations.h"
#include "query/functions/column.h"

namespace hearth::promql {

// Scalar arguments: params[k][step]. In the order in which they were written, other kinds of
// arguments left out.
using ParamColumns = std::vector<std::span<const double>>;

// Elementwise: replaces values where column->ok is set; may clear ok.
struct ElementInput {
  const ParamColumns& params;
  std::span<const TimeMs> times;  // Evaluation time of each step.
};
using ElementFn = void (*)(const ElementInput& in, StepColumn* column);

// What follows from the windows' times alone, for functions that extrapolate to the windows' edges
// (rate.cc) and for means (over_time.cc). Series with the same timestamps share it: the executor
// clears `known` and `counted` when they change, the kernel fills what it needs.
struct WindowEdges {
  bool known = false;
  size_t present = 0;                 // Windows with two samples or more.
  std::vector<uint8_t> ok;            // Which those are.
  std::vector<uint32_t> first, last;  // Their first and last sample; 0 for other windows.
  bool counted = false;
  std::vector<double> counts;   // Samples of each window, for means;
  std::vector<uint8_t> filled;  // 1 where there are any. Both as of `counted`.
  // In seconds: between first and last sample; from the window's start to the first and from the
  // last to its end, as far as is extrapolated.
  std::vector<double> sampled, to_start, to_end;
};

// Windowed: the samples of one series in ascending time order, and for step i the samples
// [begin[i], end[i]), which are those in (window_end[i] - range_ms, window_end[i]]. begin and end
// never decrease. When the selector is anchored or smoothed, [begin[i], end[i]) holds the samples
// around the window as well (extended_window.h).
struct WindowInput {
  std::span<const TimeMs> t;
  std::span<const double> v;
  std::span<const TimeMs> start_t;  // When each sample's counter began, 0 = unknown; or empty.
  std::span<const uint32_t> begin, end;
  std::span<const TimeMs> window_end;
  std::span<const TimeMs>
      times;  // Evaluation time of each step; window_end less the offset when there is no @.
  TimeMs range_ms = 0;
  const ParamColumns& params;
  std::span<const PositionRange> arg_pos;  // Of all arguments as written.
  Annotations* notes;
  WindowEdges* edges;  // Of these windows.
  SelectorMode mode = SelectorMode::kPlain;
  std::string_view metric_name;  // For annotations; may be empty.

  size_t steps() const { return begin.size(); }
};
// `out` has been Reset to the number of steps.
using WindowFn = void (*)(const WindowInput& in, StepColumn* out);

// A scalar function of the step.
struct StepInfo {
  TimeMs t = 0;
  TimeMs query_start = 0, query_end = 0,
         query_step = 0;  // Of the whole query; step 0 for an instant query.
};
using ScalarFn = double (*)(const StepInfo& step, std::span<const double> args);

// Rewrites label sets; made once a query from the string arguments.
class LabelRewriter {
 public:
  virtual ~LabelRewriter() = default;
  // Edits `labels`. Returns true when the function has set the metric name, which then is kept.
  virtual bool Rewrite(LabelsBuilder* labels) const = 0;
};
// Fails with kFailedPrecondition when an argument is unusable.
using RelabelFn =
    absl::StatusOr<std::unique_ptr<LabelRewriter>> (*)(std::span<const std::string> args);

// Sorts an instant vector. A strict weak order.
struct OrderedRow {
  LabelsView labels;
  double value = 0;
};
using OrderFn = bool (*)(const OrderedRow& a, const OrderedRow& b,
                         std::span<const std::string> args);

// The cumulative buckets of one classic histogram at one step, sorted by upper bound.
struct Bucket {
  double upper = 0;
  double count = 0;
};
// May change `buckets`. `forced` gets the bounds and the difference when counts had to be made
// ascending (count > 0 then).
using BucketsFn = double (*)(std::vector<Bucket>* buckets, std::span<const double> args,
                             ForcedMonotonicity* forced);

// Which operator runs the kernel.
enum class Shape : uint8_t {
  kElementwise,     // element
  kWindowed,        // window
  kStepScalar,      // scalar: from the step and scalar arguments to a scalar
  kScalarOfVector,  // the value of the only series, else NaN
  kVectorOfScalar,  // a series without labels
  kTimestamp,       // the time of the sample itself
  kRelabel,         // relabel
  kSort,            // order; the order shows in instant queries only
  kBuckets,         // buckets, over all series that differ in le only; with a string argument,
                    // once for each scalar argument, which that label then names
  kInfo,            // labels of info series are added (exec/info.cc)
  kStartTimestamp,  // when the counter of the sample began
  kAbsent,    // 1 where the argument has no series; with `window`, none that has samples in its
              // window
  kNoFloats,  // looks at native histograms only: nothing comes of floats
};

struct Kernel {
  Shape shape = Shape::kElementwise;
  ElementFn element = nullptr;
  WindowFn window = nullptr;
  bool times_only = false;      // `window` looks at the samples' times alone.
  WindowFn anchored = nullptr;  // Of windows of anchored selectors; null = it takes none.
  WindowFn smoothed = nullptr;  // Of smoothed ones, likewise.
  ScalarFn scalar = nullptr;
  RelabelFn relabel = nullptr;
  OrderFn order = nullptr;
  BucketsFn buckets = nullptr;
};

// A fold keeps one state of `state_bytes` for each step of a group; zero bytes are the state before
// the first value. Series are added in fingerprint order within a shard, then the shards' states
// are merged in the shards' order.
struct FoldKernel {
  size_t state_bytes = 0;  // A multiple of 8.
  void (*add)(const StepColumn& column, void* states) = nullptr;
  void (*merge)(const void* from, size_t steps, void* into) = nullptr;
  void (*finish)(const void* states, StepColumn* out) = nullptr;  // `out` has been Reset.
};

enum class AggregationShape : uint8_t {
  kFold,         // fold
  kRank,         // topk, bottomk
  kQuantile,     // needs all values of a step
  kCountValues,  // labels come from values
  kLimit,        // limitk: the first k series
  kRatio,        // limit_ratio: a share of the series, chosen by their labels' hash
};

struct AggregationKernel {
  AggregationShape shape = AggregationShape::kFold;
  FoldKernel fold;
  bool largest = false;  // For kRank: topk.
};

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_FUNCTIONS_KERNEL_H_
