#include "tsdb/compact/retention.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "model/status.h"

namespace hearth {

TimeMs OldestKept(const RetentionLimits& limits, TimeMs now) {
  constexpr TimeMs kAll = std::numeric_limits<TimeMs>::min();
  if (limits.time_ms <= 0 || now < kAll + limits.time_ms) return kAll;
  return now - limits.time_ms;
}

namespace {

// The longest window of the version that holds this one: the first, in its order.
WindowId Longest(const StoreVersion& version, const WindowId& window) {
  const auto holder = std::find_if(
      version.generations.begin(), version.generations.end(),
      [&](const auto& generation) { return generation->info.id.window.Holds(window); });
  return holder == version.generations.end() ? window : (*holder)->info.id.window;
}

}  // namespace

absl::StatusOr<RetentionResult> ApplyRetention(const RetentionLimits& limits, TimeMs now,
                                               uint64_t owned_bytes, Store* store) {
  RetentionResult result;
  HEARTH_ASSIGN_OR_RETURN(result.dropped_by_time, store->DropBefore(OldestKept(limits, now)));
  // After a drop by time the next look counts anew.
  if (limits.bytes == 0 || owned_bytes <= limits.bytes || result.dropped_by_time > 0) return result;

  const uint64_t leaving = store->Stats().dropped_bytes;
  uint64_t bytes = owned_bytes > leaving ? owned_bytes - leaving : 0;
  std::shared_ptr<const StoreVersion> version = store->version();
  if (version->generations.empty()) return result;
  // All generations of a window go together, those of shorter windows inside it too: a lower one
  // alone would bring its duplicates back.
  const std::map<GenerationId, uint64_t> freed = store->BytesToFree();
  std::map<WindowId, uint64_t> windows;
  for (const auto& generation : version->generations) {
    const auto found = freed.find(generation->info.id);
    windows[Longest(*version, generation->info.id.window)] +=
        found == freed.end() ? 0 : found->second;
  }
  windows.erase(std::prev(windows.end()));  // The newest stays.
  std::set<WindowId> leave;
  for (const auto& [window, window_bytes] : windows) {
    if (bytes <= limits.bytes) break;
    if (window_bytes == 0) continue;
    bytes -= std::min(bytes, window_bytes);
    leave.insert(window);
  }
  std::vector<GenerationId> drop;
  for (const auto& generation : version->generations) {
    if (leave.contains(Longest(*version, generation->info.id.window)))
      drop.push_back(generation->info.id);
  }
  version.reset();  // Or we would be a reader of what is dropped.
  HEARTH_RETURN_IF_ERROR(store->Drop(drop));
  result.dropped_by_size = drop.size();
  return result;
}

}  // namespace hearth
