// query/functions/spec.h
//
// What the engine knows about a function or an aggregation: one row each, standing beside its
// kernel (query/functions/*.cc). The parser reads the signature, the planner the properties, the
// executor the kernel, hearthctl and the tests the documentation. If a new function needs an `if
// (name == …)` anywhere, a field is missing here.
//
// Thread safety: rows are constants with static storage.
#ifndef HEARTH_QUERY_FUNCTIONS_SPEC_H_
#define HEARTH_QUERY_FUNCTIONS_SPEC_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "query/functions/kernel.h"
#include "query/parse/ast.h"

namespace hearth::promql {

// What becomes of __name__ (and __type__, __unit__) in the result.
enum class MetricNameRule : uint8_t { kDrop, kKeep };

// What a missing optional argument means.
enum class DefaultArg : uint8_t { kNone, kVectorOfTime };

struct FunctionSpec {
  std::string_view name;
  std::span<const ValueType> args;
  // Trailing arguments that may be left out: 0 = all are required, n > 0 = the last n are optional,
  // -1 = the last one may be left out or repeated without limit (label_join).
  int variadic = 0;
  ValueType returns = ValueType::kInstantVector;
  DefaultArg default_arg = DefaultArg::kNone;
  MetricNameRule metric_name = MetricNameRule::kDrop;
  bool experimental = false;            // Needs --enable-feature=promql-experimental-functions.
  bool needs_start_timestamps = false;  // Needs --enable-feature=use-start-timestamps as well.
  bool step_invariant = true;  // False when the result depends on the evaluation time itself
                               // (time(), timestamp(), hour() …).
  bool step_local = true;      // False when a step's result also depends on the other steps, or on
                           // where the query begins or ends.
  bool counter = false;  // Expects a counter: annotates when the name does not look like one.
  bool quantile_param =
      false;               // Scalar arguments are quantiles: annotates when one is outside [0, 1].
  int info_selector = -1;  // The index of an argument that is label matchers alone and selects info
                           // series (info); it may be left out.
  Kernel kernel;           // query/functions/kernel.h
  std::string_view summary;
  std::string_view example;  // A query that parses.
};

struct AggregationSpec {
  std::string_view name;
  ValueType param = ValueType::kNone;  // Type of the parameter; kNone = takes none.
  bool experimental = false;
  bool keeps_series =
      false;  // topk, bottomk, limitk, limit_ratio: results are input series with their labels.
  AggregationKernel kernel;  // query/functions/kernel.h
  std::string_view summary;
  std::string_view example;
};

// Null when there is none of that name. Names are case sensitive.
const FunctionSpec* FindFunction(std::string_view name);
// Aggregation names are not case sensitive, as in Prometheus.
const AggregationSpec* FindAggregation(std::string_view name);

// Every row, for documentation and coverage tests.
std::span<const FunctionSpec* const> AllFunctions();
std::span<const AggregationSpec* const> AllAggregations();

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_FUNCTIONS_SPEC_H_
