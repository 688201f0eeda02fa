// query/exec/sample_ledger.h
//
// Counts the samples that a query holds, as Prometheus 3 counts them for --query.max-samples and
// for the statistics of a query.
//
// Prometheus evaluates one operator after the other and adds to a counter what each has in memory.
// Here all operators run column by column, so the counter is reconstructed: every operator is a
// node that knows its rule, its inputs, and how many values its result has at each step. From these
// follows the highest point that Prometheus' counter would have reached below that node, and it
// does not depend on threads or on the order of series. Only range functions need an assumption:
// that the series that comes last has the largest windows of all, and a value wherever any has one.
// So everything follows from counts by step, and the ledgers of a query's earlier and later steps
// can be joined (Joined).
//
//   Add (Prepare, inputs first) → Tally::Count (one per worker, for each column) → Absorb → Finish
//
// Thread safety: Tallies belong to one worker each; everything else to the query's thread, but for
// CheckSeen.
#ifndef HEARTH_QUERY_EXEC_SAMPLE_LEDGER_H_
#define HEARTH_QUERY_EXEC_SAMPLE_LEDGER_H_

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "model/histogram.h"

namespace hearth::promql {

// What Prometheus counts a native histogram for: its bytes and those of its time there, in samples
// of 16 bytes.
int64_t SamplesOf(const Histogram& histogram);

// What Prometheus holds while it evaluates an operator, and afterwards.
enum class CountRule : uint8_t {
  kFree,      // Prometheus has no such operator.
  kLeaf,      // The result grows; there are no inputs.
  kStepped,   // All inputs are held; at each step their values of that step are copied, and the
              // result grows. Most functions and binary operators.
  kFolded,    // All inputs are held until the result replaces them: aggregations.
  kInPlace,   // The (first) input becomes the result.
  kWindows,   // The window of one series on top of the result, which grows. Scalar arguments stay
              // held, a subquery's points go.
  kRepeated,  // The input's only step, repeated.
  kTimes,     // timestamp(selector): at each step the selected samples and the result.
};

// What a node read from storage, for totalQueryableSamples.
enum class ReadRule : uint8_t {
  kNothing,
  kResults,  // The values of the result were samples.
  kWindows,  // The samples in the windows were.
};

using CountNode = uint32_t;

// One worker's counts for one node.
class Tally {
 public:
  // A column's values: present[step] is 0 or 1.
  void Count(std::span<const uint8_t> present) {
    if (recent_.size() != present.size()) Begin(present.size());
    AddBytes(present.data(), present.size(), recent_.data());
    if (++columns_ == kColumnsMax) Flush();
  }
  // A native histogram of the column that Count was called for last.
  void CountHistogram(size_t step, const Histogram& histogram);
  // The windows of one series: how many samples lie in all of them, in the largest one and in that
  // of the last step.
  void CountWindows(int64_t in_windows, uint32_t largest, uint32_t last) {
    in_windows_ += in_windows;
    if (largest > largest_window_) largest_window_ = largest;
    if (last > last_window_) last_window_ = last;
  }
  // The samples [begin, end) in the window of each step.
  void CountWindowSteps(std::span<const uint32_t> begin, std::span<const uint32_t> end);

  // True now and then, when there is something new to compare with the limit.
  bool WantsCheck() const { return columns_ == 0 && total_ > 0; }

 private:
  friend class SampleLedger;
  static constexpr uint8_t kColumnsMax = 255;  // What a byte holds.

  void Begin(size_t steps);
  // Bytes of many columns are added as words: none overflows before kColumnsMax.
  static void AddBytes(const uint8_t* from, size_t n, uint8_t* to);
  void Flush();

  std::vector<uint8_t> recent_;    // By step, of the last `columns_` columns.
  std::vector<uint32_t> present_;  // By step, of those before.
  uint8_t columns_ = 0;
  int64_t total_ = 0;  // Sum of present_.
  int64_t in_windows_ = 0;
  uint32_t largest_window_ = 0, last_window_ = 0;
  // By step, the sum and the largest of all series; empty unless asked for.
  std::vector<int64_t> window_steps_;
  std::vector<uint32_t> window_max_;
};

class SampleLedger {
 public:
  // `steps`: of the query. `by_step`: ReadsByStep or Joined will be asked for.
  SampleLedger(int64_t max_samples, size_t steps, bool by_step)
      : max_(max_samples), steps_(steps), by_step_(by_step) {}

  // A node over inputs that were added before.
  CountNode Add(CountRule rule, ReadRule reads, size_t steps, std::vector<CountNode> inputs);
  // A scalar: one value at each step.
  CountNode AddScalar(CountRule rule, size_t steps, std::vector<CountNode> inputs);
  // `n` more values that a leaf of one step has. The same error as Finish's.
  absl::Status CountLeaf(CountNode node, int64_t n);

  void Absorb(CountNode node, Tally* tally);
  // All columns of `node` and of everything below it have been absorbed. kResourceExhausted, in
  // Prometheus' words, when Prometheus would have held more than the limit.
  absl::Status Finish(CountNode node);
  // The same error when what this worker alone has counted is too much already.
  absl::Status CheckSeen(const Tally& tally) const;

  int64_t peak() const { return peak_; }
  // Samples that selectors looked at, each once for every step that it served.
  int64_t TotalReads() const;
  std::vector<int64_t> ReadsByStep() const;
  bool by_step() const { return by_step_; }

  // What a query counts whose first steps are `count` of `early` from `first` on, and whose others
  // are all of `late` (null: there are none). Both are by step, `early` has two steps or more, no
  // part of the query is a subquery. Empty when they are not of the same query. Nothing is
  // finished.
  static std::optional<SampleLedger> Joined(const SampleLedger& early, size_t first, size_t count,
                                            const SampleLedger* late);
  // Finishes all nodes.
  absl::Status FinishAll();
  // What it takes in memory.
  size_t bytes() const;

 private:
  struct Node {
    CountRule rule;
    ReadRule reads;
    size_t steps;
    std::vector<CountNode> inputs;
    bool scalar = false;
    std::vector<uint32_t> present;  // By step; empty: nothing at all, or a scalar.
    int64_t total = 0;
    int64_t in_windows = 0;
    uint32_t largest_window = 0, last_window = 0;
    std::vector<int64_t> window_steps;
    std::vector<uint32_t> window_max;
    bool finished = false;
    int64_t peak = 0;  // Relative to what was held before.
    int64_t kept = 0;  // Held by the result.

    int64_t at(size_t step) const {
      return scalar ? 1 : step < present.size() ? static_cast<int64_t>(present[step]) : 0;
    }
  };

  static std::optional<Node> JoinedNode(const SampleLedger& early, const Node& node, size_t first,
                                        size_t count, const SampleLedger* late, const Node* more);
  void FinishNode(Node* node);
  static int64_t WindowExcess(const Node& node);
  int64_t SteppedPeak(const Node& node, int64_t held) const;
  int64_t Reads(const Node& node) const;

  const int64_t max_;
  const size_t steps_;
  const bool by_step_;
  std::deque<Node> nodes_;
  int64_t peak_ = 0;
};

absl::Status TooManySamples();

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_EXEC_SAMPLE_LEDGER_H_
