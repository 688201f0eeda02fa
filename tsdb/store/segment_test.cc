// A series' samples through segments and bundles, and through a whole store, to the last bit.
#include "tsdb/store/segment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "model/text.h"
#include "tsdb/store/store_fixture.h"

namespace hearth {
namespace {

constexpr TimeMs kHour = 3'600'000;
const WindowId kDay{19'675 * 24 * kHour, 24 * kHour};

struct Column {
  std::vector<TimeMs> t;
  std::vector<double> v;
};

// Of what a server sees: kinds of values, steady and jittered times, gaps, markers.
Column RandomColumn(uint32_t seed) {
  std::mt19937_64 random(seed);
  Column column;
  const size_t n = 1 + random() % (seed % 8 == 0 ? 6'000 : 400);
  const TimeMs step = kDay.length / static_cast<TimeMs>(n + 1);
  const TimeMs jitter = seed % 3 == 0 ? 0 : std::min<TimeMs>(step - 1, 1 + seed % 20);
  double level = static_cast<double>(random() % 1'000'000);
  for (size_t i = 0; i < n; ++i) {
    if (random() % 100 == 0) continue;
    column.t.push_back(kDay.start + static_cast<TimeMs>(i) * step +
                       (jitter == 0 ? 0 : static_cast<TimeMs>(random()) % jitter / 2 + jitter / 2));
    switch (seed % 5) {
      case 0:
        level += static_cast<double>(random() % 50);
        break;
      case 1:
        level = static_cast<double>(random() % 1000) / 100;
        break;
      case 2:
        level = std::ldexp(static_cast<double>(random() >> 11), -53);
        break;
      case 3:
        level = random() % 20 == 0 ? -0.0 : level;
        break;
      default:
        break;
    }
    column.v.push_back(random() % 200 == 0 ? StaleNaN() : level);
  }
  if (column.t.empty()) column = {{kDay.start}, {NormalNaN()}};
  return column;
}

std::vector<uint64_t> Bits(const std::vector<double>& v) {
  std::vector<uint64_t> bits;
  for (const double x : v) bits.push_back(std::bit_cast<uint64_t>(x));
  return bits;
}

std::vector<bool> StaleMarkers(const std::vector<double>& v) {
  std::vector<bool> markers;
  for (const double x : v) markers.push_back(IsStaleNaN(x));
  return markers;
}

TEST(Segments, SamplesComeBackToTheLastBit) {
  SharedTimes times;
  SegmentEncoder encoder(&times);
  for (uint32_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    const Column column = RandomColumn(seed);
    std::string bundle;
    EncodeBundle(kDay, encoder.Encode(column.t, column.v), &bundle);
    std::vector<Segment> segments;
    ASSERT_TRUE(DecodeBundle(kDay, bundle, &segments).ok());
    std::vector<TimeMs> held;
    const auto shared = [&](uint32_t number) -> absl::StatusOr<std::span<const TimeMs>> {
      const absl::Status status = DecodeSharedTimes(kDay, times.Encode(kDay, number), &held);
      if (!status.ok()) return status;
      return std::span<const TimeMs>(held);
    };
    SampleColumns all, part, times_only;
    const TimeRange range{column.t[column.t.size() / 4], column.t[column.t.size() / 2]};
    for (const Segment& segment : segments) {
      ASSERT_TRUE(DecodeSegment(segment, TimeRange(), shared, &all).ok());
      ASSERT_TRUE(DecodeSegment(segment, range, shared, &part).ok());
      ASSERT_TRUE(DecodeSegment(segment, range, shared, &times_only, SampleParts::kTimes).ok());
    }
    EXPECT_EQ(all.t, column.t);
    EXPECT_EQ(Bits(all.v), Bits(column.v));
    const auto begin = std::lower_bound(column.t.begin(), column.t.end(), range.mint);
    const auto end = std::upper_bound(column.t.begin(), column.t.end(), range.maxt);
    EXPECT_EQ(part.t, std::vector<TimeMs>(begin, end));
    EXPECT_EQ(part.v.size(), part.t.size());
    EXPECT_EQ(times_only.t, part.t);
    EXPECT_EQ(StaleMarkers(times_only.v), StaleMarkers(part.v));
  }
}

TEST(Segments, SeriesThatWereScrapedTogetherShareTheirTimes) {
  std::mt19937 random(1);
  Column day;
  for (TimeMs t = kDay.start; t < kDay.range().maxt - 20; t += 15'000) {
    day.t.push_back(t + random() % 9);
    day.v.push_back(random() % 10);
  }
  SharedTimes times;
  SegmentEncoder encoder(&times);
  const size_t columns = encoder.Encode(day.t, day.v).size();
  EXPECT_EQ(times.size(), columns);
  // Others, one of which begins later: it shares what comes after the first cut.
  encoder.Encode(day.t, day.v);
  EXPECT_EQ(times.size(), columns);
  const std::span<const TimeMs> later = std::span(day.t).subspan(100);
  encoder.Encode(later, std::span(day.v).subspan(100));
  EXPECT_EQ(times.size(), columns + 1);
}

TEST(Segments, TimesThatNobodySharesAreKeptWithTheSegment) {
  SharedTimes times;
  SegmentEncoder encoder(&times);
  for (int i = 0; i < 2'000; ++i) {
    Column column;
    for (int k = 0; k < 20; ++k) {
      column.t.push_back(kDay.start + k * 15'000 + (k == 7 ? i + 1 : 0));
      column.v.push_back(k);
    }
    encoder.Encode(column.t, column.v);
  }
  EXPECT_LT(times.size(), 300u);
}

TEST(Segments, SummariesTellWithoutDecoding) {
  SharedTimes times;
  SegmentEncoder encoder(&times);
  const std::vector<TimeMs> t{kDay.start, kDay.start + 10, kDay.start + 20, kDay.start + 50};
  const SegmentSummary same = encoder.Encode(t, std::vector<double>{5, 5, 5, 5})[0].summary;
  EXPECT_EQ(same, (SegmentSummary{.longest_gap_ms = 30, .all_integers = true, .constant = true}));
  const SegmentSummary mixed =
      encoder.Encode(t, std::vector<double>{5, 0.5, StaleNaN(), 5})[0].summary;
  EXPECT_EQ(mixed, (SegmentSummary{.longest_gap_ms = 30, .has_stale_markers = true}));
}

class SealedTest : public testing::Test {
 protected:
  TemporaryFolder folder_;
};

// What is sealed, read, verified, and read again after a start.
TEST_F(SealedTest, AStoreGivesBackEveryBit) {
  auto store = *Store::Open(OptionsIn(folder_.path()));
  std::vector<Column> columns;
  auto writer = *GenerationWriter::Create(store->scratch_path(), store->NextGeneration(kDay));
  for (uint32_t i = 0; i < 200; ++i) {
    columns.push_back(RandomColumn(i));
    // Two targets that are scraped together, too.
    if (i % 2 == 1) columns.back().t = columns[i - 1].t;
    if (i % 2 == 1) columns.back().v.resize(columns.back().t.size(), 1.5);
    const Labels labels{{"__name__", "m"}, {"i", StrCat(1000 + i)}};
    ASSERT_TRUE(writer->Add(labels, labels.Fingerprint(), columns.back().t, columns.back().v).ok());
  }
  const auto files = writer->Finish({.lsn = 1});
  ASSERT_TRUE(files.ok()) << files.status();
  ASSERT_TRUE(store->Ingest(*files).ok());
  ASSERT_TRUE(store->Publish(files->info).ok());
  EXPECT_GT(store->Stats().written_bytes, 0u);
  for (int start = 0; start < 2; ++start) {
    ASSERT_TRUE(store->Verify(files->info.id).ok());
    {
      const GenerationReader reader(store.get(), store->version()->generations[0]);
      for (uint32_t i = 0; i < columns.size(); ++i) {
        SampleColumns read;
        ASSERT_TRUE(reader.ReadSamples(i, TimeRange(), &read).ok());
        ASSERT_EQ(read.t, columns[i].t) << i;
        ASSERT_EQ(Bits(read.v), Bits(columns[i].v)) << i;
      }
    }
    store.reset();
    store = *Store::Open(OptionsIn(folder_.path()));
  }
}

}  // namespace
}  // namespace hearth
