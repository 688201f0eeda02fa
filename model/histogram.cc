#include "model/histogram.h"

#include <algorithm>

namespace hearth {
namespace {

bool SameColumn(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), SameBits);
}

}  // namespace

size_t BytesOf(const Histogram& histogram) {
  const auto bytes = [](const auto& list) { return list.capacity() * sizeof(list[0]); };
  return sizeof(histogram) + bytes(histogram.positive_spans) + bytes(histogram.negative_spans) +
         bytes(histogram.positive_buckets) + bytes(histogram.negative_buckets) +
         bytes(histogram.custom_values);
}

bool SameData(const Histogram& a, const Histogram& b) {
  return a.schema == b.schema && SameBits(a.zero_threshold, b.zero_threshold) &&
         SameBits(a.zero_count, b.zero_count) && SameBits(a.count, b.count) &&
         SameBits(a.sum, b.sum) && a.positive_spans == b.positive_spans &&
         a.negative_spans == b.negative_spans &&
         SameColumn(a.positive_buckets, b.positive_buckets) &&
         SameColumn(a.negative_buckets, b.negative_buckets) &&
         SameColumn(a.custom_values, b.custom_values);
}

}  // namespace hearth
