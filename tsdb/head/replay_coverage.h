// tsdb/head/replay_coverage.h
//
// ReplayCoverage: what a replay may leave out because the store has it, or because the retention
// has passed over it.
//
// Thread safety: none.
#ifndef HEARTH_TSDB_HEAD_REPLAY_COVERAGE_H_
#define HEARTH_TSDB_HEAD_REPLAY_COVERAGE_H_

#include <functional>
#include <map>
#include <utility>

#include "tsdb/head/left_series.h"
#include "tsdb/lsn.h"
#include "tsdb/window.h"

namespace hearth {

class ReplayCoverage {
 public:
  // `flushed_lsn`: the LSN up to which the store has the window that starts there; may be empty.
  // `left` is borrowed.
  ReplayCoverage(std::function<Lsn(TimeMs window_start)> flushed_lsn, const LeftSeries* left,
                 TimeMs window_ms, TimeMs oldest_kept)
      : flushed_lsn_(std::move(flushed_lsn)),
        left_(left),
        window_ms_(window_ms),
        oldest_kept_(oldest_kept) {}

  // Those that have left memory by themselves.
  const LeftSeries& left() const { return *left_; }

  // The window of `t`; asking for it again is cheap.
  TimeRange WindowOf(TimeMs t) {
    if (!window_.Contains(t)) [[unlikely]]
      Enter(t);
    return window_;
  }
  // Of a sample at `t` in a record numbered `lsn`.
  bool Covered(TimeMs t, Lsn lsn) {
    WindowOf(t);
    return lsn <= window_lsn_ || t < oldest_kept_;
  }

  // The windows asked for, and up to which LSN the store has them.
  const std::map<TimeMs, Lsn>& windows() const { return lsns_; }

 private:
  void Enter(TimeMs t) {
    window_ = WindowRange(WindowStart(t, window_ms_), window_ms_);
    const auto [it, added] = lsns_.try_emplace(window_.mint, 0);
    if (added && flushed_lsn_) it->second = flushed_lsn_(window_.mint);
    window_lsn_ = it->second;
  }

  const std::function<Lsn(TimeMs)> flushed_lsn_;
  const LeftSeries* const left_;
  const TimeMs window_ms_;
  const TimeMs oldest_kept_;
  TimeRange window_{0, -1};
  Lsn window_lsn_ = 0;
  std::map<TimeMs, Lsn> lsns_;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_HEAD_REPLAY_COVERAGE_H_
