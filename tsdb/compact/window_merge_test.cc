#include "tsdb/compact/window_merge.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tsdb/store/store_fixture.h"

namespace hearth {
namespace {

constexpr TimeMs kHour = 3'600'000;
constexpr WindowId kWindow{472'222 * kHour, kHour};

Labels Series(int i) { return Labels{{"__name__", i % 3 ? "a" : "b"}, {"i", std::to_string(i)}}; }

class WindowMergeTest : public testing::Test {
 protected:
  void SetUp() override { Reopen(); }
  void Reopen() {
    store_.reset();
    auto opened = Store::Open(OptionsIn(folder_.path()));
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
  }
  void Add(const StoreContents& contents, Lsn lsn) {
    ASSERT_TRUE(AddGeneration(store_.get(), kWindow, contents, lsn).ok());
    // Where two have a timestamp, the lower generation wins.
    for (const auto& [labels, samples] : contents) {
      expected_[labels].insert(samples.begin(), samples.end());
    }
  }
  // Three generations that overlap in series and in times.
  void AddThree() {
    std::mt19937 random(1);
    for (int generation = 0; generation < 3; ++generation) {
      StoreContents contents;
      for (int i = 0; i < 600; ++i) {
        if (random() % 3 == 0) continue;
        std::map<TimeMs, double>& samples = contents[Series(i)];
        for (int n = 0; n < 20; ++n) {
          samples[kWindow.start + static_cast<TimeMs>(random() % 300) * 1000] = random() * 0.5;
        }
      }
      Add(contents, static_cast<Lsn>(100 + generation));
    }
  }
  absl::Status Merge() { return WindowMerge(store_.get(), kWindow, deletes_, &stop_).Run(); }
  std::vector<uint32_t> Generations() const {
    std::vector<uint32_t> numbers;
    for (const GenerationInfo& info : store_->Catalogue()) numbers.push_back(info.id.generation);
    return numbers;
  }
  size_t SortedFiles() const {
    size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path() + "/store")) {
      files += entry.path().extension() == ".sst";
    }
    return files;
  }

  uint64_t SortedBytes() const {
    return store_->Stats().sample_bytes + store_->Stats().index_bytes;
  }

