// query/cache/step_locality.h
//
// Which range queries may be computed in parts, and how far around a step they look.
//
// Thread safety: pure functions.
#ifndef HEARTH_QUERY_CACHE_STEP_LOCALITY_H_
#define HEARTH_QUERY_CACHE_STEP_LOCALITY_H_

#include "model/clock.h"
#include "query/parse/ast.h"
#include "query/plan/plan.h"

namespace hearth::promql {

// Whether the result at a step follows from the step's time and the samples around it. Not so where
// `@`, start(), end() or range() look at the query as a whole, nor for functions whose rows say so.
// Subqueries are left out: their grids hang on the query's first step. `expr` as it was parsed:
// what plan/ resolves is still to be seen.
bool IsStepLocal(const Expr& expr);

// By how much the newest sample that a step may see is newer than the step; negative when all are
// older, and very much so where there is no selector. `plan` is of a query that IsStepLocal.
TimeMs LooksAhead(const Plan& plan);

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_CACHE_STEP_LOCALITY_H_
