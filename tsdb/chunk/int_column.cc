#include "tsdb/chunk/int_column.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <numeric>
#include <string_view>
#include <vector>

namespace hearth {

namespace {

constexpr size_t kBlockNumbers = 128;
constexpr uint8_t kOrderMask = 3;  // Of the first byte: 0 as it is, 1 deltas, 2 deltas of deltas.
constexpr uint8_t kOrderMax = 2;
constexpr uint8_t kHasMultiplier = 4;
constexpr uint8_t kHasOutliers = 0x80;  // Of a block's width.
constexpr unsigned kWordWidth = 64;

unsigned BitsOf(uint64_t x) { return static_cast<unsigned>(std::bit_width(x)); }
size_t VarintBytes(uint64_t x) { return (BitsOf(x | 1) + 6) / 7; }
unsigned PackableWidth(unsigned bits) { return bits > kPackedWidthMax ? kWordWidth : bits; }

// How a block is written: what lies `width` bits and more above the base is an outlier.
struct BlockPlan {
  uint64_t base = 0;
  unsigned width = 0;
  size_t outliers = 0;
  size_t bytes = 0;
};

BlockPlan PlanBlock(std::span<const uint64_t> x) {
  BlockPlan plan;
  plan.base = *std::min_element(x.begin(), x.end(), [](uint64_t a, uint64_t b) {
    return static_cast<int64_t>(a) < static_cast<int64_t>(b);
  });
  std::array<uint16_t, kWordWidth + 1> of_width{};
  for (const uint64_t number : x) ++of_width[BitsOf(number - plan.base)];
  unsigned width = kWordWidth;
  while (width > 0 && of_width[width] == 0) --width;
  plan.width = PackableWidth(width);
  plan.bytes = PackedBytes(x.size(), plan.width);
  // Narrower, with one outlier more after the other: each a position and its upper bits.
  size_t outliers = 0, upper_bits = 0;
  for (unsigned narrower = width; narrower-- > 0;) {
    outliers += of_width[narrower + 1];
    upper_bits += outliers;  // Each outlier's upper part is a bit longer now.
    if (outliers > x.size() / 4) break;
    if (PackableWidth(narrower) != narrower) continue;
    const size_t bytes = 1 + PackedBytes(x.size(), narrower) + 2 * outliers + upper_bits / 7;
    if (bytes >= plan.bytes) continue;
    plan.width = narrower;
    plan.outliers = outliers;
    plan.bytes = bytes;
  }
  plan.bytes += 1 + VarintBytes(plan.base << 1 ^
                                static_cast<uint64_t>(static_cast<int64_t>(plan.base) >> 63));
  return plan;
}

void PutPacked(std::span<const uint64_t> x, const BlockPlan& plan, std::string* out) {
  const size_t begin = out->size();
  const size_t size = PackedBytes(x.size(), plan.width);
  out->resize(begin + size + kUnpackSlack, '\0');
  char* const bytes = out->data() + begin;
  const uint64_t mask = plan.width == kWordWidth ? ~uint64_t{0} : (uint64_t{1} << plan.width) - 1;
  size_t bit = 0;
  for (const uint64_t number : x) {
    uint64_t word = 0;
    std::memcpy(&word, bytes + bit / 8, 8);
    word |= ((number - plan.base) & mask) << (bit % 8);
    std::memcpy(bytes + bit / 8, &word, 8);
    bit += plan.width;
  }
  out->resize(begin + size);
}

void PutBlock(std::span<const uint64_t> x, std::string* out) {
  const BlockPlan plan = PlanBlock(x);
  PutZigzag(static_cast<int64_t>(plan.base), out);
  out->push_back(static_cast<char>(plan.width | (plan.outliers > 0 ? kHasOutliers : 0)));
  if (plan.outliers > 0) out->push_back(static_cast<char>(plan.outliers));
  PutPacked(x, plan, out);
  if (plan.outliers == 0) return;
  std::vector<uint64_t> upper;
  for (size_t i = 0; i < x.size(); ++i) {
    const uint64_t above = (x[i] - plan.base) >> plan.width;
    if (above == 0) continue;
    out->push_back(static_cast<char>(i));
    upper.push_back(above);
  }
  for (const uint64_t above : upper) PutVarint(above, out);
}

bool GetBlock(VarintReader* reader, size_t n, uint64_t* out, const ColumnKernels& kernels) {
  const auto base = static_cast<uint64_t>(reader->Zigzag());
  const uint8_t control = reader->Byte();
  const unsigned width = control & ~kHasOutliers;
  const bool has_outliers = (control & kHasOutliers) != 0;
  const size_t outliers = has_outliers ? reader->Byte() : 0;
  if (!reader->ok() || width != PackableWidth(width) || outliers > n ||
      (has_outliers && width == kWordWidth)) {
    return false;
  }
  const size_t size = PackedBytes(n, width);
  const size_t readable = reader->rest().size();
  const std::string_view packed = reader->Bytes(size);
  if (!reader->ok()) return false;
  const auto* bytes = reinterpret_cast<const uint8_t*>(packed.data());
  uint8_t tail[PackedBytes(kBlockNumbers, kWordWidth) + kUnpackSlack];
  if (readable < size + kUnpackSlack) {
    std::memcpy(tail, packed.data(), size);
    std::memset(tail + size, 0, kUnpackSlack);
    bytes = tail;
  }
  kernels.unpack(bytes, n, width, base, out);
  const std::string_view positions = reader->Bytes(outliers);
  for (const char position : positions) {
    const auto at = static_cast<uint8_t>(position);
    if (at >= n) return false;
    out[at] += reader->Varint() << width;
  }
  return reader->ok();
}

// What is written of the numbers behind the first.
struct Residues {
  uint8_t order = 0;
  uint64_t slope = 0;  // The first delta; only of order 2.
  std::vector<uint64_t> x;
  size_t bytes = 0;
};

size_t BytesOf(std::span<const uint64_t> x) {
  size_t bytes = 0;
  for (size_t i = 0; i < x.size(); i += kBlockNumbers) {
    bytes += PlanBlock(x.subspan(i, std::min(kBlockNumbers, x.size() - i))).bytes;
  }
  return bytes;
}

// The smallest of the orders. `y`: distances from the first number, which is left out itself.
Residues Smallest(std::span<const uint64_t> y) {
  Residues best;
  best.x.assign(y.begin(), y.end());
  best.bytes = BytesOf(y);
  Residues deltas;
  deltas.order = 1;
  deltas.x.resize(y.size());
  std::adjacent_difference(y.begin(), y.end(), deltas.x.begin());
  deltas.bytes = BytesOf(deltas.x);
  if (y.size() > 1) {
    Residues second;
    second.order = 2;
    second.slope = deltas.x[0];
    second.x.resize(y.size() - 1);
    for (size_t i = 1; i < y.size(); ++i) second.x[i - 1] = deltas.x[i] - deltas.x[i - 1];
    second.bytes = BytesOf(second.x) + VarintBytes(second.slope << 1);
    if (second.bytes < std::min(best.bytes, deltas.bytes)) return second;
  }
  return deltas.bytes < best.bytes ? deltas : best;
}

// The greatest common divisor of the distances from the first number; 1 where these do not fit 63
// bits, 0 when there is none but zero.
uint64_t CommonDivisor(std::span<const int64_t> x) {
  const auto [least, most] = std::minmax_element(x.begin(), x.end());
  if (static_cast<uint64_t>(*most) - static_cast<uint64_t>(*least) >
      static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    return 1;
  }
  int64_t divisor = 0;
  for (size_t i = 1; i < x.size() && divisor != 1; ++i)
    divisor = std::gcd(divisor, x[i] - x[i - 1]);
  return static_cast<uint64_t>(divisor);
}

}  // namespace

void EncodeInts(std::span<const int64_t> x, std::string* out) {
  const uint64_t divisor = CommonDivisor(x);
  const auto signed_divisor = static_cast<int64_t>(divisor);
  std::vector<uint64_t> y(x.size() - 1);
  for (size_t i = 1; i < x.size(); ++i) {
    const uint64_t distance = static_cast<uint64_t>(x[i]) - static_cast<uint64_t>(x[0]);
    y[i - 1] = divisor <= 1
                   ? distance
                   : static_cast<uint64_t>(static_cast<int64_t>(distance) / signed_divisor);
  }
  if (y.empty()) {
    out->push_back(0);
    PutZigzag(x[0], out);
    return;
  }
  const Residues residues = Smallest(y);
  out->push_back(static_cast<char>(residues.order | (divisor > 1 ? kHasMultiplier : 0)));
  PutZigzag(x[0], out);
  if (divisor > 1) PutVarint(divisor, out);
  if (residues.order == 2) PutZigzag(static_cast<int64_t>(residues.slope), out);
  const std::span<const uint64_t> rest(residues.x);
  for (size_t i = 0; i < rest.size(); i += kBlockNumbers) {
    PutBlock(rest.subspan(i, std::min(kBlockNumbers, rest.size() - i)), out);
  }
}

bool DecodeInts(VarintReader* reader, size_t n, int64_t* out, const ColumnKernels& kernels) {
  const uint8_t control = reader->Byte();
  const uint8_t order = control & kOrderMask;
  const bool has_multiplier = (control & kHasMultiplier) != 0;
  if (order > kOrderMax || control > (kOrderMask | kHasMultiplier)) return false;
  // The signed numbers' unsigned twins may be written through.
  auto* const x = reinterpret_cast<uint64_t*>(out);
  x[0] = static_cast<uint64_t>(reader->Zigzag());
  const uint64_t multiplier = has_multiplier ? reader->Varint() : 1;
  if (n == 1) return reader->ok() && order == 0 && !has_multiplier;
  if (order == 2 && n < 3) return false;
  const uint64_t slope = order == 2 ? static_cast<uint64_t>(reader->Zigzag()) : 0;
  if (!reader->ok()) return false;
  const size_t begin = order == 2 ? 2 : 1;
  for (size_t i = begin; i < n; i += kBlockNumbers) {
    if (!GetBlock(reader, std::min(kBlockNumbers, n - i), x + i, kernels)) return false;
  }
  if (order == 2) {
    x[1] = slope;
    kernels.running_sum(slope, x + 2, n - 2);
  }
  if (order > 0) kernels.running_sum(0, x + 1, n - 1);
  kernels.scale(x[0], multiplier, x + 1, n - 1);
  return true;
}

}  // namespace hearth
