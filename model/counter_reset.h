// model/counter_reset.h
//
// What a series says about one of its native histograms: whether it counts on from the one before.
// Storage decides it when samples are appended, readers see it as Histogram::counter_reset_hint.
//
// The rules are those by which Prometheus' chunks accept a histogram.
//
// Thread safety: pure function.
#ifndef HEARTH_MODEL_COUNTER_RESET_H_
#define HEARTH_MODEL_COUNTER_RESET_H_

#include "model/histogram.h"

namespace hearth {

// The hint that readers get of `next`. `previous` is the sample before it in its series as readers
// get it; null when there is none or it is a float.
//   kGauge     `next` says so.
//   kReset     `next` says so, or a count has fallen or vanished, or the custom bounds are others.
//   kNotReset  every count is at least what it was.
//   kUnknown   there is nothing to compare with: no previous histogram, a gauge, a staleness
//              marker, another schema or zero threshold. What `next` itself says of kNotReset does
//              not count.
CounterResetHint HintBehind(const Histogram* previous, const Histogram& next);

}  // namespace hearth

#endif  // HEARTH_MODEL_COUNTER_RESET_H_
