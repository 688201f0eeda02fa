// tools/promdiff/data.h
//
// Random series: counters with resets, gauges, histograms, with gaps, jitter, outages, stale
// markers, late samples, NaN, infinities and the ends of the floating point range. The times are
// fixed, so that a seed says everything.
//
// Thread safety: values.
#ifndef HEARTH_TOOLS_PROMDIFF_DATA_H_
#define HEARTH_TOOLS_PROMDIFF_DATA_H_

#include <cstdint>
#include <string>
#include <vector>

#include "model/labels.h"
#include "model/sample.h"

namespace hearth::promdiff {

struct DataSeries {
  Labels labels;
  std::vector<Sample> samples;  // Ascending.
};

struct DataOptions {
  uint64_t seed = 1;
  // Samples on whole multiples of their interval, so that they fall on the ends of windows. Else no
  // sample lies on a multiple of 250 ms.
  bool on_boundary = false;
  bool late_samples = false;  // Some arrive up to half an hour after their neighbours.
};

struct Data {
  TimeMs start_ms = 0;  // No sample is older; a whole minute.
  TimeMs end_ms = 0;    // None is younger; a whole minute.
  bool on_boundary = false;
  std::vector<DataSeries> series;
  // The same samples in the order of their sending; each series stands at most once in a batch.
  std::vector<std::vector<DataSeries>> batches;
};

Data MakeData(const DataOptions& options);

}  // namespace hearth::promdiff

#endif  // HEARTH_TOOLS_PROMDIFF_DATA_H_
