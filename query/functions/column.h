// query/functions/column.h
//
// The value of one output series at every step of an evaluation: what operators hand to each other.
// A step without a value is marked in `ok`, not by a NaN, because NaN is a value. Native histograms
// stand beside the floats: who does not look at them sees steps without a value, and a column of
// floats has none and pays nothing.
//
// Thread safety: plain data.
#ifndef HEARTH_QUERY_FUNCTIONS_COLUMN_H_
#define HEARTH_QUERY_FUNCTIONS_COLUMN_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "model/histogram.h"

namespace hearth::promql {

struct StepHistogram {
  size_t step;
  HistogramPtr histogram;  // Not null.
};

struct StepColumn {
  std::vector<double> v;    // Unspecified where ok[i] is 0.
  std::vector<uint8_t> ok;  // 1 = there is a float. ok.size() == v.size() == the number of steps.
  std::vector<StepHistogram> histograms;  // Ascending by step; ok is 0 at these.

  // Makes room for `steps` absent values. Keeps the capacity.
  void Reset(size_t steps) {
    v.resize(steps);
    ok.assign(steps, 0);
    histograms.clear();
  }
  void Set(size_t step, double value) {
    v[step] = value;
    ok[step] = 1;
  }
  // Takes what `other`, of as many steps, has. False when both have something at a step; what the
  // two hold afterwards is unspecified then.
  bool Add(StepColumn* other);
  size_t steps() const { return v.size(); }
  size_t CountPresent() const {
    // Eight bytes at a time: a word's bytes are 0 or 1.
    size_t n = 0, i = 0;
    for (; i + 8 <= ok.size(); i += 8) {
      uint64_t word;
      std::memcpy(&word, ok.data() + i, sizeof(word));
      n += word * 0x0101010101010101 >> 56;
    }
    for (; i < ok.size(); ++i) n += ok[i];
    return n;
  }
};

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_FUNCTIONS_COLUMN_H_