  TemporaryFolder folder_;
  std::unique_ptr<Store> store_;
  std::atomic<bool> stop_{false};
  StoreContents expected_;
  std::shared_ptr<DeleteList> deletes_ = std::make_shared<DeleteList>();
};

TEST_F(WindowMergeTest, JoinsSeriesAndTheLowestGenerationWins) {
  AddThree();
  ASSERT_TRUE(Merge().ok());
  EXPECT_EQ(Generations(), std::vector<uint32_t>{4});
  EXPECT_EQ(ReadStore(store_.get()), expected_);
  const GenerationInfo info = store_->Catalogue()[0];
  EXPECT_EQ(info.lsn, 102u);
  EXPECT_EQ(info.deletes_lsn, 102u);
  EXPECT_EQ(info.replaces, (std::vector<uint32_t>{1, 2, 3}));
  EXPECT_EQ(SortedFiles(), 2u) << "the old ones are gone";
  Reopen();
  EXPECT_EQ(Generations(), std::vector<uint32_t>{4});
  EXPECT_EQ(ReadStore(store_.get()), expected_);
}

TEST_F(WindowMergeTest, AReaderOfTheOldOnesKeepsThem) {
  AddThree();
  std::shared_ptr<const StoreVersion> before = store_->version();
  ASSERT_TRUE(Merge().ok());
  EXPECT_EQ(before->generations.size(), 3u);
  for (const auto& generation : before->generations) {
    EXPECT_TRUE(ReadGeneration(store_.get(), generation).ok());
  }
  EXPECT_EQ(SortedFiles(), 8u);
  EXPECT_GT(store_->Stats().dropped_bytes, 0u);
  before.reset();
  ASSERT_TRUE(store_->CollectGarbage().ok());
  EXPECT_EQ(SortedFiles(), 2u);
}

TEST_F(WindowMergeTest, LateDataGoesAboveAndIsMergedAgain) {
  AddThree();
  ASSERT_TRUE(Merge().ok());
  Add({{Series(1), {{kWindow.start + 5, 1}, {kWindow.start + 1000, 7}}}}, 200);
  EXPECT_EQ(Generations(), (std::vector<uint32_t>{4, 5}));
  EXPECT_EQ(ReadStore(store_.get()), expected_);
  ASSERT_TRUE(Merge().ok());
  EXPECT_EQ(Generations(), std::vector<uint32_t>{6});
  EXPECT_EQ(ReadStore(store_.get()), expected_);
}

TEST_F(WindowMergeTest, TheNewestMayBeMergedByThemselves) {
  AddThree();
  ASSERT_TRUE(WindowMerge(store_.get(), kWindow, deletes_, &stop_, 2).Run().ok());
  EXPECT_EQ(Generations(), (std::vector<uint32_t>{1, 4}));
  EXPECT_EQ(ReadStore(store_.get()), expected_);
  EXPECT_EQ(store_->Catalogue()[1].replaces, (std::vector<uint32_t>{2, 3}));
  EXPECT_EQ(store_->Catalogue()[1].replaces_from, 2u);
  Reopen();
  EXPECT_EQ(Generations(), (std::vector<uint32_t>{1, 4}));
  Add({{Series(1), {{kWindow.start + 5, 1}}}}, 200);
  ASSERT_TRUE(WindowMerge(store_.get(), kWindow, deletes_, &stop_, 4).Run().ok());
  EXPECT_EQ(Generations(), (std::vector<uint32_t>{1, 6}));
  EXPECT_EQ(store_->Catalogue()[1].replaces_from, 2u) << "what 4 replaced may still have files";
  ASSERT_TRUE(Merge().ok());
  EXPECT_EQ(Generations(), std::vector<uint32_t>{7});
  EXPECT_EQ(store_->Catalogue()[0].replaces_from, 0u);
  Reopen();
  EXPECT_EQ(ReadStore(store_.get()), expected_);
}

// A flush of stopped series: `covered` up to lsn by themselves.
TEST_F(WindowMergeTest, SeriesStayCoveredUntilTheirWindowIs) {
  const auto add = [&](int series, TimeMs t, Lsn lsn) {
    auto writer =
        *GenerationWriter::Create(store_->scratch_path(), store_->NextGeneration(kWindow));
    const Labels labels = Series(series);
    const std::vector<TimeMs> times = {t};
    const std::vector<double> values = {1};
    ASSERT_TRUE(writer->Add(labels, labels.Fingerprint(), times, values).ok());
    writer->Cover(kWindow.start, lsn);
    const auto files = writer->Finish({.deletes_lsn = lsn});
    ASSERT_TRUE(files.ok()) << files.status();
    ASSERT_TRUE(store_->Ingest(*files).ok());
    ASSERT_TRUE(store_->Publish(files->info).ok());
  };
  const auto covered = [&] {
    return GenerationReader(store_.get(), store_->version()->generations.back())
        .ReadCovered()
        .value();
  };
  const TimeMs t = kWindow.start;
  add(1, t, 10);
  add(2, t, 20);
  add(1, t + 1, 30);  // It came back.
  ASSERT_TRUE(Merge().ok());
  EXPECT_EQ(store_->Catalogue()[0].lsn, 0u);
  EXPECT_EQ(store_->Catalogue()[0].series_lsn, 30u);
  EXPECT_EQ(covered(), (std::vector<CoveredSeries>{{t, 0, 30}, {t, 1, 20}}));
  // The rest of the window is flushed up to 25.
  Add({{Series(4), {{t, 1}}}}, 25);
  ASSERT_TRUE(Merge().ok());
  EXPECT_EQ(store_->Catalogue()[0].lsn, 25u);
  EXPECT_EQ(covered(), (std::vector<CoveredSeries>{{t, 0, 30}}));
  Add({{Series(4), {{t + 1, 1}}}}, 31);
  ASSERT_TRUE(Merge().ok());
  EXPECT_EQ(store_->Catalogue()[0].series_lsn, 0u);
  EXPECT_TRUE(covered().empty());
}

TEST_F(WindowMergeTest, GivesUpWhenToldTo) {
  AddThree();
  stop_ = true;
  EXPECT_EQ(Merge().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(Generations(), (std::vector<uint32_t>{1, 2, 3}));
  EXPECT_TRUE(std::filesystem::is_empty(store_->scratch_path()));
  EXPECT_EQ(ReadStore(store_.get()), expected_);
}

// The process dies between two steps: what the next start shows has every sample once.
TEST_F(WindowMergeTest, ACrashBetweenIngestAndSwitchKeepsTheOldOnes) {
  AddThree();
  // The merge's files without its switch: a generation that replaces these, taken in only.
  {
    auto writer =
        *GenerationWriter::Create(store_->scratch_path(), store_->NextGeneration(kWindow));
    const Labels labels = Series(1);
    const std::string bytes = EncodeXor({{kWindow.start, 1}});
    const ChunkView chunk{{kWindow.start, kWindow.start, 1}, bytes};
    ASSERT_TRUE(writer->Add(labels, labels.Fingerprint(), {&chunk, 1}).ok());
    const auto files = writer->Finish({.lsn = 102, .deletes_lsn = 102, .replaces = {1, 2, 3}});
    ASSERT_TRUE(files.ok()) << files.status();
    ASSERT_TRUE(store_->Ingest(*files).ok());
  }
  Reopen();
  EXPECT_EQ(Generations(), (std::vector<uint32_t>{1, 2, 3}));
  EXPECT_EQ(ReadStore(store_.get()), expected_);
  const StoreStats stats = store_->Stats();
  uint64_t live = 0;
  for (const auto& generation : store_->version()->generations) live += generation->bytes;
  EXPECT_EQ(stats.sample_bytes + stats.index_bytes, live) << "the merged one's files are gone";
  EXPECT_EQ(stats.quarantined, 0u);
}

TEST_F(WindowMergeTest, ACrashBeforeTheOldFilesAreGoneKeepsTheMergedOne) {
  AddThree();
  // A reader keeps the files of two of the three while the directory is copied.
  std::vector<std::shared_ptr<Generation>> held = store_->version()->generations;
  held.pop_back();
  ASSERT_TRUE(Merge().ok());
  ASSERT_EQ(SortedFiles(), 6u);
  const std::string original = folder_.path() + "/store", copy = folder_.path() + "/copy";
  std::filesystem::copy(original, copy, std::filesystem::copy_options::recursive);
  StoreOptions options = OptionsIn(folder_.path());
  options.path = copy;
  options.scratch_path = copy + "-flush";
  const auto opened = Store::Open(options);
  ASSERT_TRUE(opened.ok()) << opened.status();
  ASSERT_EQ((*opened)->Catalogue().size(), 1u);
  EXPECT_EQ((*opened)->Catalogue()[0].id.generation, 4u);
  EXPECT_EQ(ReadStore(opened->get()), expected_);
}

TEST_F(WindowMergeTest, LeavesOutWhatWasDeletedAfterEachGeneration) {
  const TimeMs t = kWindow.start;
  ASSERT_TRUE(AddGeneration(store_.get(), kWindow,
                            {{Series(1), {{t, 1}, {t + 1, 2}}}, {Series(2), {{t, 3}}}}, 10)
                  .ok());
  ASSERT_TRUE(AddGeneration(store_.get(), kWindow, {{Series(1), {{t, 5}}}}, 30).ok());
  deletes_->records = {{20, {Matcher::Equal("i", "1")}, {t, t}},
                       {40, {Matcher::Equal("i", "2")}, TimeRange{}}};
  deletes_->last_lsn = 40;
  ASSERT_TRUE(Merge().ok());
  EXPECT_EQ(ReadStore(store_.get()), (StoreContents{{Series(1), {{t, 5}, {t + 1, 2}}}}));
  EXPECT_EQ(store_->Catalogue()[0].deletes_lsn, 40u);
  EXPECT_EQ(store_->Catalogue()[0].lsn, 30u);
  EXPECT_FALSE(store_->MayHoldDeleted(40, TimeRange{}));
  EXPECT_TRUE(store_->MayHoldDeleted(41, TimeRange{}));
  EXPECT_FALSE(store_->MayHoldDeleted(41, {t - 10, t - 1}));
}

TEST_F(WindowMergeTest, AWindowOfWhichNothingIsLeftGoes) {
  AddThree();
  deletes_->records = {{500, {Matcher::NotEqual("i", "")}, TimeRange{}}};
  deletes_->last_lsn = 500;
  ASSERT_TRUE(Merge().ok());
  EXPECT_TRUE(Generations().empty());
  EXPECT_EQ(store_->Stats().sample_bytes, 0u);
  EXPECT_FALSE(store_->MayHoldDeleted(500, TimeRange{}));
  Reopen();
  EXPECT_TRUE(Generations().empty());
}

TEST_F(WindowMergeTest, ADeleteThatHidesNothingIsNotedOnly) {
  Add({{Series(1), {{kWindow.start, 1}}}}, 10);
  const uint64_t bytes = SortedBytes();
  deletes_->records = {{20, {Matcher::Equal("i", "none")}, TimeRange{}}};
  deletes_->last_lsn = 20;
  EXPECT_TRUE(store_->MayHoldDeleted(20, TimeRange{}));
  ASSERT_TRUE(Merge().ok());
  EXPECT_EQ(Generations(), std::vector<uint32_t>{1});
  EXPECT_EQ(SortedBytes(), bytes);
  EXPECT_FALSE(store_->MayHoldDeleted(20, TimeRange{}));
  Reopen();
  EXPECT_FALSE(store_->MayHoldDeleted(20, TimeRange{}));
  EXPECT_EQ(ReadStore(store_.get()), expected_);
}

// A reader of the old generations may still need the delete, and so may a start that finds them.
TEST_F(WindowMergeTest, ADeleteIsNeededUntilTheOldFilesAreGone) {
  AddThree();
  deletes_->records = {{500, {Matcher::Equal("i", "1")}, TimeRange{}}};
  deletes_->last_lsn = 500;
  std::shared_ptr<const StoreVersion> reader = store_->version();
  ASSERT_TRUE(Merge().ok());
  EXPECT_TRUE(store_->MayHoldDeleted(500, TimeRange{}));
  reader.reset();
  ASSERT_TRUE(store_->CollectGarbage().ok());
  EXPECT_FALSE(store_->MayHoldDeleted(500, TimeRange{}));
}

TEST_F(WindowMergeTest, AnEmptyWindowIsNothingToDo) {
  EXPECT_TRUE(Merge().ok());
  EXPECT_TRUE(Generations().empty());
}

}  // namespace
}  // namespace hearth
