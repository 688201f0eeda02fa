// Aggregations that fold a series into its group's state, value by value: sum, avg, min, max,
// count, group, stddev, stdvar.
#include <cmath>
#include <cstring>
#include <limits>

#include "query/functions/families.h"
#include "query/functions/kahan.h"

namespace hearth::promql {
namespace {

// A state type has: double n (values so far); Add(v); Merge(other), called when both have values;
// Result().
template <typename State>
constexpr FoldKernel FoldOf() {
  static_assert(sizeof(State) % sizeof(double) == 0 && std::is_trivially_copyable_v<State>);
  return {
      .state_bytes = sizeof(State),
      .add =
          [](const StepColumn& column, void* states) {
            State* const state = static_cast<State*>(states);
            for (size_t i = 0; i < column.steps(); ++i) {
              if (column.ok[i]) state[i].Add(column.v[i]);
            }
          },
      .merge =
          [](const void* from, size_t steps, void* into) {
            const State* const source = static_cast<const State*>(from);
            State* const state = static_cast<State*>(into);
            for (size_t i = 0; i < steps; ++i) {
              if (source[i].n == 0) continue;
              if (state[i].n == 0) {
                state[i] = source[i];
              } else {
                state[i].Merge(source[i]);
              }
            }
          },
      .finish =
          [](const void* states, StepColumn* out) {
            const State* const state = static_cast<const State*>(states);
            for (size_t i = 0; i < out->steps(); ++i) {
              if (state[i].n > 0) out->Set(i, state[i].Result());
            }
          },
  };
}

struct SumState {
  double n, sum, c;
  void Add(double v) {
    if (n++ == 0) {
      sum = v;
    } else {
      KahanAdd(v, &sum, &c);
    }
  }
  void Merge(const SumState& other) {
    n += other.n;
    KahanAdd(other.sum, &sum, &c);
    if (!std::isinf(sum)) c += other.c;
  }
  double Result() const { return sum + c; }
};

// A sum until it would overflow, a running mean (in `sum`) from then on.
struct AvgState {
  double n, sum, c, is_mean;

  void Add(double v) {
    if (++n == 1) {
      sum = v;
      return;
    }
    if (is_mean == 0) {
      double next = sum, next_c = c;
      KahanAdd(v, &next, &next_c);
      if (!std::isinf(next)) {
        sum = next;
        c = next_c;
        return;
      }
      BecomeMean(n - 1);
    }
    AddToMean(v / n, (n - 1) / n);
  }
  void Merge(const AvgState& other) {
    if (is_mean == 0 && other.is_mean == 0) {
      double next = sum, next_c = c;
      KahanAdd(other.sum, &next, &next_c);
      if (!std::isinf(next)) {
        sum = next;
        c = next_c + other.c;
        n += other.n;
        return;
      }
    }
    AvgState right = other;
    if (is_mean == 0) BecomeMean(n);
    if (right.is_mean == 0) right.BecomeMean(right.n);
    const double total = n + right.n;
    AddToMean((right.sum + right.c) * (right.n / total), n / total);
    n = total;
  }
  double Result() const { return is_mean == 0 ? sum / n + c / n : sum + c; }

 private:
  void BecomeMean(double count) {
    is_mean = 1;
    sum /= count;
    c /= count;
  }
  // An infinite mean stays what it is unless NaN or the other infinity comes.
  void AddToMean(double share, double weight) {
    if (std::isinf(sum) && !std::isnan(share) &&
        (!std::isinf(share) || std::signbit(share) == std::signbit(sum))) {
      return;
    }
    sum *= weight;
    c *= weight;
    KahanAdd(share, &sum, &c);
  }
};

struct MinState {
  double n, value;
  void Add(double v) {
    if (n++ == 0 || v < value || std::isnan(value)) value = v;
  }
  void Merge(const MinState& other) {
    n += other.n;
    if (other.value < value || std::isnan(value)) value = other.value;
  }
  double Result() const { return value; }
};

struct MaxState {
  double n, value;
  void Add(double v) {
    if (n++ == 0 || v > value || std::isnan(value)) value = v;
  }
  void Merge(const MaxState& other) {
    n += other.n;
    if (other.value > value || std::isnan(value)) value = other.value;
  }
  double Result() const { return value; }
};

struct CountState {
  double n;
  void Add(double) { ++n; }
  void Merge(const CountState& other) { n += other.n; }
  double Result() const { return n; }
};

struct GroupState {
  double n;
  void Add(double) { n = 1; }
  void Merge(const GroupState&) {}
  double Result() const { return 1; }
};

// Welford's method; states merge by Chan's formula.
struct VarianceState {
  double n, mean, squares;
  void Add(double v) {
    ++n;
    if (n == 1) {
      mean = v;
      squares = std::isfinite(v) ? 0 : std::numeric_limits<double>::quiet_NaN();
      return;
    }
    const double delta = v - mean;
    mean += delta / n;
    squares += delta * (v - mean);
  }
  void Merge(const VarianceState& other) {
    const double total = n + other.n;
    const double delta = other.mean - mean;
    mean += delta * (other.n / total);
    squares += other.squares + delta * delta * (n * other.n / total);
    n = total;
  }
};
struct StdvarState : VarianceState {
  double Result() const { return squares / n; }
};
struct StddevState : VarianceState {
  double Result() const { return std::sqrt(squares / n); }
};

template <typename State>
constexpr AggregationKernel Fold() {
  return {.shape = AggregationShape::kFold, .fold = FoldOf<State>()};
}

constexpr AggregationSpec kAggregations[] = {
    {.name = "avg",
     .kernel = Fold<AvgState>(),
     .summary = "Mean of the group.",
     .example = "avg by (job) (up)"},
    {.name = "count",
     .kernel = Fold<CountState>(),
     .summary = "Number of series in the group.",
     .example = "count by (job) (up)"},
    {.name = "group",
     .kernel = Fold<GroupState>(),
     .summary = "1 for every group.",
     .example = "group by (job) (up)"},
    {.name = "max",
     .kernel = Fold<MaxState>(),
     .summary = "Largest value of the group.",
     .example = "max without (instance) (node_load1)"},
    {.name = "min",
     .kernel = Fold<MinState>(),
     .summary = "Smallest value of the group.",
     .example = "min by (job) (up)"},
    {.name = "stddev",
     .kernel = Fold<StddevState>(),
     .summary = "Population standard deviation of the group.",
     .example = "stddev by (job) (node_load1)"},
    {.name = "stdvar",
     .kernel = Fold<StdvarState>(),
     .summary = "Population variance of the group.",
     .example = "stdvar by (job) (node_load1)"},
    {.name = "sum",
     .kernel = Fold<SumState>(),
     .summary = "Sum of the group.",
     .example = "sum by (job) (rate(http_requests_total[5m]))"},
};

}  // namespace

std::span<const AggregationSpec> FoldAggregations() { return kAggregations; }

}  // namespace hearth::promql
