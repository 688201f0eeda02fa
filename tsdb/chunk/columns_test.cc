// Columns of integers, values and times: what goes in comes out to the last bit, on every kernel;
// what is damaged is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "tsdb/chunk/time_column.h"
#include "tsdb/chunk/value_column.h"
#include "tsdb/golden_file.h"

namespace hearth {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<uint64_t> Bits(const std::vector<double>& v) {
  std::vector<uint64_t> bits;
  for (const double x : v) bits.push_back(std::bit_cast<uint64_t>(x));
  return bits;
}

// Encodes, decodes with every kernel, compares the bits; the encoded bytes.
std::string RoundTrip(const std::vector<double>& v) {
  std::string bytes;
  EncodeValues(v, &bytes);
  for (const ColumnKernels& kernels : AllColumnKernels()) {
    std::vector<double> back(v.size());
    const absl::Status status = DecodeValues(bytes, back, kernels);
    EXPECT_TRUE(status.ok()) << kernels.name << ": " << status;
    EXPECT_EQ(Bits(back), Bits(v)) << kernels.name;
  }
  return bytes;
}

std::vector<double> Make(size_t n, const std::function<double(size_t)>& value) {
  std::vector<double> v(n);
  for (size_t i = 0; i < n; ++i) v[i] = value(i);
  return v;
}

TEST(Values, ConstantsTakeAFewBytes) {
  EXPECT_LE(RoundTrip(Make(240, [](size_t) { return 0; })).size(), 6u);
  EXPECT_LE(RoundTrip(Make(240, [](size_t) { return 12345.5; })).size(), 9u);
  EXPECT_LE(RoundTrip(Make(kColumnSamplesMax, [](size_t) { return -0.0; })).size(), 12u);
  EXPECT_LE(RoundTrip(Make(240, [](size_t) { return StaleNaN(); })).size(), 12u);
}

TEST(Values, ASteadyCounterTakesAFewBytes) {
  EXPECT_LE(
      RoundTrip(Make(240, [](size_t i) { return 1e9 + 15.0 * static_cast<double>(i); })).size(),
      20u);
}

TEST(Values, DecimalsArePackedAsIntegers) {
  std::mt19937 random(1);
  int64_t level = 1'000'000;
  const auto v =
      Make(240, [&](size_t) { return static_cast<double>(level += random() % 128) / 100; });
  EXPECT_LE(RoundTrip(v).size(), 240u);
}

TEST(Values, PagesArePackedAsPages) {
  std::mt19937 random(1);
  const auto v = Make(240, [&](size_t) { return static_cast<double>(random() % 16 * 4096 + 512); });
  EXPECT_LE(RoundTrip(v).size(), 150u);
}

TEST(Values, ARareOutlierCostsItself) {
  std::mt19937 random(1);
  const auto plain = Make(240, [&](size_t) { return random() % 8; });
  auto spiked = plain;
  spiked[100] = 123456789;
  EXPECT_LE(RoundTrip(spiked).size(), RoundTrip(plain).size() + 10);
}

TEST(Values, WhatIsNoDecimalComesBackToo) {
  RoundTrip({0.1 + 0.2});
  RoundTrip({kInfinity, -kInfinity, NormalNaN(), StaleNaN(), -0.0, 0.0});
  RoundTrip({5e-324, 1.7976931348623157e308, -5e-324});
  RoundTrip({1e15, 1e16, 9007199254740992.0, 9007199254740993.0, -9007199254740994.0, 1e22, 1e23});
  RoundTrip({-0.0, -0.0, 0.0, 0.0, -0.0});
  std::mt19937_64 random(7);
  RoundTrip(Make(300, [&](size_t) { return std::bit_cast<double>(random()); }));
  RoundTrip(
      Make(300, [&](size_t) { return std::ldexp(static_cast<double>(random() >> 11), -53); }));
}

TEST(Values, ExceptionsStandAmongDecimals) {
  for (size_t at : {0, 1, 120, 239}) {
    auto v = Make(240, [](size_t i) { return static_cast<double>(i * i) / 10; });
    v[at] = StaleNaN();
    EXPECT_LE(RoundTrip(v).size(), 480u) << at;
  }
}

// Series of every kind that exporters have, with the odd value, at all lengths.
TEST(Values, RandomColumnsComeBack) {
  for (uint32_t seed = 0; seed < 3'000; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    const size_t n = 1 + random() % (seed % 10 == 0 ? kColumnSamplesMax : 300);
    const int kind = static_cast<int>(random() % 6);
    const double scale = std::pow(10, random() % 12);
    const uint32_t changes = 1 + random() % 100;
    double level = random();
    const auto v = Make(n, [&](size_t) -> double {
      if (random() % 100 >= changes) return level;
      if (random() % 64 == 0) return StaleNaN();
      switch (kind) {
        case 0:
          return level += random() % 1000;
        case 1:
          return level = std::round(level * scale + random() % 100) / scale;
        case 2:
          return level = static_cast<double>(random()) / 3;
        case 3:
          return level = static_cast<float>(random()) / 7.0F;
        case 4:
          return level = -level;
        default:
          return level = std::ldexp(level, static_cast<int>(random() % 5) - 2);
      }
    });
    RoundTrip(v);
  }
}

TEST(Values, EveryTruncationIsDataLoss) {
  std::mt19937 random(1);
  const auto v =
      Make(100, [&](size_t i) { return i % 7 == 0 ? StaleNaN() : random() % 50 / 10.0; });
  const std::string bytes = RoundTrip(v);
  std::vector<double> back(v.size());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(DecodeValues(bytes.substr(0, size), back).code(), absl::StatusCode::kDataLoss)
        << size;
  }
  EXPECT_FALSE(DecodeValues(bytes + "x", back).ok());
  std::vector<double> too_many(kColumnSamplesMax + 1);
  EXPECT_FALSE(DecodeValues(bytes, too_many).ok());
  EXPECT_FALSE(DecodeValues(bytes, {}).ok());
}

