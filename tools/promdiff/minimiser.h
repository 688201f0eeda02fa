// tools/promdiff/minimiser.h
//
// Shrinks a query that fails to one that still fails and has nothing to spare: a range becomes one
// of its steps, an expression one below it of the same type, matchers one series, modifiers
// nothing.
//
// Thread safety: pure function.
#ifndef HEARTH_TOOLS_PROMDIFF_MINIMISER_H_
#define HEARTH_TOOLS_PROMDIFF_MINIMISER_H_

#include <functional>

#include "tools/promdiff/grammar.h"

namespace hearth::promdiff {

// Calls `fails` at most `max_tries` times. The result fails, given that `query` does.
Query Minimise(const Query& query, const std::function<bool(const Query&)>& fails, int max_tries);

}  // namespace hearth::promdiff

#endif  // HEARTH_TOOLS_PROMDIFF_MINIMISER_H_
