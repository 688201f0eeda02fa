#include "scrape/exposition/float_text.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "model/sample.h"

namespace hearth {
namespace {

TEST(SampleValueTest, ParsesWhatPrometheusParses) {
  const double inf = std::numeric_limits<double>::infinity();
  const std::pair<const char*, double> cases[] = {
      {"0", 0},
      {"12", 12},
      {"+1", 1},
      {"-1.5", -1.5},
      {".5", .5},
      {"5.", 5},
      {"1e3", 1000},
      {"1E-3", .001},
      {"123456789012345678", 123456789012345678.0},
      {"0.1", .1},
      {"1e-400", 0},
      {"5e-324", 5e-324},
      {"1.7976931348623157e308", 1.7976931348623157e308},
      {"Inf", inf},
      {"+inf", inf},
      {"-INF", -inf},
      {"infinity", inf},
  };
  for (const auto& [text, expected] : cases) {
    double value = 0;
    EXPECT_TRUE(ParseSampleValue(text, &value)) << text;
    EXPECT_TRUE(SameBits(value, expected)) << text << " gave " << value;
  }
  double value = 0;
  ASSERT_TRUE(ParseSampleValue("-0", &value));
  EXPECT_TRUE(std::signbit(value));
  for (const char* nan : {"NaN", "nan", "NAN"}) {
    ASSERT_TRUE(ParseSampleValue(nan, &value));
    EXPECT_TRUE(SameBits(value, NormalNaN()));
  }
  for (const char* bad : {"", "-", "+", "1e", "1e999", "1x", "--1", "0x10", "0x1p4", "in", "1_000",
                          "+NaN", "e5", "0x"}) {
    EXPECT_FALSE(ParseSampleValue(bad, &value)) << bad;
  }
}

TEST(SampleValueTest, RandomDoublesComeBackBitForBit) {
  constexpr uint64_t kSeed = 99;
  std::mt19937_64 random(kSeed);
  for (int i = 0; i < 20000; ++i) {
    const double value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    char text[64];
    snprintf(text, sizeof(text), "%.17g", value);
    double parsed = 0;
    ASSERT_TRUE(ParseSampleValue(text, &parsed)) << text;
    ASSERT_TRUE(SameBits(parsed, value)) << text << ", seed " << kSeed;
  }
}

TEST(LabelFloatTest, HexadecimalBoundsAreNumbers) {
  const std::pair<const char*, double> cases[] = {
      {"0x1p4", 16}, {"-0x1.8p1", -3}, {"0x10p0", 16}, {"2.50", 2.5}};
  for (const auto& [text, expected] : cases) {
    double value = 0;
    EXPECT_TRUE(ParseLabelFloat(text, &value)) << text;
    EXPECT_EQ(value, expected) << text;
  }
  double value = 0;
  for (const char* bad : {"", "0x10", "0x", "abc"})
    EXPECT_FALSE(ParseLabelFloat(bad, &value)) << bad;
}

TEST(LabelFloatTest, HasADotOrAnExponent) {
  const std::pair<double, const char*> cases[] = {
      {1, "1.0"},
      {0, "0.0"},
      {-1, "-1.0"},
      {0.5, "0.5"},
      {99999, "99999.0"},
      {1e6, "1e+06"},
      {123456789, "1.23456789e+08"},
      {0.0001, "0.0001"},
      {0.00001, "1e-05"},
      {std::numeric_limits<double>::infinity(), "+Inf"}};
  for (const auto& [value, expected] : cases) {
    std::string text;
    AppendLabelFloat(value, &text);
    EXPECT_EQ(text, expected);
  }
}

}  // namespace
}  // namespace hearth
