#include "query/functions/lanes.h"

#include <iterator>
#include <utility>

namespace hearth::promql {
namespace {

namespace narrow {
constexpr size_t kVectorBytes = 16;
#include "query/functions/lanes_body.inc"
}  // namespace narrow

// clang has other pragmas; what it builds is not what is run.
#if defined(__x86_64__) && !defined(__clang__)
#define HEARTH_WIDE_LANES 1
#pragma GCC push_options
#pragma GCC target("avx2")
namespace wide {
constexpr size_t kVectorBytes = 32;
#include "query/functions/lanes_body.inc"
}  // namespace wide
#pragma GCC pop_options
#endif

#ifdef HEARTH_WIDE_LANES
constexpr LaneKernels kAll[] = {narrow::Kernels("baseline"), wide::Kernels("avx2")};
bool HasWide() { return __builtin_cpu_supports("avx2") != 0; }
#else
constexpr LaneKernels kAll[] = {narrow::Kernels("baseline")};
bool HasWide() { return true; }
#endif

}  // namespace

std::span<const LaneKernels> AllLanes() {
  static const size_t count = HasWide() ? std::size(kAll) : 1;
  return std::span<const LaneKernels>(kAll, count);
}

const LaneKernels& Lanes() {
  static const LaneKernels& widest = AllLanes().back();
  return widest;
}

}  // namespace hearth::promql
