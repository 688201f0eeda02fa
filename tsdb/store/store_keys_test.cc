#include "tsdb/store/store_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "model/labels.h"
#include "tsdb/store/catalogue.h"
#include "tsdb/store/postings_codec.h"
#include "tsdb/store/segment.h"
#include "tsdb/store/series_record.h"

namespace hearth {
namespace {

const GenerationId kId{{1'700'000'000'000, 3'600'000}, 1};

TEST(StoreKeys, SortByWindowThenGenerationThenSeries) {
  std::vector<std::string> keys;
  for (const TimeMs start : {TimeMs{-7'200'000}, TimeMs{-3'600'000}, TimeMs{0}, TimeMs{3'600'000},
                             TimeMs{1'700'000'000'000}}) {
    for (const uint32_t generation : {1u, 2u, 255u, 256u}) {
      const std::string prefix = GenerationPrefix({{start, 3'600'000}, generation});
      for (const uint32_t id : {0u, 1u, 255u, 256u, 70'000u}) keys.push_back(BundleKey(prefix, id));
    }
  }
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
}

TEST(StoreKeys, PrefixComesBack) {
  const absl::StatusOr<GenerationId> id =
      ParseGenerationPrefix(BundleKey(GenerationPrefix(kId), 7));
  ASSERT_TRUE(id.ok());
  EXPECT_EQ(*id, kId);
  EXPECT_EQ(*ParseSeriesId(BundleKey(GenerationPrefix(kId), 70'000)), 70'000u);
  EXPECT_EQ(*ParseCatalogueKey(CatalogueKey(kId)), kId);
}

TEST(StoreKeys, AfterPrefixIsTheFirstKeyBehindIt) {
  EXPECT_EQ(AfterPrefix("ab"), "ac");
  EXPECT_EQ(AfterPrefix(std::string("a\xff", 2)), "b");
  const std::string prefix = GenerationPrefix({{0, 1}, 0xffffffff});
  EXPECT_LT(BundleKey(prefix, 0xffffffff), AfterPrefix(prefix));
  EXPECT_EQ(AfterPrefix(GenerationPrefix({{0, 1}, 1})), GenerationPrefix({{0, 1}, 2}));
}

TEST(StoreKeys, NamesOfDifferentLengthDoNotMix) {
  const std::string prefix = GenerationPrefix(kId);
  EXPECT_FALSE(PostingsKey(prefix, "ab", "c").starts_with(PostingsKeyPrefix(prefix, "a")));
  EXPECT_NE(PostingsKey(prefix, "ab", "c"), PostingsKey(prefix, "a", "bc"));
}

TEST(StoreKeys, ImpossibleWindowsAreDataLoss) {
  const auto code = [](const GenerationId& id) {
    return ParseGenerationPrefix(GenerationPrefix(id)).status().code();
  };
  EXPECT_EQ(code({{0, 0}, 1}), absl::StatusCode::kDataLoss);
  EXPECT_EQ(code({{0, -5}, 1}), absl::StatusCode::kDataLoss);
  EXPECT_EQ(code({{0, 1}, 0}), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ParseGenerationPrefix("short").status().code(), absl::StatusCode::kDataLoss);
}

TEST(StoreKeys, TheFirstAndTheLastWindowHaveKeys) {
  constexpr TimeMs kLength = 3'600'000;
  for (const TimeMs t : {std::numeric_limits<TimeMs>::min(), std::numeric_limits<TimeMs>::max()}) {
    const GenerationId id{{WindowStart(t, kLength), kLength}, 1};
    const absl::StatusOr<GenerationId> parsed = ParseGenerationPrefix(GenerationPrefix(id));
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(*parsed, id);
    EXPECT_TRUE(id.window.range().Contains(t));
    const GenerationInfo info{.id = id, .lsn = 1, .range = id.window.range()};
    const absl::StatusOr<GenerationInfo> entry =
        DecodeCatalogueEntry(id, EncodeCatalogueEntry(info));
    ASSERT_TRUE(entry.ok()) << entry.status();
    EXPECT_EQ(*entry, info);
  }
}

// The worked example of docs/format/store_keys.md: lines `name = hex`.
std::map<std::string, std::string> ReadGolden() {
  std::ifstream file("testdata/format/store_keys.golden");
  std::map<std::string, std::string> golden;
  for (std::string line; std::getline(file, line);) {
    const size_t equals = line.find(" = ");
    if (line.starts_with('#') || equals == std::string::npos) continue;
    std::string hex = line.substr(equals + 3);
    hex.erase(std::remove(hex.begin(), hex.end(), ' '), hex.end());
    golden[line.substr(0, equals)] = absl::HexStringToBytes(hex);
  }
  return golden;
}

TEST(StoreKeys, TheWorkedExampleDecodes) {
  std::map<std::string, std::string> golden = ReadGolden();
  ASSERT_EQ(golden.size(), 16u);
  const Labels labels{{"__name__", "up"}, {"job", "node"}};
  const std::string prefix = GenerationPrefix(kId);
  EXPECT_EQ(golden["prefix"], prefix);
  EXPECT_EQ(golden["bundle key"], BundleKey(prefix, 5));
  EXPECT_EQ(golden["times key"], TimesKey(prefix, 7));
  EXPECT_EQ(golden["series key"], SeriesKey(prefix, 5));
  EXPECT_EQ(golden["label name key"], LabelNameKey(prefix, "job"));
  EXPECT_EQ(golden["postings key"], PostingsKey(prefix, "job", "node"));
  EXPECT_EQ(golden["catalogue key"], CatalogueKey(kId));

  Postings ids;
  ASSERT_TRUE(DecodePostings(golden["postings"], 10, &ids).ok());
  EXPECT_EQ(ids, (Postings{3, 4, 5, 9}));

  for (const auto& [name, format] :
       {std::pair{"series record", 2u}, {"format 1 series record", 1u}}) {
    Fingerprint fingerprint;
    const auto decoded = DecodeSeriesRecord(format, golden[name], &fingerprint);
    ASSERT_TRUE(decoded.has_value()) << name;
    EXPECT_EQ(Labels(*decoded), labels);
    EXPECT_EQ(fingerprint, labels.Fingerprint());
    golden[name][2] ^= 1;
    EXPECT_FALSE(DecodeSeriesRecord(format, golden[name], &fingerprint).has_value()) << name;
  }

  const absl::StatusOr<GenerationInfo> info = DecodeCatalogueEntry(kId, golden["catalogue entry"]);
  ASSERT_TRUE(info.ok());
  GenerationInfo expected{.id = kId,
                          .lsn = 1000,
                          .deletes_lsn = 900,
                          .series = 10,
                          .chunks = 20,
                          .samples = 2400,
                          .range = {1'700'000'000'500, 1'700'000'000'500 + 3'585'000}};
  EXPECT_EQ(*info, expected);
  EXPECT_EQ(EncodeCatalogueEntry(expected), golden["catalogue entry"]);
  const absl::StatusOr<GenerationInfo> merged =
      DecodeCatalogueEntry({kId.window, 4}, golden["merged entry"]);
  ASSERT_TRUE(merged.ok());
  expected.id.generation = 4;
  expected.deletes_lsn = 1204;
  expected.replaces = {1, 3};
  const WindowId inside{1'700'000'900'000, 900'000};
  expected.replaces_inside = {{inside, 2}};
  expected.merged = {{inside, 981}};
  EXPECT_EQ(*merged, expected);
  EXPECT_EQ(EncodeCatalogueEntry(expected), golden["merged entry"]);
  const absl::StatusOr<GenerationInfo> first_format =
      DecodeCatalogueEntry({kId.window, 4}, golden["format 1 entry"]);
  ASSERT_TRUE(first_format.ok());
  EXPECT_EQ(expected.CoveredUpTo(inside.range()), 981u);
  EXPECT_EQ(expected.CoveredUpTo(kId.window.range()), 0u);
  expected.replaces_inside.clear();
  expected.merged.clear();
  expected.format = 1;
  EXPECT_EQ(*first_format, expected);
  EXPECT_EQ(EncodeCatalogueEntry(expected), golden["format 1 entry"]);
  EXPECT_EQ(DecodeCatalogueEntry({kId.window, 3}, golden["merged entry"]).status().code(),
            absl::StatusCode::kDataLoss)
      << "a generation replaces lower ones only";
}

TEST(StoreKeys, TheWorkedBundlesDecode) {
  std::map<std::string, std::string> golden = ReadGolden();
  const auto no_times = [](uint32_t) -> absl::StatusOr<std::span<const TimeMs>> {
    return absl::DataLossError("none are shared");
  };
  std::vector<Segment> segments;
  for (const char* const name : {"bundle", "format 1 bundle"}) {
    ASSERT_TRUE(DecodeBundle(kId.window, golden[name], &segments).ok()) << name;
    ASSERT_EQ(segments.size(), 1u);
    EXPECT_EQ(segments[0].meta.range(), (TimeRange{1'700'000'000'500, 1'700'000'015'500}));
    EXPECT_EQ(segments[0].summary.longest_gap_ms, 15'000);
    EXPECT_TRUE(segments[0].summary.all_integers);
    SampleColumns columns;
    ASSERT_TRUE(DecodeSegment(segments[0], TimeRange(), no_times, &columns).ok()) << name;
    EXPECT_THAT(columns.t, testing::ElementsAre(1'700'000'000'500, 1'700'000'015'500));
    EXPECT_THAT(columns.v, testing::ElementsAre(1, 1));
  }
  SharedTimes times;
  SegmentEncoder encoder(&times);
  std::string bundle;
  EncodeBundle(kId.window,
               encoder.Encode(std::vector<TimeMs>{1'700'000'000'500, 1'700'000'015'500},
                              std::vector<double>{1, 1}),
               &bundle);
  EXPECT_EQ(bundle, golden["bundle"]);

  std::vector<TimeMs> shared;
  ASSERT_TRUE(DecodeSharedTimes(kId.window, golden["shared times"], &shared).ok());
  EXPECT_THAT(shared, testing::ElementsAre(1'700'000'000'500, 1'700'000'015'502, 1'700'000'030'500,
                                           1'700'000'045'503));
}

}  // namespace
}  // namespace hearth
