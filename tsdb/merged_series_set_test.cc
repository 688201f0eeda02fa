#include "tsdb/merged_series_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "model/text.h"
#include "tsdb/store/store_fixture.h"

namespace hearth {
namespace {

constexpr TimeMs kHour = 3'600'000;

// A head's answer from a map.
class MapSeriesSet : public SeriesSet {
 public:
  explicit MapSeriesSet(StoreContents contents) : contents_(std::move(contents)) {
    for (const auto& entry : contents_) series_.push_back({entry.first.Fingerprint(), &entry});
    std::sort(series_.begin(), series_.end());
  }
  size_t size() const override { return series_.size(); }
  LabelsView labels(size_t i) const override { return series_[i].second->first; }
  const hearth::Fingerprint& fingerprint(size_t i) const override { return series_[i].first; }
  absl::Status Read(size_t i, TimeRange range, SampleColumns* columns) const override {
    columns->Clear();
    for (const auto& [t, v] : series_[i].second->second) {
      if (!range.Contains(t)) continue;
      columns->t.push_back(t);
      columns->v.push_back(v);
    }
    return absl::OkStatus();
  }

 private:
  const StoreContents contents_;
  std::vector<std::pair<hearth::Fingerprint, const StoreContents::value_type*>> series_;
};

Labels Series(int i) { return Labels{{"__name__", "m"}, {"i", StrCat(i)}}; }

class MergedSeriesSetTest : public testing::TestWithParam<uint64_t> {
 protected:
  void SetUp() override {
    store_ = *Store::Open(OptionsIn(folder_.path()));
    // Two windows, the first in two generations that overlap; the head repeats the end of the
    // second window.
    StoreContents first, late, second;
    for (int i = 0; i < 100; ++i) {
      for (TimeMs t = 0; t < kHour; t += 60'000) first[Series(i)][t] = 1;
      for (TimeMs t = 30'000; t < kHour; t += 90'000) late[Series(i * 2)][t] = 2;
      for (TimeMs t = kHour; t < 2 * kHour; t += 60'000) second[Series(i + 50)][t] = 3;
      for (TimeMs t = 2 * kHour - 120'000; t < 3 * kHour; t += 60'000) head_[Series(i + 75)][t] = 4;
    }
    ASSERT_TRUE(AddGeneration(store_.get(), {0, kHour}, first).ok());
    ASSERT_TRUE(AddGeneration(store_.get(), {0, kHour}, late).ok());
    ASSERT_TRUE(AddGeneration(store_.get(), {kHour, kHour}, second).ok());
    for (const StoreContents* part : {&first, &late, &second, &head_}) {
      for (const auto& [labels, samples] : *part) {
        expected_[labels].insert(samples.begin(), samples.end());
      }
    }
  }
  std::unique_ptr<MergedSeriesSet> Set(TimeRange range) {
    auto set =
        MergedSeriesSet::Create({{}, range}, std::make_unique<MapSeriesSet>(head_), store_.get(),
                                *store_->version(), DeleteList(), nullptr, GetParam());
    EXPECT_TRUE(set.ok()) << set.status();
    return *std::move(set);
  }
  static void Check(const MergedSeriesSet& set, TimeRange range, const StoreContents& expected) {
    SampleColumns columns;
    for (size_t i = 0; i < set.size(); ++i) {
      ASSERT_TRUE(i == 0 || set.fingerprint(i - 1) < set.fingerprint(i));
      ASSERT_TRUE(set.Read(i, range, &columns).ok());
      std::map<TimeMs, double> read, wanted;
      for (size_t k = 0; k < columns.t.size(); ++k) read[columns.t[k]] = columns.v[k];
      ASSERT_EQ(read.size(), columns.t.size());
      for (const auto& [t, v] : expected.at(Labels(set.labels(i)))) {
        if (range.Contains(t)) wanted[t] = v;
      }
      ASSERT_EQ(read, wanted) << set.labels(i).ToString();
    }
  }

  TemporaryFolder folder_;
  std::unique_ptr<Store> store_;
  StoreContents head_, expected_;
};

TEST_P(MergedSeriesSetTest, JoinsPartsInOrderAndTheEarlierOneWins) {
  const TimeRange all{0, 3 * kHour};
  const auto set = Set(all);
  EXPECT_EQ(set->size(), expected_.size());
  Check(*set, all, expected_);
  Check(*set, {kHour / 2, 2 * kHour - 90'000}, expected_);
  Check(*Set({kHour, kHour + 5}), {kHour, kHour + 5}, expected_);
}

TEST_P(MergedSeriesSetTest, TellsWhatReadingHasCost) {
  const TimeRange all{0, 3 * kHour};
  const auto set = Set(all);
  EXPECT_EQ(set->reads()->samples, 0);
  EXPECT_EQ(set->reads()->bundles, 0);
  Check(*set, all, expected_);
  int64_t samples = 0, sealed = 0;
  for (const auto& [labels, of_series] : expected_) {
    samples += static_cast<int64_t>(of_series.size());
    sealed += of_series.begin()->first < 2 * kHour - 120'000;
  }
  const SeriesReads reads = set->reads().value();
  EXPECT_EQ(reads.samples, samples);
  EXPECT_GE(reads.bundles, sealed);
  EXPECT_GT(reads.bundle_bytes, reads.bundles);
  EXPECT_GT(reads.cached_blocks + reads.read_blocks, 0);
}

TEST_P(MergedSeriesSetTest, ShardsOfAQueryReadSideBySide) {
  const TimeRange all{0, 3 * kHour};
  const auto set = Set(all);
  std::vector<std::thread> shards;
  for (int shard = 0; shard < 4; ++shard) {
    shards.emplace_back([&] { Check(*set, all, expected_); });
  }
  for (std::thread& shard : shards) shard.join();
}

TEST_P(MergedSeriesSetTest, BatchesGiveWhatReadsGive) {
  const TimeRange all{0, 3 * kHour};
  const auto set = Set(all);
  std::vector<uint32_t> order(set->size());
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), std::mt19937(3));
  SampleColumns expected, columns;
  size_t batches = 0;
  for (size_t begin = 0, count = 0; begin < order.size(); begin += count, ++batches) {
    const auto batch = set->Fetch(std::span(order).subspan(begin));
    ASSERT_TRUE(batch.ok()) << batch.status();
    if (*batch == nullptr) break;
    count = (*batch)->size();
    ASSERT_GT(count, 0u);
    for (size_t k = 0; k < count; ++k) {
      for (const TimeRange range : {all, TimeRange{kHour / 2, 2 * kHour - 90'000}}) {
        ASSERT_TRUE(set->Read(order[begin + k], range, &expected).ok());
        ASSERT_TRUE((*batch)->Read(k, range, &columns).ok());
        ASSERT_EQ(columns.t, expected.t);
        ASSERT_EQ(columns.v, expected.v);
        ASSERT_TRUE((*batch)->ReadTimes(k, range, &columns).ok());
        ASSERT_EQ(columns.t, expected.t);
      }
    }
  }
  EXPECT_EQ(batches > 1, GetParam() != MergedSeriesSet::kFetchBytesMax);
}

TEST_P(MergedSeriesSetTest, OutlivesTheDropOfWhatItReads) {
  const TimeRange all{0, 3 * kHour};
  const auto set = Set(all);
  ASSERT_TRUE(store_->DropBefore(5 * kHour).ok());
  ASSERT_TRUE(store_->CollectGarbage().ok());
  Check(*set, all, expected_);
}

// At once, in batches.
INSTANTIATE_TEST_SUITE_P(RoomForBundles, MergedSeriesSetTest,
                         testing::Values(MergedSeriesSet::kFetchBytesMax, 0));

}  // namespace
}  // namespace hearth
