#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tsdb/chunk/varint.h"
#include "tsdb/store/bundle.h"
#include "tsdb/store/catalogue.h"
#include "tsdb/store/postings_codec.h"

namespace hearth {
namespace {

const WindowId kWindow{3'600'000, 3'600'000};

std::vector<Segment> SomeSegments() {
  Segment first{.meta = {3'600'000, 3'700'000, 10}, .payload = "first payload"};
  first.summary = {.longest_gap_ms = 20'000, .has_stale_markers = true, .all_integers = true};
  Segment second{.meta = {3'700'001, 4'199'999, 200}, .payload = "second"};
  second.summary.longest_gap_ms = 1'000'000;
  second.meta.maxt = 5'200'001;
  const auto columns = [](TimeMs mint, TimeMs maxt, TimesPlace place) {
    Segment segment{.meta = {mint, maxt, 5, ChunkEncoding::kColumns}, .payload = "values"};
    segment.times_place = place;
    segment.summary = {.longest_gap_ms = 100, .constant = true};
    return segment;
  };
  Segment shared = columns(5'300'000, 5'300'401, TimesPlace::kShared);
  shared.times_column = 300;
  Segment own = columns(5'400'000, 5'400'399, TimesPlace::kInline);
  own.times = "times";
  return {first, second, shared, own, columns(5'500'000, 5'500'400, TimesPlace::kSchedule)};
}

TEST(Bundle, ComesBackAsItWas) {
  std::string bundle;
  EncodeBundle(kWindow, SomeSegments(), &bundle);
  std::vector<Segment> segments;
  ASSERT_TRUE(DecodeBundle(kWindow, bundle, &segments).ok());
  const std::vector<Segment> expected = SomeSegments();
  ASSERT_EQ(segments.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(segments[i].meta, expected[i].meta);
    EXPECT_EQ(segments[i].summary, expected[i].summary);
    EXPECT_EQ(segments[i].payload, expected[i].payload);
    EXPECT_EQ(segments[i].times_place, expected[i].times_place);
    EXPECT_EQ(segments[i].times_column, expected[i].times_column);
    EXPECT_EQ(segments[i].times, expected[i].times);
  }
}

TEST(Bundle, EveryTruncationIsDataLoss) {
  std::string bundle;
  EncodeBundle(kWindow, SomeSegments(), &bundle);
  std::vector<Segment> segments;
  for (size_t size = 0; size < bundle.size(); ++size) {
    EXPECT_EQ(DecodeBundle(kWindow, bundle.substr(0, size), &segments).code(),
              absl::StatusCode::kDataLoss)
        << size;
  }
  EXPECT_FALSE(DecodeBundle(kWindow, bundle + "x", &segments).ok());
}

TEST(Bundle, RejectsSegmentsOutsideTheWindowAndOverlaps) {
  std::string bundle;
  EncodeBundle(kWindow, SomeSegments(), &bundle);
  std::vector<Segment> segments;
  EXPECT_FALSE(DecodeBundle({kWindow.start, 1'000'000}, bundle, &segments).ok());
  std::vector<Segment> overlapping = SomeSegments();
  overlapping[1].meta.mint = overlapping[0].meta.maxt;
  bundle.clear();
  EncodeBundle(kWindow, overlapping, &bundle);
  EXPECT_FALSE(DecodeBundle(kWindow, bundle, &segments).ok());
}

// Whatever the bytes, a decoder answers with a Status or with values that its contract allows.
TEST(Codecs, SurviveMutatedBytes) {
  std::string bundle, postings;
  EncodeBundle(kWindow, SomeSegments(), &bundle);
  PostingsEncoder encoder;
  for (const uint32_t id : {0u, 1u, 2u, 500u, 70'000u}) encoder.Add(id);
  postings = encoder.Encode();
  const GenerationInfo info{.id = {kWindow, 2},
                            .lsn = 9,
                            .series = 3,
                            .chunks = 4,
                            .samples = 5,
                            .range = kWindow.range(),
                            .replaces_inside = {{{kWindow.start, 60'000}, 1}}};
  const std::string entry = EncodeCatalogueEntry(info);
  ASSERT_EQ(*DecodeCatalogueEntry(info.id, entry), info);

  for (uint32_t seed = 0; seed < 4'000; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    const auto mutate = [&](std::string bytes) {
      for (uint32_t n = random() % 4 + 1; n > 0 && !bytes.empty(); --n) {
        const size_t at = random() % bytes.size();
        switch (random() % 3) {
          case 0:
            bytes[at] = static_cast<char>(random());
            break;
          case 1:
            bytes.erase(at, random() % 3);
            break;
          default:
            bytes.insert(at, random() % 3, static_cast<char>(random()));
            break;
        }
      }
      return bytes;
    };
    std::vector<Segment> segments;
    if (DecodeBundle(kWindow, mutate(bundle), &segments).ok()) {
      TimeMs previous = kWindow.start - 1;
      for (const Segment& segment : segments) {
        EXPECT_GT(segment.meta.mint, previous);
        EXPECT_LE(segment.meta.maxt, kWindow.range().maxt);
        previous = segment.meta.maxt;
      }
    }
    Postings ids;
    if (DecodePostings(mutate(postings), 70'001, &ids).ok()) {
      for (size_t i = 0; i < ids.size(); ++i) {
        EXPECT_LT(ids[i], 70'001u);
        EXPECT_TRUE(i == 0 || ids[i - 1] < ids[i]);
      }
    }
    const absl::StatusOr<GenerationInfo> decoded = DecodeCatalogueEntry(info.id, mutate(entry));
    if (decoded.ok()) {
      EXPECT_TRUE(kWindow.range().Contains(decoded->range.mint));
      EXPECT_TRUE(kWindow.range().Contains(decoded->range.maxt));
    }
  }
}

TEST(Postings, ComeBack) {
  PostingsEncoder encoder;
  const Postings ids{0, 1, 2, 7, 4'000'000'000};
  for (const uint32_t id : ids) encoder.Add(id);
  Postings decoded;
  ASSERT_TRUE(DecodePostings(encoder.Encode(), 4'000'000'001, &decoded).ok());
  EXPECT_EQ(decoded, ids);
  EXPECT_FALSE(DecodePostings(encoder.Encode(), 4'000'000'000, &decoded).ok());
}

TEST(Varint, ZigzagKeepsTheExtremes) {
  for (const int64_t value :
       {int64_t{0}, int64_t{-1}, int64_t{1}, std::numeric_limits<int64_t>::min(),
        std::numeric_limits<int64_t>::max()}) {
    std::string bytes;
    PutZigzag(value, &bytes);
    VarintReader reader(bytes);
    EXPECT_EQ(reader.Zigzag(), value);
    EXPECT_TRUE(reader.ok());
  }
}

TEST(Summary, TellsIntegersStaleMarkersAndGaps) {
  const SegmentSummary integers =
      Summarize(std::vector<TimeMs>{0, 15, 60}, std::vector<double>{3, StaleNaN(), -2});
  EXPECT_EQ(integers.longest_gap_ms, 45);
  EXPECT_TRUE(integers.has_stale_markers);
  EXPECT_TRUE(integers.all_integers);
  EXPECT_FALSE(integers.constant);
  const auto of = [](std::vector<double> v) {
    std::vector<TimeMs> t(v.size());
    for (size_t i = 0; i < t.size(); ++i) t[i] = static_cast<TimeMs>(i);
    return Summarize(t, v);
  };
  for (const double value : {0.5, -0.0, NormalNaN(), 1e300, StaleNaN()}) {
    EXPECT_FALSE(of({value}).all_integers) << value;
    EXPECT_TRUE(of({value, value}).constant) << value;
  }
  EXPECT_FALSE(of({0.0, -0.0}).constant);
}

}  // namespace
}  // namespace hearth
