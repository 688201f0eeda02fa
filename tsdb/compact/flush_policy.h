// tsdb/compact/flush_policy.h
//
// Decides which windows of the head are to be flushed now.
//
// A window is over when data has moved on: the newest sample of the head is at least `slack_ms` behind the window's end. Senders that
// push history quickly are thus flushed window by window, wherever the clock stands. What cannot be told by the data waits by the
// clock: samples that arrive for a window that was flushed already (each flush of it costs a generation), and an ended window
// after which nothing came (its sender stopped). Both are flushed `late_wait_ms` after they were first seen.
//
// Thread safety: none; belongs to the compactor's thread.
#ifndef HEARTH_TSDB_COMPACT_FLUSH_POLICY_H_
#define HEARTH_TSDB_COMPACT_FLUSH_POLICY_H_

#include <map>
#include <set>
#include <vector>

#include "model/sample.h"

namespace hearth {

struct FlushPolicyOptions {
  TimeMs window_ms = 0;                    // > 0
  TimeMs slack_ms = 5 * 60 * 1000;
  TimeMs late_wait_ms = 10 * 60 * 1000;
};

class FlushPolicy {
 public:
  explicit FlushPolicy(FlushPolicyOptions options) : options_(options) {}

  struct View {
    std::vector<TimeMs> head_windows;      // Starts of the windows that have samples in the head, ascending.
    std::set<TimeMs> sealed_windows;       // Starts of those that the store has a generation of.
    TimeMs newest = 0;                     // The newest sample of the head.
    TimeMs now = 0;
  };
  // The starts of the windows to flush, ascending. Remembers when it first saw a waiting one.
  std::vector<TimeMs> Choose(const View& view);

 private:
  const FlushPolicyOptions options_;
  std::map<TimeMs, TimeMs> waiting_since_;  // window start -> clock
};

}  // namespace hearth

#endif  // HEARTH_TSDB_COMPACT_FLUSH_POLICY_H_
