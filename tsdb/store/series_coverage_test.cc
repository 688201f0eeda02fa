#include "tsdb/store/series_coverage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "tsdb/store/coverage_cursor.h"
#include "tsdb/store/store_fixture.h"

namespace hearth {
namespace {

constexpr TimeMs kHour = 3'600'000;
constexpr WindowId kWindow{472'222 * kHour, kHour};

// As it comes back from the keys and values, in the order of the keys.
std::vector<CoveredSeries> RoundTrip(const std::vector<CoveredSeries>& series, uint64_t of) {
  SeriesCoverageEncoder encoder;
  for (const CoveredSeries& covered : series) encoder.Add(covered);
  const std::string prefix = GenerationPrefix({kWindow, 1});
  std::map<std::string, std::string> stored;
  EXPECT_TRUE(encoder
                  .Write(prefix,
                         [&](std::string_view key, std::string_view value) {
                           EXPECT_TRUE(stored.empty() || stored.rbegin()->first < key);
                           stored.emplace(key, value);
                           return absl::OkStatus();
                         })
                  .ok());
  std::vector<CoveredSeries> read;
  for (const auto& [key, value] : stored) {
    EXPECT_TRUE(DecodeSeriesCoverage(*ParseCoveredWindow(key), value, of, &read).ok());
  }
  return read;
}

TEST(SeriesCoverage, ComesBackByWindowAndId) {
  EXPECT_TRUE(RoundTrip({}, 5).empty());
  const std::vector<CoveredSeries> few = {{-kHour, 0, 7}, {0, 0, 9}, {0, 3, 5}, {0, 4, 1u << 31}};
  EXPECT_EQ(RoundTrip(few, 5), few);
  std::vector<CoveredSeries> many;
  for (uint32_t id = 0; id < 20'000; id += 2) many.push_back({0, id, 1'000'000 - id % 5});
  EXPECT_EQ(RoundTrip(many, 20'000), many);
}

TEST(SeriesCoverage, MalformedBytesAreDataLoss) {
  const auto code = [](std::string_view value) {
    std::vector<CoveredSeries> out;
    return DecodeSeriesCoverage(0, value, 5, &out).code();
  };
  using std::string_view_literals::operator""sv;
  EXPECT_EQ(code("\x04\x02"sv), absl::StatusCode::kOk);
  EXPECT_EQ(code("\x05\x02"sv), absl::StatusCode::kDataLoss) << "there are five series";
  EXPECT_EQ(code("\x04\x02\x01\x02"sv), absl::StatusCode::kDataLoss);
  EXPECT_EQ(code("\x01\x02\x00\x02"sv), absl::StatusCode::kDataLoss) << "the same one twice";
  EXPECT_EQ(code("\x01"sv), absl::StatusCode::kDataLoss);
  EXPECT_EQ(code("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00"sv), absl::StatusCode::kDataLoss);
  EXPECT_FALSE(ParseCoveredWindow("short").ok());
}

TEST(SeriesCoverage, AGenerationTellsIt) {
  TemporaryFolder folder;
  auto store = *Store::Open(OptionsIn(folder.path()));
  auto writer = *GenerationWriter::Create(store->scratch_path(), store->NextGeneration(kWindow));
  const std::vector<TimeMs> t = {kWindow.start};
  const std::vector<double> v = {1};
  for (int i = 0; i < 3; ++i) {
    const Labels labels{{"__name__", "m"}, {"i", std::to_string(i)}};
    ASSERT_TRUE(writer->Add(labels, labels.Fingerprint(), t, v).ok());
    if (i != 1) writer->Cover(kWindow.start, 40 + static_cast<Lsn>(i));
  }
  const auto files = writer->Finish({.deletes_lsn = 40, .replaces_from = 0});
  ASSERT_TRUE(files.ok()) << files.status();
  ASSERT_TRUE(store->Ingest(*files).ok());
  writer.reset();
  store.reset();
  // Adopted: the files say it too.
  store = *Store::Open(OptionsIn(folder.path()));
  ASSERT_EQ(store->Catalogue().size(), 1u);
  EXPECT_EQ(store->Catalogue()[0].series_lsn, 42u);
  EXPECT_EQ(store->Catalogue()[0].lsn, 0u) << "the window as a whole is not covered";
  const GenerationReader reader(store.get(), store->version()->generations[0]);
  EXPECT_THAT(reader.ReadCovered().value(),
              testing::ElementsAre(CoveredSeries{kWindow.start, 0, 40},
                                   CoveredSeries{kWindow.start, 2, 42}));
  Postings all;
  ASSERT_TRUE(reader.All(&all).ok());
  EXPECT_EQ(all.size(), 3u);
}

TEST(SeriesCoverage, ACursorFollowsTheSeries) {
  TemporaryFolder folder;
  auto store = *Store::Open(OptionsIn(folder.path()));
  auto writer = *GenerationWriter::Create(store->scratch_path(), store->NextGeneration(kWindow));
  const std::vector<TimeMs> t = {kWindow.start};
  const std::vector<double> v = {1};
  constexpr int kSeries = 9000;  // Blocks have 4096.
  const auto lsn_of = [](int i) { return i % 7 == 3 ? Lsn{0} : Lsn{1} + i * 31 % 1000; };
  for (int i = 0; i < kSeries; ++i) {
    const Labels labels{{"__name__", "m"}, {"i", std::to_string(100'000 + i)}};
    ASSERT_TRUE(writer->Add(labels, labels.Fingerprint(), t, v).ok());
    if (lsn_of(i) > 0) writer->Cover(kWindow.start, lsn_of(i));
    if (i == 8000) writer->Cover(kWindow.start + 60'000, 5);
  }
  const auto files = writer->Finish({});
  ASSERT_TRUE(files.ok()) << files.status();
  ASSERT_TRUE(store->Ingest(*files).ok());
  ASSERT_TRUE(store->Publish(files->info).ok());
  const GenerationReader reader(store.get(), store->version()->generations[0]);
  EXPECT_THAT(reader.CoveredWindows().value(),
              testing::ElementsAre(kWindow.start, kWindow.start + 60'000));
  CoverageCursor all(&reader, kWindow.start), some(&reader, kWindow.start),
      one(&reader, kWindow.start + 60'000), none(&reader, kWindow.start + 1);
  for (int i = 0; i < kSeries; ++i) {
    ASSERT_EQ(all.LsnOf(i).value(), lsn_of(i)) << i;
    if (i % 4500 == 17) {
      ASSERT_EQ(some.LsnOf(i).value(), lsn_of(i)) << i;
    }
    ASSERT_EQ(one.LsnOf(i).value(), i == 8000 ? 5u : 0u) << i;
    ASSERT_EQ(none.LsnOf(i).value(), 0u);
  }
}

TEST(SeriesCoverage, AnEmptiedWindowIsNotedAsCovered) {
  TemporaryFolder folder;
  auto store = *Store::Open(OptionsIn(folder.path()));
  ASSERT_TRUE(store->NoteCovered(kWindow, 5).ok());
  EXPECT_TRUE(store->Catalogue().empty()) << "there is nothing to note it at";
  const StoreContents contents = {{Labels{{"__name__", "m"}}, {{kWindow.start, 1}}}};
  ASSERT_TRUE(AddGeneration(store.get(), kWindow, contents, 7).ok());
  ASSERT_TRUE(AddGeneration(store.get(), kWindow, contents, 8).ok());
  ASSERT_TRUE(store->NoteCovered(kWindow, 6).ok());
  EXPECT_EQ(store->Catalogue()[1].lsn, 8u) << "never lowered";
  ASSERT_TRUE(store->NoteCovered(kWindow, 20).ok());
  EXPECT_EQ(store->Catalogue()[0].lsn, 7u);
  EXPECT_EQ(store->Catalogue()[1].lsn, 20u);
}

TEST(SeriesCoverage, WhatIsNotedOutlivesARestart) {
  TemporaryFolder folder;
  auto store = *Store::Open(OptionsIn(folder.path()));
  const StoreContents contents = {{Labels{{"__name__", "m"}}, {{kWindow.start, 1}}}};
  ASSERT_TRUE(AddGeneration(store.get(), kWindow, contents, 7).ok());
  ASSERT_TRUE(store->NoteCovered(kWindow, 20).ok());
  ASSERT_TRUE(store->NoteDeletesApplied(store->Catalogue()[0].id, 21).ok());
  store.reset();
  store = *Store::Open(OptionsIn(folder.path()));
  EXPECT_EQ(store->Catalogue()[0].lsn, 20u);
  EXPECT_EQ(store->Catalogue()[0].deletes_lsn, 21u);
}

}  // namespace
}  // namespace hearth
