// tsdb/head/left_series.h
//
// LeftSeries: which series have left memory before their window was over, and up to which LSN the
// store has them. Asked by a replay, so that they stay away.
//
// Thread safety: const methods from any thread once Finish was called.
#ifndef HEARTH_TSDB_HEAD_LEFT_SERIES_H_
#define HEARTH_TSDB_HEAD_LEFT_SERIES_H_

#include <algorithm>
#include <span>
#include <vector>

#include "model/labels.h"
#include "model/sample.h"
#include "tsdb/lsn.h"

namespace hearth {

class LeftSeries {
 public:
  // Everything of the series in the window that starts there, in records up to `lsn` (inclusive),
  // is in the store.
  struct Entry {
    Fingerprint fingerprint;
    TimeMs window_start = 0;
    Lsn lsn = 0;
  };

  // In any order; of several for one series and window the highest counts.
  void Add(const Entry& entry) { entries_.push_back(entry); }
  // Before anything is asked.
  void Finish() {
    std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
      return a.fingerprint != b.fingerprint ? a.fingerprint < b.fingerprint
                                            : a.window_start < b.window_start;
    });
  }

  bool empty() const { return entries_.empty(); }
  // What there is of a series.
  std::span<const Entry> Of(const Fingerprint& fingerprint) const {
    const auto begin = std::lower_bound(
        entries_.begin(), entries_.end(), fingerprint,
        [](const Entry& entry, const Fingerprint& f) { return entry.fingerprint < f; });
    auto end = begin;
    while (end != entries_.end() && end->fingerprint == fingerprint) ++end;
    return {begin, end};
  }
  // Whether the entries of a series stand for what a record holds of the window.
  static bool Covers(std::span<const Entry> of_series, TimeMs window_start, Lsn lsn) {
    return std::any_of(of_series.begin(), of_series.end(), [&](const Entry& entry) {
      return entry.window_start == window_start && lsn <= entry.lsn;
    });
  }

 private:
  std::vector<Entry> entries_;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_HEAD_LEFT_SERIES_H_
