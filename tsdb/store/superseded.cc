#include "tsdb/store/superseded.h"

#include <algorithm>
#include <set>

namespace hearth {

namespace {

bool AllThere(const GenerationInfo& info, const std::set<GenerationId>& present) {
  return std::all_of(info.replaces.begin(), info.replaces.end(),
                     [&](uint32_t number) {
                       return present.contains({info.id.window, number});
                     }) &&
         std::all_of(info.replaces_inside.begin(), info.replaces_inside.end(),
                     [&](const GenerationId& id) { return present.contains(id); });
}

}  // namespace

std::vector<GenerationId> SupersededGenerations(const std::vector<FoundGeneration>& found) {
  std::set<GenerationId> present;
  std::vector<const FoundGeneration*> merged;
  for (const FoundGeneration& generation : found) {
    const GenerationInfo& info = generation.info;
    present.insert(info.id);
    if (!info.replaces.empty() || !info.replaces_inside.empty()) merged.push_back(&generation);
  }
  // From the highest number down: of merges that overlap, the highest that stays decides.
  std::sort(merged.begin(), merged.end(), [](const auto* a, const auto* b) {
    return a->info.id.generation > b->info.id.generation;
  });
  std::set<GenerationId> drop;
  for (const FoundGeneration* const merge : merged) {
    const GenerationId& id = merge->info.id;
    if (drop.contains(id)) continue;
    if (!merge->catalogued && AllThere(merge->info, present)) {
      drop.insert(id);
      continue;
    }
    for (const GenerationId& other : present) {
      if (other.generation < id.generation && other.generation >= merge->info.replaces_from &&
          id.window.Holds(other.window)) {
        drop.insert(other);
      }
    }
  }
  return {drop.begin(), drop.end()};
}

}  // namespace hearth
