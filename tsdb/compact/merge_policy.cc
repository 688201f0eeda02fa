#include "tsdb/compact/merge_policy.h"

#include <algorithm>

namespace hearth {

std::optional<WindowId> MergePolicy::Choose(const std::vector<SealedWindow>& windows, TimeMs now) {
  std::optional<WindowId> chosen;
  std::map<WindowId, State> waiting;
  for (const SealedWindow& window : windows) {
    if (!window.needs_merge() || window.in_head) continue;
    State state{window.newest, window.generations, window.unapplied_delete, now};
    const auto before = waiting_.find(window.window);
    if (before != waiting_.end() && before->second.newest == state.newest &&
        before->second.generations == state.generations &&
        before->second.unapplied_delete == state.unapplied_delete) {
      // A clock that was set back starts the wait anew.
      state.since = std::min(before->second.since, now);
    }
    waiting.emplace(window.window, state);
    if (now - state.since < options_.quiet_ms) continue;
    if (!chosen || window.window < *chosen) chosen = window.window;
  }
  waiting_ = std::move(waiting);
  return chosen;
}

void MergePolicy::Postpone(const WindowId& window, TimeMs now) {
  const auto it = waiting_.find(window);
  if (it != waiting_.end()) it->second.since = now;
}

}  // namespace hearth
