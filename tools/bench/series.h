// tools/bench/series.h
//
// The load that the generators make: series with label sets as node exporters have them, and values
// that move as real ones do. Everything follows from (seed, series, step), so two runs, or two
// servers in one run, get the same bytes.
//
// Families. A family is one metric name: every host exports it with eight values of the label
// "mode". Names say the kind, so that queries can choose: bench_counter_int_3, bench_gauge_float_0.
// Families come in groups (20 in the mixed profile, one or two in the others) that hold the kinds
// in fixed shares; there are as many groups as it takes for no family to have more than about 1000
// series. Series are numbered host by host, as scrapes arrive:
//
//   id = (host * families + family) * 8 + mode
//
// Thread safety: SeriesModel is const after construction. A SeriesSlice belongs to one thread;
// slices of one model are independent.
#ifndef HEARTH_TOOLS_BENCH_SERIES_H_
#define HEARTH_TOOLS_BENCH_SERIES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/labels.h"

namespace hearth::bench {

enum class SeriesKind : uint8_t {
  kIdle,        // A counter that stands still: bench_idle_<k>.
  kCounterInt,  // A counter with a busy, integer rate: bench_counter_int_<k>.
  kMemory,      // Bytes in use, a walk in pages: bench_memory_<k>.
  kGaugeInt,    // A small integer that often stays: bench_gauge_int_<k>.
  kDecimal,     // A counter of seconds with two decimals: bench_decimal_<k>.
  kGaugeFloat,  // Noise in every bit: bench_gauge_float_<k>.
};

// Shares: kMix 50 % idle, 20 % counters, 10 % small gauges, 10 % decimals, 5 % memory, 5 % floats;
// kInts half counters, half small gauges; kFloats noisy floats alone; kQueries a third each
// counters, small gauges and noisy floats, in one load because servers want all series of a time
// together.
enum class Profile { kMix, kInts, kFloats, kQueries };
// "mix", "ints", "floats", "queries".
std::optional<Profile> ParseProfile(std::string_view name);

struct SeriesOptions {
  int64_t series = 1000;  // > 0
  uint64_t seed = 1;
  Profile profile = Profile::kMix;
  // Share of the series that are replaced by new ones (label "pod") from one step to the next, one
  // after the other round the whole set. [0, 1]
  double churn = 0;
  // Added to every series; replaces labels of the same name.
  std::vector<std::pair<std::string, std::string>> extra_labels;
};

class SeriesModel {
 public:
  explicit SeriesModel(SeriesOptions options);

  const SeriesOptions& options() const { return options_; }
  int64_t families() const { return families_; }
  // Which family and kind series `id` in [0, options().series) has.
  int64_t family(int64_t id) const { return id / kModes % families_; }
  SeriesKind kind(int64_t id) const;
  std::string metric_name(int64_t id) const;
  // 8 to 12 labels, some 174 bytes of names and values. The length in bytes does not depend on the
  // generation, which counts how often churn has replaced the series.
  Labels MakeLabels(int64_t id, uint32_t generation) const;

  // How many replacements have happened at `step` (>= 0): the k-th one replaces series k % series.
  int64_t replaced(int64_t step) const;

  static constexpr int64_t kModes = 8;

 private:
  const SeriesOptions options_;
  int64_t families_ = 0;
};

// The series [from, to) of a model, moving step by step from step 0.
class SeriesSlice {
 public:
  // Borrows the model, which must outlive it.
  SeriesSlice(const SeriesModel* model, int64_t from, int64_t to);

  size_t size() const { return states_.size(); }
  int64_t step() const { return step_; }
  // Of the i-th series in the slice, at the current step.
  LabelsView labels(size_t i) const {
    return LabelsView(
        std::string_view(arena_).substr(label_ends_[i], label_ends_[i + 1] - label_ends_[i]));
  }
  double value(size_t i) const;
  // Moves all series to the next step and replaces those whose turn it is.
  void Advance();

 private:
  struct State {
    uint64_t key;    // What the noise of this series is drawn from.
    int64_t level;   // Integer value; hundredths for decimals, pages for memory.
    uint32_t scale;  // How fast it moves.
    SeriesKind kind;
  };
  State NewState(int64_t id, uint32_t generation) const;
  void Replace(int64_t id, uint32_t generation);

  const SeriesModel* const model_;
  const int64_t from_;
  int64_t step_ = 0;
  std::vector<State> states_;
  std::string arena_;  // Canonical label bytes, one series after the other.
  std::vector<size_t> label_ends_{0};
};

}  // namespace hearth::bench

#endif  // HEARTH_TOOLS_BENCH_SERIES_H_
