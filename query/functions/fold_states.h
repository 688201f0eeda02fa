// query/functions/fold_states.h
//
// From a state of one step (fold.cc) to the FoldKernel over the states of all steps of a group.
//
// Thread safety: pure functions; what they write is the caller's.
#ifndef HEARTH_QUERY_FUNCTIONS_FOLD_STATES_H_
#define HEARTH_QUERY_FUNCTIONS_FOLD_STATES_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "query/functions/column.h"
#include "query/functions/kernel.h"

namespace hearth::promql {

// The states of a group lie field by field: field k of step i at [k * steps + i], so that lanes.h
// can fold several steps at once. A state type is doubles only and has: double n (values so far)
// first; Add(v); Merge(other), called when both have values; Result(); AddRun(v, n, first, states),
// which is Add for the n steps from `first` on.
template <typename State>
class States {
 public:
  static constexpr size_t kFields = sizeof(State) / sizeof(double);
  using Fields = std::array<double, kFields>;
  static_assert(sizeof(Fields) == sizeof(State) && std::is_trivially_copyable_v<State>);

  States(double* fields, size_t steps) : fields_(fields), steps_(steps) {}
  State Get(size_t i) const {
    Fields f;
    for (size_t k = 0; k < kFields; ++k) f[k] = fields_[k * steps_ + i];
    return std::bit_cast<State>(f);
  }
  void Put(size_t i, const State& state) {
    const Fields f = std::bit_cast<Fields>(state);
    for (size_t k = 0; k < kFields; ++k) fields_[k * steps_ + i] = f[k];
  }
  void AddOne(size_t i, double v) {
    State state = Get(i);
    state.Add(v);
    Put(i, state);
  }
  // Field `k` from step `i` on.
  double* At(size_t k, size_t i) { return fields_ + k * steps_ + i; }

 private:
  double* const fields_;
  const size_t steps_;
};

template <typename State>
void AddColumn(const StepColumn& column, void* states) {
  const size_t steps = column.steps();
  States<State> into(static_cast<double*>(states), steps);
  for (size_t i = 0; i < steps;) {
    if (!column.ok[i]) {
      ++i;
      continue;
    }
    const void* const gap = std::memchr(column.ok.data() + i, 0, steps - i);
    const size_t end =
        gap == nullptr ? steps
                       : static_cast<size_t>(static_cast<const uint8_t*>(gap) - column.ok.data());
    State::AddRun(column.v.data() + i, end - i, i, &into);
    i = end;
  }
}

template <typename State>
void MergeOne(const States<State>& source, size_t i, States<State>* target) {
  const State other = source.Get(i);
  if (other.n == 0) return;
  State state = target->Get(i);
  if (state.n == 0) {
    state = other;
  } else {
    state.Merge(other);
  }
  target->Put(i, state);
}

template <typename State>
void MergeStates(const void* from, size_t steps, void* into) {
  // Never written to.
  States<State> source(static_cast<double*>(const_cast<void*>(from)), steps);
  States<State> target(static_cast<double*>(into), steps);
  for (size_t i = 0; i < steps; ++i) {
    if constexpr (requires { State::MergeRun(&source, i, steps - i, &target); }) {
      i += State::MergeRun(&source, i, steps - i, &target);
      if (i == steps) break;
    }
    MergeOne(source, i, &target);
  }
}

template <typename State>
void FinishStates(const void* states, StepColumn* out) {
  const States<State> source(static_cast<double*>(const_cast<void*>(states)), out->steps());
  for (size_t i = 0; i < out->steps(); ++i) {
    const State state = source.Get(i);
    if (state.n > 0) out->Set(i, state.Result());
  }
}

template <typename State>
constexpr FoldKernel FoldOf() {
  return {.state_bytes = sizeof(State),
          .add = &AddColumn<State>,
          .merge = &MergeStates<State>,
          .finish = &FinishStates<State>};
}

// AddRun of states that lanes.h does not know.
template <typename State>
void AddOneByOne(const double* v, size_t n, size_t first, States<State>* states) {
  for (size_t i = 0; i < n; ++i) states->AddOne(first + i, v[i]);
}

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_FUNCTIONS_FOLD_STATES_H_
