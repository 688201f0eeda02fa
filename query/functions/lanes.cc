#include "query/functions/lanes.h"

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
#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq")
namespace widest {
constexpr size_t kVectorBytes = 64;
#include "query/functions/lanes_body.inc"
}  // namespace widest
#pragma GCC pop_options
#endif

#ifdef HEARTH_WIDE_LANES
constexpr LaneKernels kAll[] = {narrow::Kernels("baseline"), wide::Kernels("avx2"),
                                widest::Kernels("avx512")};
size_t Supported() {
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")) return 3;
  return __builtin_cpu_supports("avx2") ? 2 : 1;
}
#else
constexpr LaneKernels kAll[] = {narrow::Kernels("baseline")};
size_t Supported() { return 1; }
#endif

}  // namespace

std::span<const LaneKernels> AllLanes() {
  static const size_t count = Supported();
  return std::span<const LaneKernels>(kAll, count);
}

const LaneKernels& Lanes() {
  static const LaneKernels& widest = AllLanes().back();
  return widest;
}

}  // namespace hearth::promql
