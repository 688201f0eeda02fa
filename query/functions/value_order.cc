#include "query/functions/value_order.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace hearth::promql {
namespace {

enum class Pattern { kUnknown, kAscending, kDescending };

struct Pivot {
  size_t at = 0;
  Pattern pattern = Pattern::kUnknown;
};

// All ranges are [a, b).
class PatternDefeatingSort {
 public:
  explicit PatternDefeatingSort(std::span<double> values) : v_(values) {}

  void Sort(size_t a, size_t b, int bad_partitions_left) {
    bool balanced = true, partitioned = true;  // What the previous partition found.
    while (b - a > kInsertionSortMax) {
      if (bad_partitions_left == 0) return HeapSort(a, b);
      if (!balanced) {
        BreakPatterns(a, b);
        --bad_partitions_left;
      }
      Pivot pivot = ChoosePivot(a, b);
      if (pivot.pattern == Pattern::kDescending) {
        std::reverse(Iterator(a), Iterator(b));
        pivot = {b - 1 - (pivot.at - a), Pattern::kAscending};
      }
      const bool looks_sorted = balanced && partitioned && pivot.pattern == Pattern::kAscending;
      if (looks_sorted && FinishSorting(a, b)) return;
      if (a > 0 && !Less(a - 1, pivot.at)) {
        a = TakeOutEqual(a, b, pivot.at);  // The pivot is the least of the range.
        continue;
      }
      const size_t middle = Partition(a, b, pivot.at, &partitioned);
      const size_t left = middle - a, right = b - middle;
      balanced = std::min(left, right) >= (b - a) / 8;
      if (left < right) {
        Sort(a, middle, bad_partitions_left);
        a = middle + 1;
      } else {
        Sort(middle + 1, b, bad_partitions_left);
        b = middle;
      }
    }
    InsertionSort(a, b);
  }

 private:
  static constexpr size_t kInsertionSortMax = 12;
  static constexpr size_t kMedianMin = 8;    // Fewer values have the middle one as their pivot,
  static constexpr size_t kNintherMin = 50;  // from here on it is a median of medians.
  static constexpr int kSwapsOfDescending = 12;
  static constexpr int kShiftsMax = 5;        // So many values may stand in the wrong place…
  static constexpr size_t kShiftingMin = 50;  // …in a range of this length.

  std::span<double>::iterator Iterator(size_t i) {
    return v_.begin() + static_cast<std::ptrdiff_t>(i);
  }
  bool Less(size_t i, size_t k) const { return std::isnan(v_[i]) || v_[i] < v_[k]; }
  void Swap(size_t i, size_t k) { std::swap(v_[i], v_[k]); }

  // Takes the value at i to its place in [first, i], whose others are sorted.
  void ShiftLeft(size_t first, size_t i) {
    for (; i > first && Less(i, i - 1); --i) Swap(i, i - 1);
  }

  void InsertionSort(size_t a, size_t b) {
    for (size_t i = a + 1; i < b; ++i) ShiftLeft(a, i);
  }

  void SiftDown(size_t a, size_t root, size_t count) {
    for (size_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
      if (child + 1 < count && Less(a + child, a + child + 1)) ++child;
      if (!Less(a + root, a + child)) return;
      Swap(a + root, a + child);
      root = child;
    }
  }

  void HeapSort(size_t a, size_t b) {
    const size_t count = b - a;
    for (size_t i = (count - 1) / 2 + 1; i-- > 0;) SiftDown(a, i, count);
    for (size_t i = count; i-- > 0;) {
      Swap(a, a + i);
      SiftDown(a, 0, i);
    }
  }

  // Swaps three values in the middle with random ones.
  void BreakPatterns(size_t a, size_t b) {
    const size_t length = b - a, middle = a + length / 4 * 2;
    const uint64_t mask = std::bit_ceil(length + 1) - 1;
    uint64_t random = length;
    for (size_t i = middle - 1; i <= middle + 1; ++i) {
      random ^= random << 13;
      random ^= random >> 7;
      random ^= random << 17;
      size_t other = random & mask;
      if (other >= length) other -= length;
      Swap(i, a + other);
    }
  }

  size_t Median(size_t i, size_t j, size_t k, int* swaps) const {
    const auto order = [&](size_t* low, size_t* high) {
      if (!Less(*high, *low)) return;
      ++*swaps;
      std::swap(*low, *high);
    };
    order(&i, &j);
    order(&j, &k);
    order(&i, &j);
    return j;
  }

  Pivot ChoosePivot(size_t a, size_t b) const {
    const size_t length = b - a, quarter = length / 4;
    size_t i = a + quarter, j = a + quarter * 2, k = a + quarter * 3;
    int swaps = 0;
    if (length >= kNintherMin) {
      for (size_t* at : {&i, &j, &k}) *at = Median(*at - 1, *at, *at + 1, &swaps);
    }
    if (length >= kMedianMin) j = Median(i, j, k, &swaps);
    return {j, swaps == 0                    ? Pattern::kAscending
               : swaps == kSwapsOfDescending ? Pattern::kDescending
                                             : Pattern::kUnknown};
  }

  // True when a few shifts have sorted the range; otherwise it is nearer to it.
  bool FinishSorting(size_t a, size_t b) {
    size_t i = a + 1;
    for (int shifts = 0; shifts < kShiftsMax; ++shifts) {
      while (i < b && !Less(i, i - 1)) ++i;
      if (i == b) return true;
      if (b - a < kShiftingMin) return false;
      Swap(i, i - 1);
      // Down to the second value of all, and not of the range: as Go has it.
      if (i - a >= 2) ShiftLeft(0, i - 1);
      if (b - i >= 2) {
        for (size_t k = i + 1; k < b && Less(k, k - 1); ++k) Swap(k, k - 1);
      }
    }
    return false;
  }

  // Values less than the pivot come before its place, which is returned, others after it.
  size_t Partition(size_t a, size_t b, size_t pivot, bool* partitioned) {
    Swap(a, pivot);
    size_t i = a + 1, j = b - 1;  // j >= a: it stops before the pivot's own place.
    const auto advance = [&] {
      while (i <= j && Less(i, a)) ++i;
      while (i <= j && !Less(j, a)) --j;
      return i <= j;
    };
    *partitioned = !advance();
    if (!*partitioned) {
      do {
        Swap(i++, j--);
      } while (advance());
    }
    Swap(j, a);
    return j;
  }

  // Values equal to the pivot come first; returns where the greater ones begin.
  size_t TakeOutEqual(size_t a, size_t b, size_t pivot) {
    Swap(a, pivot);
    size_t i = a + 1, j = b - 1;
    while (true) {
      while (i <= j && !Less(a, i)) ++i;
      while (i <= j && Less(a, j)) --j;
      if (i > j) return i;
      Swap(i++, j--);
    }
  }

  const std::span<double> v_;
};

}  // namespace

void SortAsPrometheus(std::span<double> values) {
  if (values.size() < 2) return;
  PatternDefeatingSort(values).Sort(0, values.size(), std::bit_width(values.size()));
}

}  // namespace hearth::promql