TEST(Ints, AnyColumnComesBackOnEveryKernel) {
  for (uint32_t seed = 0; seed < 2'000; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    std::vector<int64_t> x(1 + random() % 600);
    const unsigned width = random() % 65;
    const uint64_t mask = width == 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1;
    const auto start = static_cast<int64_t>(random());
    const bool summed = random() % 2 == 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const uint64_t number = random() % 50 == 0 ? random() : random() & mask;
      const uint64_t before = static_cast<uint64_t>(i > 0 && summed ? x[i - 1] : start);
      x[i] = static_cast<int64_t>(before + number);
    }
    std::string bytes;
    EncodeInts(x, &bytes);
    for (const ColumnKernels& kernels : AllColumnKernels()) {
      VarintReader reader(bytes);
      std::vector<int64_t> back(x.size());
      ASSERT_TRUE(DecodeInts(&reader, x.size(), back.data(), kernels)) << kernels.name;
      EXPECT_TRUE(reader.ok() && reader.rest().empty());
      ASSERT_EQ(back, x) << kernels.name;
    }
  }
}

std::string RoundTrip(const std::vector<TimeMs>& t) {
  std::string bytes;
  EncodeTimes(t, &bytes);
  std::vector<TimeMs> back(t.size());
  EXPECT_TRUE(DecodeTimes(bytes, t.front(), t.back(), back).ok());
  EXPECT_EQ(back, t);
  return bytes;
}

TEST(Times, JitterAroundAScheduleIsPacked) {
  std::mt19937 random(1);
  std::vector<TimeMs> t(240);
  for (size_t i = 0; i < t.size(); ++i) {
    t[i] = 1'700'000'000'000 + static_cast<TimeMs>(i) * 15'000 + random() % 8;
  }
  EXPECT_LE(RoundTrip(t).size(), 110u);
  t.erase(t.begin() + 50, t.begin() + 60);  // A target that was away.
  EXPECT_LE(RoundTrip(t).size(), 240u);
}

TEST(Times, TheEndsOfTimeComeBack) {
  constexpr TimeMs kFirst = std::numeric_limits<TimeMs>::min(),
                   kLast = std::numeric_limits<TimeMs>::max();
  RoundTrip(std::vector<TimeMs>{kFirst, 0, kLast});
  RoundTrip(std::vector<TimeMs>{kFirst, kLast});
  RoundTrip(std::vector<TimeMs>{-3, -2, 5});
}

TEST(Times, ASchedule) {
  std::vector<TimeMs> t(5);
  ASSERT_TRUE(FillSchedule(-100, 300, t));
  EXPECT_THAT(t, testing::ElementsAre(-100, 0, 100, 200, 300));
  EXPECT_TRUE(OnSchedule(t));
  t[3] = 201;
  EXPECT_FALSE(OnSchedule(t));
  EXPECT_FALSE(FillSchedule(0, 7, t));
  EXPECT_FALSE(FillSchedule(0, 0, t));
  EXPECT_FALSE(FillSchedule(0, 3, t));
  std::vector<TimeMs> one(1);
  EXPECT_TRUE(FillSchedule(5, 5, one));
  EXPECT_FALSE(FillSchedule(5, 6, one));
}

TEST(Times, DamageIsTold) {
  const std::vector<TimeMs> t{0, 10, 21, 30, 44};
  const std::string bytes = RoundTrip(t);
  std::vector<TimeMs> back(t.size());
  EXPECT_FALSE(DecodeTimes(bytes, 0, 45, back).ok());
  EXPECT_FALSE(DecodeTimes(bytes + "x", 0, 44, back).ok());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(DecodeTimes(bytes.substr(0, size), 0, 44, back).code(), absl::StatusCode::kDataLoss);
  }
  std::string same;
  EncodeTimes(std::vector<TimeMs>{0, 10, 10, 30, 44}, &same);
  EXPECT_FALSE(DecodeTimes(same, 0, 44, back).ok());
}

TEST(Columns, WorkedExample) {
  auto golden = ReadGoldenFile("columns.golden");
  const std::vector<double> v{10.5, 10.5, 10.5, 11.25, 12, 12.75, 12.5, 12.5};
  std::vector<double> values(v.size());
  ASSERT_TRUE(DecodeValues(golden["values"], values).ok());
  EXPECT_EQ(values, v);
  EXPECT_EQ(RoundTrip(v), golden["values"]);
  constexpr TimeMs kStart = 1'700'000'000'000;
  const std::vector<TimeMs> t{kStart, kStart + 15'002, kStart + 30'000, kStart + 45'003};
  std::vector<TimeMs> times(t.size());
  ASSERT_TRUE(DecodeTimes(golden["times"], t.front(), t.back(), times).ok());
  EXPECT_EQ(times, t);
  EXPECT_EQ(RoundTrip(t), golden["times"]);
}

}  // namespace
}  // namespace hearth
