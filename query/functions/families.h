// query/functions/families.h
//
// The families of functions, each a table in its own .cc beside its kernels, and the argument lists
// they share. Only registry.cc reads the tables; everybody else goes through spec.h.
#ifndef HEARTH_QUERY_FUNCTIONS_FAMILIES_H_
#define HEARTH_QUERY_FUNCTIONS_FAMILIES_H_

#include <span>

#include "query/functions/spec.h"

namespace hearth::promql {

inline constexpr ValueType kVectorArg[] = {ValueType::kInstantVector};
inline constexpr ValueType kScalarArg[] = {ValueType::kScalar};
inline constexpr ValueType kRangeArg[] = {ValueType::kRangeVector};
inline constexpr ValueType kVectorScalarArgs[] = {ValueType::kInstantVector, ValueType::kScalar};
inline constexpr ValueType kVectorScalarScalarArgs[] = {ValueType::kInstantVector,
                                                        ValueType::kScalar, ValueType::kScalar};
inline constexpr ValueType kScalarScalarArgs[] = {ValueType::kScalar, ValueType::kScalar};
inline constexpr ValueType kScalarVectorArgs[] = {ValueType::kScalar, ValueType::kInstantVector};
inline constexpr ValueType kScalarScalarVectorArgs[] = {ValueType::kScalar, ValueType::kScalar,
                                                        ValueType::kInstantVector};
inline constexpr ValueType kScalarRangeArgs[] = {ValueType::kScalar, ValueType::kRangeVector};
inline constexpr ValueType kRangeScalarArgs[] = {ValueType::kRangeVector, ValueType::kScalar};
inline constexpr ValueType kRangeScalarScalarArgs[] = {ValueType::kRangeVector, ValueType::kScalar,
                                                       ValueType::kScalar};

std::span<const FunctionSpec> MathFunctions();
std::span<const FunctionSpec> OverTimeFunctions();
std::span<const FunctionSpec> RateFunctions();
std::span<const FunctionSpec> RegressionFunctions();
std::span<const FunctionSpec> HistogramFunctions();
std::span<const FunctionSpec> LabelFunctions();
std::span<const FunctionSpec> TimeFunctions();
std::span<const FunctionSpec> VectorFunctions();
std::span<const FunctionSpec> SortFunctions();

std::span<const AggregationSpec> FoldAggregations();
std::span<const AggregationSpec> RankAggregations();

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_FUNCTIONS_FAMILIES_H_
