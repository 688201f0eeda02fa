#include "tsdb/compact/flush_policy.h"

#include <algorithm>
#include <utility>

#include "tsdb/window.h"

namespace hearth {

std::vector<TimeMs> FlushPolicy::Choose(const View& view) {
  std::vector<TimeMs> chosen;
  std::map<TimeMs, TimeMs> waiting;
  for (const TimeMs start : view.head_windows) {
    // The last time that data may have while the window is not over; without an end when there is
    // none so late.
    const TimeMs open_until =
        WindowEnd(WindowRange(start, options_.window_ms).maxt, options_.slack_ms + 1);
    const bool over_by_data = open_until < view.newest;
    if (over_by_data && !view.sealed_windows.contains(start)) {
      chosen.push_back(start);
      continue;
    }
    if (!over_by_data && open_until >= view.now) continue;
    const auto seen = waiting_since_.find(start);
    // A clock that was set back starts the wait anew.
    const TimeMs since = seen == waiting_since_.end() ? view.now : std::min(seen->second, view.now);
    if (view.now - since >= options_.late_wait_ms) {
      chosen.push_back(start);
    } else {
      waiting.emplace(start, since);
    }
  }
  waiting_since_ = std::move(waiting);
  return chosen;
}

}  // namespace hearth
