#include "tsdb/chunk/xor_chunk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "tsdb/golden_file.h"

namespace hearth {
namespace {

struct Chunk {
  ChunkMeta meta;
  std::string bytes;
};

Chunk Encode(const std::vector<Sample>& samples) {
  std::string buffer(XorMaxBytes(samples.size()) + kXorAppendSlack, '\xff');
  XorState state;
  for (const Sample& s : samples) XorAppend(s.t, s.v, buffer.data(), &state);
  buffer.resize(XorBytes(state));
  return {{samples.front().t, samples.back().t, state.count, ChunkEncoding::kXor}, buffer};
}

void ExpectRoundTrip(const std::vector<Sample>& samples) {
  const Chunk chunk = Encode(samples);
  EXPECT_LE(chunk.bytes.size(), XorMaxBytes(samples.size()));
  SampleColumns whole;
  for (const Sample& s : samples) {
    whole.t.push_back(s.t);
    whole.v.push_back(s.v);
  }
  std::string at_once = "before";
  EXPECT_EQ(EncodeXorChunk(whole.t, whole.v, &at_once), chunk.meta);
  EXPECT_EQ(at_once, "before" + chunk.bytes);
  SampleColumns columns;
  ASSERT_TRUE(DecodeChunk(chunk.meta, chunk.bytes, TimeRange(), &columns).ok());
  ASSERT_EQ(columns.t.size(), samples.size());
  ASSERT_EQ(columns.v.size(), samples.size());
  for (size_t i = 0; i < samples.size(); ++i) {
    EXPECT_EQ(columns.t[i], samples[i].t) << i;
    EXPECT_TRUE(SameBits(columns.v[i], samples[i].v)) << i << ": " << columns.v[i];
  }
}

// A value of one of the kinds that exporters send.
double RandomValue(std::mt19937_64& random, double last) {
  switch (random() % 8) {
    case 0:
      return std::bit_cast<double>(random());  // Any bits, NaN payloads included.
    case 1:
      return StaleNaN();
    case 2:
      return random() % 2 == 0 ? -0.0 : std::numeric_limits<double>::infinity();
    case 3:
      return last;
    default:
      return std::floor(last) + static_cast<double>(random() % 1000);
  }
}

std::vector<Sample> RandomSamples(std::mt19937_64& random, size_t n) {
  std::vector<Sample> samples;
  Sample s{static_cast<TimeMs>(random() >> 20), 0};
  for (size_t i = 0; i < n; ++i) {
    s.t += random() % 20 == 0 ? static_cast<TimeMs>(1 + (random() >> (24 + random() % 38)))
                              : 15'000 + static_cast<TimeMs>(random() % 30) - 15;
    s.v = RandomValue(random, s.v);
    samples.push_back(s);
  }
  return samples;
}

TEST(XorChunkTest, KeepsEveryBitOfSpecialValues) {
  ExpectRoundTrip({{1, 0.0},
                   {2, -0.0},
                   {3, std::numeric_limits<double>::infinity()},
                   {4, -std::numeric_limits<double>::infinity()},
                   {5, StaleNaN()},
                   {6, NormalNaN()},
                   {7, std::bit_cast<double>(uint64_t{0xfff8'dead'beef'0001})},
                   {8, std::numeric_limits<double>::denorm_min()},
                   {9, std::numeric_limits<double>::max()},
                   {10, 1},
                   {11, 1}});
}

TEST(XorChunkTest, TakesTheWholeRangeOfTime) {
  constexpr TimeMs kMin = std::numeric_limits<TimeMs>::min();
  constexpr TimeMs kMax = std::numeric_limits<TimeMs>::max();
  ExpectRoundTrip({{kMin, 1}, {kMin + 1, 2}, {-1, 3}, {0, 4}, {kMax - 1, 5}, {kMax, 6}});
}

TEST(XorChunkTest, EdgesOfEveryDeltaBucketRoundTrip) {
  for (const int64_t edge :
       {1, 7, 8, 9, 63, 64, 65, 255, 256, 257, 8191, 8192, 8193, 524287, 524288, 524289}) {
    const TimeMs step = 10'000'000;
    // Deltas of deltas of +edge and -edge.
    ExpectRoundTrip({{0, 1}, {step, 1}, {2 * step + edge, 1}, {3 * step + edge, 1}});
    ExpectRoundTrip({{0, 1}, {step, 1}, {2 * step - edge, 1}, {3 * step - 3 * edge, 1}});
  }
}

TEST(XorChunkTest, RandomRunsRoundTripAtEverySampleBoundary) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const std::vector<Sample> samples = RandomSamples(random, 1 + random() % 130);
    ExpectRoundTrip(samples);
    const Chunk whole = Encode(samples);
    const size_t cut = 1 + random() % samples.size();
    const Chunk part = Encode({samples.begin(), samples.begin() + static_cast<ptrdiff_t>(cut)});
    EXPECT_EQ(part.bytes.substr(0, part.bytes.size() - 1),
              whole.bytes.substr(0, part.bytes.size() - 1));
  }
}

TEST(XorChunkTest, SteadyTimesAndValuesCostTwoBits) {
  std::vector<Sample> samples;
  for (int i = 0; i < 122; ++i) samples.push_back({i * 15'000, 7});
  // 64 bits, then 21 for the first delta and 21 for its end, 120 times 2 for the rest.
  EXPECT_LE(Encode(samples).bytes.size(), (64 + 2 * 27 + 120 * 2) / 8u + 1);
}

TEST(XorChunkTest, RangeIsInclusiveAtBothEnds) {
  const Chunk chunk = Encode({{10, 1}, {20, 2}, {30, 3}, {40, 4}});
  const auto times = [&](TimeRange range) {
    SampleColumns columns;
    EXPECT_TRUE(DecodeChunk(chunk.meta, chunk.bytes, range, &columns).ok());
    return columns.t;
  };
  using testing::ElementsAre;
  EXPECT_THAT(times({20, 30}), ElementsAre(20, 30));
  EXPECT_THAT(times({21, 39}), ElementsAre(30));
  EXPECT_THAT(times({10, 10}), ElementsAre(10));
  EXPECT_THAT(times({40, 99}), ElementsAre(40));
  EXPECT_THAT(times({31, 39}), ElementsAre());
  EXPECT_THAT(times({41, 99}), ElementsAre());
  EXPECT_THAT(times({30, 20}), ElementsAre());
}

// Mostly on schedule, so that the decoder's loops for runs do the work.
std::vector<Sample> SteadySamples(std::mt19937_64& random, size_t n) {
  const TimeMs steps[] = {1, 1000, 15'000, TimeMs{1} << 28, (TimeMs{1} << 28) + 1, TimeMs{1} << 40};
  TimeMs step = steps[random() % 6];
  const uint64_t change_one_of = 1 + random() % 40;
  Sample s{static_cast<TimeMs>(random() >> 20) - (TimeMs{1} << 43), 1e6};
  std::vector<Sample> samples;
  for (size_t i = 0; i < n; ++i) {
    if (random() % 50 == 0) step = steps[random() % 6];
    s.t += step;
    if (random() % change_one_of == 0) s.v += static_cast<double>(random() % 64);
    samples.push_back(s);
  }
  return samples;
}

TEST(XorChunkTest, RunsOnScheduleRoundTripAndStopAtTheRange) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const std::vector<Sample> samples = SteadySamples(random, 1 + random() % 130);
    ExpectRoundTrip(samples);
    const Chunk chunk = Encode(samples);
    for (const Sample& first : samples) {
      const Sample& last = samples[random() % samples.size()];
      const TimeRange range{first.t - static_cast<TimeMs>(random() % 2),
                            last.t + static_cast<TimeMs>(random() % 2)};
      std::vector<TimeMs> expected;
      for (const Sample& s : samples) {
        if (range.Contains(s.t)) expected.push_back(s.t);
      }
      SampleColumns columns;
      ASSERT_TRUE(DecodeChunk(chunk.meta, chunk.bytes, range, &columns).ok());
      ASSERT_EQ(columns.t, expected) << range.mint << " to " << range.maxt;
      ASSERT_EQ(columns.v.size(), expected.size());
    }
  }
}

TEST(XorChunkTest, SteadyTimesAreStillCheckedAtTheEndsOfTime) {
  constexpr TimeMs kMin = std::numeric_limits<TimeMs>::min();
  constexpr TimeMs kMax = std::numeric_limits<TimeMs>::max();
  std::vector<Sample> early, late, middle;
  for (int i = 0; i < 40; ++i) {
    early.push_back({kMin + i * 1000, 1});
    late.push_back({kMax - (39 - i) * 1000, 1});
    middle.push_back({(TimeMs{1} << 61) + (i - 20) * 1000, 1});
  }
  ExpectRoundTrip(early);
  ExpectRoundTrip(late);
  ExpectRoundTrip(middle);
  // One sample more than there is time for.
  Chunk chunk = Encode(late);
  ++chunk.meta.count;
  chunk.bytes.append(32, '\0');
  SampleColumns columns;
  EXPECT_EQ(DecodeChunk(chunk.meta, chunk.bytes, TimeRange(), &columns).code(),
            absl::StatusCode::kDataLoss);
}

TEST(XorChunkTest, AppendsBehindWhatTheColumnsHold) {
  const Chunk chunk = Encode({{10, 1}, {20, 2}});
  SampleColumns columns;
  columns.t = {1};
  columns.v = {9};
  ASSERT_TRUE(DecodeChunk(chunk.meta, chunk.bytes, TimeRange(), &columns).ok());
  EXPECT_THAT(columns.t, testing::ElementsAre(1, 10, 20));
}

TEST(XorChunkTest, TruncationAtEveryByteIsAnErrorAndLeavesTheColumns) {
  std::mt19937_64 random(7);
  const Chunk chunk = Encode(RandomSamples(random, 60));
  for (size_t n = 0; n < chunk.bytes.size(); ++n) {
    SampleColumns columns;
    columns.t = {1};
    columns.v = {1};
    // A copy of its own, so that ASan sees a read beyond the end.
    const std::string cut(chunk.bytes.substr(0, n));
    const absl::Status status = DecodeChunk(chunk.meta, cut, TimeRange(), &columns);
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << n;
    EXPECT_EQ(columns.t.size(), 1u);
    EXPECT_EQ(columns.v.size(), 1u);
  }
}

TEST(XorChunkTest, MutatedBytesNeverBreakTheDecoder) {
  for (uint64_t seed = 0; seed < 5000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    Chunk chunk = Encode(RandomSamples(random, 1 + random() % 100));
    for (uint64_t i = 0; i <= random() % 4; ++i) {
      chunk.bytes[random() % chunk.bytes.size()] ^= static_cast<char>(1 << (random() % 8));
    }
    if (random() % 4 == 0) chunk.meta.count = static_cast<uint32_t>(random());
    if (random() % 4 == 0) chunk.bytes.resize(random() % (chunk.bytes.size() + 1));
    if (random() % 16 == 0) chunk.meta.encoding = static_cast<ChunkEncoding>(random());
    const TimeRange range =
        random() % 2 == 0 ? TimeRange() : TimeRange{chunk.meta.mint + 100'000, chunk.meta.maxt};
    SampleColumns columns;
    const absl::Status status = DecodeChunk(chunk.meta, chunk.bytes, range, &columns);
    ASSERT_EQ(columns.t.size(), columns.v.size());
    if (!status.ok()) {
      ASSERT_EQ(status.code(), absl::StatusCode::kDataLoss);
      ASSERT_TRUE(columns.t.empty());
    }
    for (size_t i = 0; i < columns.t.size(); ++i) ASSERT_TRUE(range.Contains(columns.t[i]));
  }
}

TEST(XorChunkTest, TheWorkedExampleOfTheFormatPageIsWhatIsWrittenAndRead) {
  std::map<std::string, std::string> golden = ReadGoldenFile("chunk.golden");
  const TimeMs t0 = 1'700'000'000'000;
  const Chunk chunk = Encode({{t0, 1}, {t0 + 15'000, 1}, {t0 + 30'003, 2}, {t0 + 45'003, 2.5}});
  EXPECT_EQ(chunk.bytes, golden["xor chunk"]);
  SampleColumns columns;
  ASSERT_TRUE(DecodeChunk(chunk.meta, golden["xor chunk"], TimeRange(), &columns).ok());
  EXPECT_THAT(columns.t, testing::ElementsAre(t0, t0 + 15'000, t0 + 30'003, t0 + 45'003));
  EXPECT_THAT(columns.v, testing::ElementsAre(1, 1, 2, 2.5));
}

TEST(ChunkEncodingTest, EveryEncodingHasAnIdANameAndADecoder) {
  for (const ChunkEncodingSpec& spec : ChunkEncodings()) {
    EXPECT_NE(static_cast<int>(spec.id), 0);
    EXPECT_FALSE(spec.name.empty());
    EXPECT_EQ(FindChunkEncoding(static_cast<uint8_t>(spec.id)), &spec);
    ASSERT_NE(spec.decode, nullptr);
  }
  EXPECT_EQ(FindChunkEncoding(0), nullptr);
  EXPECT_EQ(FindChunkEncoding(255), nullptr);
}

}  // namespace
}  // namespace hearth
