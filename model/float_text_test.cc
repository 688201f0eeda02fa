#include "model/float_text.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>

#include "gtest/gtest.h"

namespace hearth {
namespace {

std::string Text(double v) {
  char buffer[kFloatTextRoom];
  return std::string(buffer, WriteFloat(v, buffer));
}

// The standard library's shortest digits in the form "d.dde+x": an independent implementation.
std::string Oracle(double v) {
  char buffer[64];
  return std::string(
      buffer, std::to_chars(buffer, buffer + sizeof(buffer), v, std::chars_format::scientific).ptr);
}

// ToShortestDecimal in the oracle's form.
std::string Scientific(double v) {
  const ShortestDecimal decimal = ToShortestDecimal(v);
  std::string digits = std::to_string(decimal.digits);
  const int exponent = decimal.exponent + static_cast<int>(digits.size()) - 1;
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.size() > 1) digits.insert(1, ".");
  char buffer[16];
  std::snprintf(buffer, sizeof(buffer), "e%c%02d", exponent < 0 ? '-' : '+', std::abs(exponent));
  return digits + buffer;
}

TEST(FloatTextTest, ValuesHaveTheFormsOfGo) {
  const struct {
    double value;
    const char* text;
  } cases[] = {
      {0, "0"},
      {-0.0, "-0"},
      {1, "1"},
      {-7, "-7"},
      {10, "10"},
      {1200, "1200"},
      {9007199254740991, "9007199254740991"},
      {9007199254740992, "9007199254740992"},
      {9223372036854775808.0, "9223372036854776000"},
      {0.5, "0.5"},
      {100.25, "100.25"},
      {1234.5, "1234.5"},
      {-0.001, "-0.001"},
      {0.000001, "0.000001"},
      {0.0000012345678901234567, "0.0000012345678901234567"},
      {0.00000099, "9.9e-07"},
      {1e-10, "1e-10"},
      {5e-324, "5e-324"},
      {1e20, "100000000000000000000"},
      {999999999999999900000.0, "999999999999999900000"},
      {1e21, "1e+21"},
      {-1.5e300, "-1.5e+300"},
      {std::numeric_limits<double>::max(), "1.7976931348623157e+308"},
      {1.0 / 3, "0.3333333333333333"},
      {2.0 / 3, "0.6666666666666666"},
      {123456789.123456789, "123456789.12345679"},
      {std::nan(""), "NaN"},
      {HUGE_VAL, "+Inf"},
      {-HUGE_VAL, "-Inf"},
  };
  for (const auto& c : cases) EXPECT_EQ(Text(c.value), c.text);
}

TEST(FloatTextTest, DigitsBeyondTheShortestAreZeros) {
  EXPECT_EQ(Text(0x1p63), "9223372036854776000");
  EXPECT_EQ(Text(123456789012345678901.0), "123456789012345680000");
  EXPECT_EQ(Text(0x1p60), "1152921504606847000");
}

TEST(FloatTextTest, DigitsOfAnyBitsAreTheShortestAndNearest) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    std::mt19937_64 random(seed);
    for (int i = 0; i < 10'000; ++i) {
      const double v = std::bit_cast<double>(uint64_t{random()} >> 1);
      if (!std::isfinite(v) || v == 0) continue;
      ASSERT_EQ(Scientific(v), Oracle(v)) << "seed " << seed;
    }
  }
}

TEST(FloatTextTest, DigitsAtPowersOfTwoAndTenAreTheShortestAndNearest) {
  const auto check_around = [](double v) {
    for (const double w : {std::nextafter(v, 0), v, std::nextafter(v, HUGE_VAL)}) {
      if (w <= 0 || !std::isfinite(w)) continue;
      ASSERT_EQ(Scientific(w), Oracle(w));
    }
  };
  for (int e = -1074; e <= 1023; ++e) check_around(std::ldexp(1, e));
  for (int e = -323; e <= 308; ++e)
    check_around(std::strtod(("1e" + std::to_string(e)).c_str(), nullptr));
}

TEST(FloatTextTest, FractionsOfEverySizeAgreeWithTheStandardLibrary) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 200'000; ++i) {
    // 1e-6 to 1e15.
    const double v = std::ldexp(static_cast<double>(random() | 1), -19 - i % 63) + 1e-6;
    char buffer[64];
    const auto end = std::to_chars(buffer, buffer + sizeof(buffer), v, std::chars_format::fixed);
    ASSERT_EQ(Text(v), std::string(buffer, end.ptr));
  }
}

TEST(FloatTextTest, DecimalsOfEveryLengthReadBack) {
  std::mt19937_64 random(1);
  for (int decimals = 0; decimals <= 22; ++decimals) {
    for (int i = 0; i < 2000; ++i) {
      const double v = static_cast<double>(random() % 100'000'000) / std::pow(10, decimals);
      const std::string text = Text(-v);
      ASSERT_EQ(std::strtod(text.c_str(), nullptr), -v) << text;
      ASSERT_EQ(text.find('e') != std::string::npos, v != 0 && v < 1e-6) << text;
    }
  }
}

TEST(FloatTextTest, IntegersOfEveryLength) {
  char buffer[kIntegerTextRoom];
  uint64_t power = 1;
  for (int digits = 1; digits <= 16; ++digits, power *= 10) {
    for (const uint64_t v : {power - 1, power, power * 9}) {
      EXPECT_EQ(std::string(buffer, WriteInteger(v, buffer)), std::to_string(v));
    }
  }
}

TEST(FloatTextTest, ExponentTextAlwaysHasOne) {
  EXPECT_EQ(ExponentFloatText(0), "0e+00");
  EXPECT_EQ(ExponentFloatText(-0.0), "-0e+00");
  EXPECT_EQ(ExponentFloatText(1), "1e+00");
  EXPECT_EQ(ExponentFloatText(10), "1e+01");
  EXPECT_EQ(ExponentFloatText(-123.456), "-1.23456e+02");
  EXPECT_EQ(ExponentFloatText(0.1), "1e-01");
  EXPECT_EQ(ExponentFloatText(1.25e-9), "1.25e-09");
  EXPECT_EQ(ExponentFloatText(5e-324), "5e-324");
  EXPECT_EQ(ExponentFloatText(1.7976931348623157e308), "1.7976931348623157e+308");
  EXPECT_EQ(ExponentFloatText(HUGE_VAL), "+Inf");
  EXPECT_EQ(ExponentFloatText(std::nan("")), "NaN");
}

TEST(FloatTextTest, FixedTextNeverHasAnExponent) {
  EXPECT_EQ(FixedFloatText(1.5), "1.5");
  EXPECT_EQ(FixedFloatText(-0.0), "-0");
  EXPECT_EQ(FixedFloatText(1e21), "1" + std::string(21, '0'));
  EXPECT_EQ(FixedFloatText(-1.25e-9), "-0.00000000125");
  EXPECT_EQ(FixedFloatText(5e-324), "0." + std::string(323, '0') + "5");
  EXPECT_EQ(FixedFloatText(1.7976931348623157e308), "17976931348623157" + std::string(292, '0'));
  EXPECT_EQ(FixedFloatText(HUGE_VAL), "+Inf");
}

}  // namespace
}  // namespace hearth
