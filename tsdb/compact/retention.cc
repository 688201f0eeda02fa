#include "tsdb/compact/retention.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <vector>

#include "model/status.h"

namespace hearth {

TimeMs OldestKept(const RetentionLimits& limits, TimeMs now) {
  constexpr TimeMs kAll = std::numeric_limits<TimeMs>::min();
  if (limits.time_ms <= 0 || now < kAll + limits.time_ms) return kAll;
  return now - limits.time_ms;
}

absl::StatusOr<RetentionResult> ApplyRetention(const RetentionLimits& limits, TimeMs now,
                                               uint64_t owned_bytes, Store* store) {
  RetentionResult result;
  HEARTH_RETURN_IF_ERROR(store->CollectGarbage());
  HEARTH_ASSIGN_OR_RETURN(result.dropped_by_time, store->DropBefore(OldestKept(limits, now)));
  if (limits.bytes == 0 || result.dropped_by_time > 0) return result;  // The next look counts anew.

  const uint64_t leaving = store->Stats().dropped_bytes;
  uint64_t bytes = owned_bytes > leaving ? owned_bytes - leaving : 0;
  std::shared_ptr<const StoreVersion> version = store->version();
  if (version->generations.empty()) return result;
  const TimeMs newest = version->generations.back()->info.id.window.start;
  std::vector<GenerationId> drop;
  for (const auto& generation : version->generations) {
    if (bytes <= limits.bytes || generation->info.id.window.start == newest) break;
    if (generation->bytes == 0) continue;
    bytes -= std::min(bytes, generation->bytes);
    drop.push_back(generation->info.id);
  }
  // All generations of a window go together: a lower one alone would bring its duplicates back.
  for (const auto& generation : version->generations) {
    const GenerationId& id = generation->info.id;
    if (!drop.empty() && id.window == drop.back().window && drop.back() < id) drop.push_back(id);
  }
  version.reset();  // Or we would be a reader of what is dropped.
  HEARTH_RETURN_IF_ERROR(store->Drop(drop));
  result.dropped_by_size = drop.size();
  return result;
}

}  // namespace hearth
