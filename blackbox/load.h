// blackbox/load.h
//
// A deterministic load for tests of the storage: series with node-exporter-like labels and values
// that can be told from (series, step) alone, so that any sample can be checked after a crash.
//
// Thread safety: const after construction.
#ifndef HEARTH_BLACKBOX_LOAD_H_
#define HEARTH_BLACKBOX_LOAD_H_

#include <cstdint>
#include <string>
#include <vector>

#include "model/labels.h"
#include "model/sample.h"

namespace hearth::blackbox {

class Load {
 public:
  // `series` series of `load_metric`, in groups of 100 by the label "group".
  explicit Load(int series);

  int series() const { return static_cast<int>(labels_.size()); }
  const Labels& labels(int i) const { return labels_[static_cast<size_t>(i)]; }
  // The value of series i at step n; a counter.
  static double Value(int i, int64_t n) { return static_cast<double>(n * (i % 13 + 1) + i); }
  // A WriteRequest (not compressed) with step n of series [from, to), at time t.
  std::string Body(int from, int to, int64_t n, TimeMs t) const;

 private:
  std::vector<Labels> labels_;
};

}  // namespace hearth::blackbox

#endif  // HEARTH_BLACKBOX_LOAD_H_
