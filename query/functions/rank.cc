// Aggregations that need all values of a step at once. Their work is done by exec/ranked.cc.
#include "query/functions/families.h"

namespace hearth::promql {
namespace {

constexpr AggregationSpec kAggregations[] = {
    {.name = "bottomk",
     .param = ValueType::kScalar,
     .keeps_series = true,
     .kernel = {.shape = AggregationShape::kRank, .largest = false},
     .summary = "The k series of the group with the smallest values.",
     .example = "bottomk(3, node_filesystem_free_bytes)"},
    {.name = "count_values",
     .param = ValueType::kString,
     .kernel = {.shape = AggregationShape::kCountValues},
     .summary = "Number of series of the group for each value, the value in a label.",
     .example = "count_values(\"version\", build_version)"},
    {.name = "limit_ratio",
     .param = ValueType::kScalar,
     .experimental = true,
     .keeps_series = true,
     .kernel = {.shape = AggregationShape::kRatio},
     .summary = "About that share of the series of the group; r and r - 1 complement each other.",
     .example = "limit_ratio(0.1, up)"},
    {.name = "limitk",
     .param = ValueType::kScalar,
     .experimental = true,
     .keeps_series = true,
     .kernel = {.shape = AggregationShape::kLimit},
     .summary = "Any k series of the group.",
     .example = "limitk(3, up)"},
    {.name = "quantile",
     .param = ValueType::kScalar,
     .kernel = {.shape = AggregationShape::kQuantile},
     .summary = "The φ-quantile of the values of the group.",
     .example = "quantile by (job) (0.9, node_load1)"},
    {.name = "topk",
     .param = ValueType::kScalar,
     .keeps_series = true,
     .kernel = {.shape = AggregationShape::kRank, .largest = true},
     .summary = "The k series of the group with the largest values.",
     .example = "topk(3, rate(http_requests_total[5m]))"},
};

}  // namespace

std::span<const AggregationSpec> RankAggregations() { return kAggregations; }

}  // namespace hearth::promql
