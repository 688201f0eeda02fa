#include "tsdb/compact/tier_policy.h"

#include <bit>

namespace hearth {

namespace {

// A series costs about as much as so many samples.
constexpr uint64_t kSamplesPerSeries = 64;
// Up to here all generations are of one size.
constexpr uint64_t kLeastWeight = 1 << 16;

// The power of kTierFan that a generation's weight has reached.
int TierOf(const GenerationInfo& info) {
  const uint64_t weight = info.samples + info.series * kSamplesPerSeries;
  return static_cast<int>(std::bit_width(weight / kLeastWeight) + 1) / 2;
}

}  // namespace

uint32_t ChooseTier(std::span<const GenerationInfo> generations) {
  size_t begin = generations.size();
  size_t of_tier = 0;  // Of the largest one passed.
  int largest = -1;
  // From the newest back; once a larger one is met, those behind it count for nothing.
  for (size_t i = generations.size(); i-- > 0;) {
    const int tier = TierOf(generations[i]);
    if (tier > largest) {
      largest = tier;
      of_tier = 0;
    }
    of_tier += tier == largest ? 1 : 0;
    if (of_tier >= kTierFan) begin = i;
  }
  if (begin < generations.size()) return generations[begin].id.generation;
  if (generations.size() <= kTierGenerationsMax) return 0;
  return generations[generations.size() - kTierGenerationsMax / 2].id.generation;
}

}  // namespace hearth
