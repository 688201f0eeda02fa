#include "tsdb/chunk/column_kernels.h"

namespace hearth {
namespace {

// The plain definition: registers of one number.
namespace plain {
constexpr size_t kVectorBytes = 8;
#include "tsdb/chunk/column_kernels_body.inc"
}  // namespace plain

// clang has other pragmas; what it builds is not what is run.
#if defined(__x86_64__) && !defined(__clang__)
#define HEARTH_WIDE_COLUMNS 1
#pragma GCC push_options
#pragma GCC target("avx2,bmi,bmi2")
namespace wide {
constexpr size_t kVectorBytes = 32;
#include "tsdb/chunk/column_kernels_body.inc"
}  // namespace wide
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,bmi,bmi2")
namespace widest {
constexpr size_t kVectorBytes = 64;
#include "tsdb/chunk/column_kernels_body.inc"
}  // namespace widest
#pragma GCC pop_options
#endif

#ifdef HEARTH_WIDE_COLUMNS
constexpr ColumnKernels kAll[] = {plain::KernelsOf("plain"), wide::KernelsOf("avx2"),
                                  widest::KernelsOf("avx512")};
size_t Supported() {
  if (!__builtin_cpu_supports("bmi") || !__builtin_cpu_supports("bmi2")) return 1;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")) return 3;
  return __builtin_cpu_supports("avx2") ? 2 : 1;
}
#else
constexpr ColumnKernels kAll[] = {plain::KernelsOf("plain")};
size_t Supported() { return 1; }
#endif

}  // namespace

std::span<const ColumnKernels> AllColumnKernels() {
  static const size_t count = Supported();
  return std::span<const ColumnKernels>(kAll, count);
}

const ColumnKernels& Kernels() {
  static const ColumnKernels& widest = AllColumnKernels().back();
  return widest;
}

}  // namespace hearth
