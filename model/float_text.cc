#include "model/float_text.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

namespace hearth {
namespace {

// The algorithm multiplies by the 128 leading bits of powers of ten, rounded up.
struct Wide {
  uint64_t hi, lo;
};
constexpr int kPowerMin = -292, kPowerMax = 324;
constexpr size_t kPowers = kPowerMax - kPowerMin + 1;

// A number of 38 limbs, the lowest first: 10^324 has 1077 bits.
using Limbs = std::array<uint32_t, 38>;

constexpr Wide LeadingBits(const Limbs& limbs) {
  int top = static_cast<int>(limbs.size()) - 1;
  while (limbs[static_cast<size_t>(top)] == 0) --top;
  const auto limb = [&](int i) { return i < 0 ? 0 : uint64_t{limbs[static_cast<size_t>(i)]}; };
  const int shift = std::countl_zero(limbs[static_cast<size_t>(top)]);
  const auto word = [&](int i) {  // The 64 bits that begin `shift` bits into limb i.
    const uint64_t whole = limb(i) << 32 | limb(i - 1);
    return shift == 0 ? whole : whole << shift | limb(i - 2) >> (32 - shift);
  };
  Wide bits{word(top), word(top - 2)};
  bool exact = (limb(top - 4) << shift & UINT32_MAX) == 0;
  for (int i = top - 5; i >= 0; --i) exact = exact && limb(i) == 0;
  if (!exact && ++bits.lo == 0) ++bits.hi;
  return bits;
}

constexpr std::array<Wide, kPowers> MakePowers() {
  std::array<Wide, kPowers> powers{};
  Limbs limbs{1};
  for (int e = 0; e <= kPowerMax; ++e) {
    powers[static_cast<size_t>(e - kPowerMin)] = LeadingBits(limbs);
    uint64_t carry = 0;
    for (uint32_t& limb : limbs) {
      carry += uint64_t{limb} * 10;
      limb = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
  }
  // floor(2^1184 / 10^m) has more than 128 bits for every m, and always drops some.
  limbs = {};
  limbs.back() = 1;
  for (int e = -1; e >= kPowerMin; --e) {
    uint64_t rest = 0;
    for (size_t i = limbs.size(); i-- > 0;) {
      rest = rest << 32 | limbs[i];
      limbs[i] = static_cast<uint32_t>(rest / 10);
      rest %= 10;
    }
    Limbs sticky = limbs;
    sticky[0] |= 1;
    powers[static_cast<size_t>(e - kPowerMin)] = LeadingBits(sticky);
  }
  return powers;
}

constexpr std::array<Wide, kPowers> kPowersOfTen = MakePowers();

using Uint128 = unsigned __int128;

constexpr int FloorLog2OfPowerOf10(int e) { return (e * 1741647) >> 19; }

// The upper 64 bits of the 192-bit product, with the lowest set when anything below is.
uint64_t MultiplyRoundToOdd(const Wide& power, uint64_t factor) {
  const Uint128 low = Uint128{power.lo} * factor;
  const Uint128 product = Uint128{power.hi} * factor + static_cast<uint64_t>(low >> 64);
  return static_cast<uint64_t>(product >> 64) | (static_cast<uint64_t>(product) > 1 ? 1 : 0);
}

constexpr uint64_t kFractionBits = 52;

constexpr uint64_t kZeros = 0x3030303030303030;

// Eight digits as text, the first in the lowest byte.
uint64_t EightDigits(uint32_t value) {
  uint64_t v = value / 10000 | uint64_t{value % 10000} << 32;
  const uint64_t hundreds = (v * 10486 >> 20) & 0x7f0000007f;
  v = hundreds | (v - hundreds * 100) << 16;
  const uint64_t tens = (v * 103 >> 10) & 0x000f000f000f000f;
  return (tens | (v - tens * 10) << 8) | kZeros;
}

constexpr uint64_t kPow10[] = {1,
                               10,
                               100,
                               1000,
                               10000,
                               100000,
                               1000000,
                               10000000,
                               100000000,
                               1000000000,
                               10000000000,
                               100000000000,
                               1000000000000,
                               10000000000000,
                               100000000000000,
                               1000000000000000,
                               10000000000000000,
                               100000000000000000};

// For 1 to 10^17 - 1.
int CountDigits(uint64_t value) {
  const int about = std::bit_width(value) * 1233 >> 12;  // log10, or one above.
  return about + (value >= kPow10[about] ? 1 : 0);
}

// The digits of a number from 1 to 10^17 - 1, filled up with zeros to 17. They stay in registers:
// to read back what was just written in other pieces stalls.
struct Digits {
  explicit Digits(uint64_t value) : count(CountDigits(value)) {
    const uint64_t filled = value * kPow10[kDigitsMax - count];
    const uint64_t upper = filled / 100000000;
    const uint64_t high = EightDigits(static_cast<uint32_t>(upper % 100000000));
    const uint64_t low = EightDigits(static_cast<uint32_t>(filled % 100000000));
    first = static_cast<char>('0' + upper / 100000000);
    rest = Uint128{low} << 64 | high;
    int zeros = std::countl_zero(low ^ kZeros) / 8;
    if (zeros == 8) zeros += std::countl_zero(high ^ kZeros) / 8;
    significant = kDigitsMax - zeros;
  }

  // Writes all 17, and returns where the first `length` end.
  char* Write(int length, char* out) const {
    *out = first;
    std::memcpy(out + 1, &rest, sizeof(rest));
    return out + length;
  }
  // Writes what follows the first `from` digits (1 to 16), and returns where the significant end.
  char* WriteRest(int from, char* out) const {
    const Uint128 tail = rest >> 8 * (from - 1);
    std::memcpy(out, &tail, sizeof(tail));
    return out + significant - from;
  }

  static constexpr int kDigitsMax = 17;
  int count;        // Of the number.
  int significant;  // Without the zeros at the end.
  char first;
  Uint128 rest;  // As text, the second digit in the lowest byte.
};

char* WriteExponent(int exponent, char* out) {
  *out++ = 'e';
  *out++ = exponent < 0 ? '-' : '+';
  unsigned magnitude = static_cast<unsigned>(std::abs(exponent));
  if (magnitude >= 100) {
    *out++ = static_cast<char>('0' + magnitude / 100);
    magnitude %= 100;
  }
  *out++ = static_cast<char>('0' + magnitude / 10);
  *out++ = static_cast<char>('0' + magnitude % 10);
  return out;
}

}  // namespace

ShortestDecimal ToShortestDecimal(double value) {
  const auto bits = std::bit_cast<uint64_t>(value);
  const uint64_t fraction = bits & ((uint64_t{1} << kFractionBits) - 1);
  const int biased = static_cast<int>(bits >> kFractionBits & 0x7ff);
  const uint64_t c = biased == 0 ? fraction : fraction | uint64_t{1} << kFractionBits;
  const int q = std::max(biased, 1) - 1075;  // value == c * 2^q

  // Every number between the bounds reads back as `value`; the bounds too when c is even. Below a
  // power of two neighbours are half as far.
  const bool half = fraction == 0 && biased > 1;
  const uint64_t odd = c & 1;
  const int k = (q * 1262611 - (half ? 524031 : 0)) >> 22;
  const int h = q + FloorLog2OfPowerOf10(-k) + 1;
  const Wide& power = kPowersOfTen[static_cast<size_t>(-k - kPowerMin)];
  const uint64_t lower = MultiplyRoundToOdd(power, (4 * c - (half ? 1 : 2)) << h) + odd;
  const uint64_t middle = MultiplyRoundToOdd(power, 4 * c << h);
  const uint64_t upper = MultiplyRoundToOdd(power, (4 * c + 2) << h) - odd;

  // In quarters of 10^k. One digit less when exactly one such number fits; else whichever fits, or
  // the nearer of the two. Chosen without branches, which would be guessed wrong half of the time.
  const uint64_t s = middle / 4;
  const uint64_t tens = s / 10;
  const bool tens_down = lower <= 40 * tens, tens_up = 40 * tens + 40 <= upper;
  const bool down = lower <= 4 * s, up = 4 * s + 4 <= upper;
  const uint64_t tie = 4 * s + 2;
  const bool nearer_up = (middle > tie) | ((middle == tie) & ((s & 1) != 0));
  const uint64_t unit = s + ((down != up ? up : nearer_up) ? 1 : 0);
  const bool shorter = (s >= 10) & (tens_down != tens_up);
  return {shorter ? tens + (tens_up ? 1 : 0) : unit, shorter ? k + 1 : k};
}

char* WriteInteger(uint64_t value, char* out) {
  if (value < 10) {
    *out = static_cast<char>('0' + value);
    return out + 1;
  }
  const Digits digits(value);
  return digits.Write(digits.count, out);
}

char* WriteFloat(double value, char* out) {
  if (!std::isfinite(value)) {
    std::memcpy(out, std::isnan(value) ? "NaN\0" : value > 0 ? "+Inf" : "-Inf", 4);
    return out + (std::isnan(value) ? 3 : 4);
  }
  if (std::signbit(value)) *out++ = '-';
  const double magnitude = std::abs(value);
  if (magnitude < 0x1p53 && magnitude == static_cast<double>(static_cast<uint64_t>(magnitude))) {
    return WriteInteger(static_cast<uint64_t>(magnitude), out);
  }
  const ShortestDecimal decimal = ToShortestDecimal(magnitude);
  const Digits digits(decimal.digits);
  const int point = digits.count + decimal.exponent;  // Digits before the decimal point.
  if (magnitude < 1e-6 || magnitude >= 1e21) {
    *out++ = digits.first;
    if (digits.significant > 1) {
      *out = '.';
      out = digits.WriteRest(1, out + 1);
    }
    return WriteExponent(point - 1, out);
  }
  if (point <= 0) {
    std::memcpy(out, "0.000000", 8);
    return digits.Write(digits.significant, out + 2 - point);
  }
  if (point < digits.significant) {
    digits.Write(point, out)[0] = '.';
    return digits.WriteRest(point, out + point + 1);
  }
  std::memset(digits.Write(Digits::kDigitsMax, out), '0', 4);  // There are at most 21.
  return out + point;
}

std::string FixedFloatText(double value) {
  const double magnitude = std::abs(value);
  char buffer[kFloatTextRoom];
  if (!std::isfinite(value) || magnitude == 0 || (magnitude >= 1e-6 && magnitude < 1e21)) {
    return std::string(buffer, WriteFloat(value, buffer));
  }
  const ShortestDecimal decimal = ToShortestDecimal(magnitude);
  const Digits digits(decimal.digits);
  const int point = digits.count + decimal.exponent;
  std::string text = value < 0 ? "-" : "";
  if (point <= 0) text.append("0.").append(static_cast<size_t>(-point), '0');
  text.append(buffer, digits.Write(digits.significant, buffer));
  if (point > 0) text.append(static_cast<size_t>(point - digits.significant), '0');
  return text;
}

std::string ExponentFloatText(double value) {
  char buffer[kFloatTextRoom];
  if (!std::isfinite(value)) return std::string(buffer, WriteFloat(value, buffer));
  std::string text = std::signbit(value) ? "-" : "";
  if (value == 0) return text + "0e+00";
  const ShortestDecimal decimal = ToShortestDecimal(std::abs(value));
  const Digits digits(decimal.digits);
  char* const end = digits.Write(digits.significant, buffer);
  text.push_back(buffer[0]);
  if (end > buffer + 1) text.append(".").append(buffer + 1, end);
  const int exponent = digits.count + decimal.exponent - 1;
  text.append(exponent < 0 ? "e-" : "e+");
  if (std::abs(exponent) < 10) text.push_back('0');
  return text + std::to_string(std::abs(exponent));
}

}  // namespace hearth
