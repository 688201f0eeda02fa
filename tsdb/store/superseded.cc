#include "tsdb/store/superseded.h"

#include <algorithm>
#include <set>

namespace hearth {

std::vector<GenerationId> SupersededGenerations(const std::vector<FoundGeneration>& found) {
  std::set<GenerationId> present;
  for (const FoundGeneration& generation : found) present.insert(generation.info.id);
  std::vector<GenerationId> drop;
  // From the last generation of each window down: the highest merge that stays decides.
  const WindowId* decided = nullptr;
  for (auto it = found.rbegin(); it != found.rend(); ++it) {
    const GenerationInfo& info = it->info;
    if (decided != nullptr && info.id.window == *decided) {
      drop.push_back(info.id);
      continue;
    }
    if (info.replaces.empty()) continue;
    const bool all_there =
        std::all_of(info.replaces.begin(), info.replaces.end(), [&](uint32_t generation) {
          return present.contains({info.id.window, generation});
        });
    if (it->catalogued || !all_there) {
      decided = &info.id.window;
    } else {
      drop.push_back(info.id);
    }
  }
  return drop;
}

}  // namespace hearth
