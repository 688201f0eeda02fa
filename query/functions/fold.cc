// Aggregations that fold a series into its group's state, value by value: sum, avg, min, max,
// count, group, stddev, stdvar.
#include <cmath>
#include <limits>

#include "query/functions/families.h"
#include "query/functions/fold_states.h"
#include "query/functions/kahan.h"
#include "query/functions/lanes.h"

namespace hearth::promql {
namespace {

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
  static void AddRun(const double* v, size_t n, size_t first, States<SumState>* states) {
    Lanes().add_to_sums(v, n, states->At(0, first), states->At(1, first), states->At(2, first));
  }
  static size_t MergeRun(States<SumState>* from, size_t first, size_t n, States<SumState>* into) {
    return Lanes().merge_sums(from->At(0, first), from->At(1, first), from->At(2, first), n,
                              into->At(0, first), into->At(1, first), into->At(2, first));
  }
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
  static void AddRun(const double* v, size_t n, size_t first, States<AvgState>* states) {
    for (size_t i = 0; i < n;) {
      const size_t k = first + i;
      i += Lanes().add_to_means(v + i, n - i, states->At(0, k), states->At(1, k), states->At(2, k),
                                states->At(3, k));
      if (i < n) {
        states->AddOne(first + i, v[i]);
        ++i;
      }
    }
  }
  static size_t MergeRun(States<AvgState>* from, size_t first, size_t n, States<AvgState>* into) {
    // Up to where either is a running mean.
    size_t sums = 0;
    while (sums < n && from->At(3, first)[sums] == 0 && into->At(3, first)[sums] == 0) ++sums;
    return Lanes().merge_sums(from->At(0, first), from->At(1, first), from->At(2, first), sums,
                              into->At(0, first), into->At(1, first), into->At(2, first));
  }

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
  static void AddRun(const double* v, size_t n, size_t first, States<MinState>* states) {
    Lanes().add_to_minima(v, n, states->At(0, first), states->At(1, first));
  }
  static size_t MergeRun(States<MinState>* from, size_t first, size_t n, States<MinState>* into) {
    Lanes().merge_minima(from->At(0, first), from->At(1, first), n, into->At(0, first),
                         into->At(1, first));
    return n;
  }
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
  static void AddRun(const double* v, size_t n, size_t first, States<MaxState>* states) {
    Lanes().add_to_maxima(v, n, states->At(0, first), states->At(1, first));
  }
  static size_t MergeRun(States<MaxState>* from, size_t first, size_t n, States<MaxState>* into) {
    Lanes().merge_maxima(from->At(0, first), from->At(1, first), n, into->At(0, first),
                         into->At(1, first));
    return n;
  }
};

struct CountState {
  double n;
  void Add(double) { ++n; }
  void Merge(const CountState& other) { n += other.n; }
  double Result() const { return n; }
  static void AddRun(const double* v, size_t n, size_t first, States<CountState>* states) {
    AddOneByOne(v, n, first, states);
  }
};

struct GroupState {
  double n;
  void Add(double) { n = 1; }
  void Merge(const GroupState&) {}
  double Result() const { return 1; }
  static void AddRun(const double* v, size_t n, size_t first, States<GroupState>* states) {
    AddOneByOne(v, n, first, states);
  }
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
  static void AddRun(const double* v, size_t n, size_t first, States<StdvarState>* states) {
    AddOneByOne(v, n, first, states);
  }
  double Result() const { return squares / n; }
};
struct StddevState : VarianceState {
  static void AddRun(const double* v, size_t n, size_t first, States<StddevState>* states) {
    AddOneByOne(v, n, first, states);
  }
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
