// tsdb/sealed_coverage.h
//
// What the store has already, as a replay of the head asks it: whole windows up to an LSN, and
// series that left memory before their window was over.
//
// Thread safety: pure functions.
#ifndef HEARTH_TSDB_SEALED_COVERAGE_H_
#define HEARTH_TSDB_SEALED_COVERAGE_H_

#include <span>

#include "tsdb/head/left_series.h"
#include "tsdb/lsn.h"
#include "tsdb/store/catalogue.h"
#include "tsdb/store/store.h"

namespace hearth {

// The LSN up to which the store has the window of this length that starts there; 0 when it does not
// have all of it.
Lsn FlushedLsn(std::span<const GenerationInfo> catalogue, TimeMs start, TimeMs length);

// The series whose coverage goes beyond that of their window. Costs reading their labels. A
// generation that cannot be read is left out: its series are replayed as far as the logs go.
LeftSeries ReadLeftSeries(const Store& store, TimeMs window_ms);

}  // namespace hearth

#endif  // HEARTH_TSDB_SEALED_COVERAGE_H_
