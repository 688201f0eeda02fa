// query/functions/start_times.h
//
// Counters that say when they began: a start after the previous sample is a reset, whatever the
// values are, and a start inside the window is a sample of zero there. Semantics: Prometheus'
// use-start-timestamps.
//
// Thread safety: pure functions.
#ifndef HEARTH_QUERY_FUNCTIONS_START_TIMES_H_
#define HEARTH_QUERY_FUNCTIONS_START_TIMES_H_

#include "query/functions/kernel.h"

namespace hearth::promql {

// True when the counter began anew between samples i - 1 and i. False without start times.
bool IsStartReset(const WindowInput& in, size_t i);

// increase() and rate(); in.start_t is not empty.
void RateFromStarts(const WindowInput& in, bool per_second, StepColumn* out);

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_FUNCTIONS_START_TIMES_H_
