// Functions between scalars and vectors: absent, scalar, vector.
#include "query/functions/families.h"

namespace hearth::promql {
namespace {

constexpr FunctionSpec kFunctions[] = {
    {.name = "absent",
     .args = kVectorArg,
     .kernel = {.shape = Shape::kAbsent},
     .summary = "1 when the argument has no series.",
     .example = "absent(up{job=\"node\"})"},
    {.name = "scalar",
     .args = kVectorArg,
     .returns = ValueType::kScalar,
     .kernel = {.shape = Shape::kScalarOfVector},
     .summary = "Value of the only series of a vector; NaN when there is none or more than one.",
     .example = "scalar(count(up))"},
    {.name = "vector",
     .args = kScalarArg,
     .kernel = {.shape = Shape::kVectorOfScalar},
     .summary = "A series without labels that has the value of a scalar.",
     .example = "sum(rate(errors_total[5m])) or vector(0)"},
};

}  // namespace

std::span<const FunctionSpec> VectorFunctions() { return kFunctions; }

}  // namespace hearth::promql
