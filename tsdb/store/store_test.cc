#include "tsdb/store/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "model/matcher.h"
#include "model/text.h"
#include "tsdb/store/store_fixture.h"

namespace hearth {
namespace {

using testing::ElementsAre;

constexpr TimeMs kHour = 3'600'000;
constexpr TimeMs kStart = 472'222 * kHour;

WindowId Window(int hour) { return {kStart + hour * kHour, kHour}; }

// Three metrics of `instances` series each, every 15 s.
StoreContents Sample(const WindowId& window, int instances = 5) {
  StoreContents contents;
  for (const char* metric : {"cpu", "memory", "up"}) {
    for (int i = 0; i < instances; ++i) {
      Labels labels{{"__name__", metric}, {"instance", StrCat("host", i)}, {"job", "node"}};
      for (TimeMs t = window.start + i; t < window.start + kHour; t += 15'000) {
        contents[labels][t] = std::sin(static_cast<double>(t + i));
      }
    }
  }
  return contents;
}

class StoreTest : public testing::Test {
 protected:
  void Reopen() {
    store_.reset();
    auto opened = Store::Open(OptionsIn(folder_.path()));
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
  }
  void SetUp() override { Reopen(); }
  uint64_t SortedBytes() const { return FolderBytes(folder_.path() + "/store", ".sst"); }

  TemporaryFolder folder_;
  std::unique_ptr<Store> store_;
};

TEST_F(StoreTest, GivesBackEverySampleAlsoAfterReopening) {
  const StoreContents contents = Sample(Window(0));
  ASSERT_TRUE(AddGeneration(store_.get(), Window(0), contents, 77).ok());
  EXPECT_EQ(ReadStore(store_.get()), contents);
  Reopen();
  EXPECT_EQ(ReadStore(store_.get()), contents);
  const std::vector<GenerationInfo> catalogue = store_->Catalogue();
  ASSERT_EQ(catalogue.size(), 1u);
  EXPECT_EQ(catalogue[0].lsn, 77u);
  EXPECT_EQ(catalogue[0].series, 15u);
  EXPECT_EQ(catalogue[0].chunks, 15u);
  EXPECT_EQ(catalogue[0].samples, 15u * 240u);
  EXPECT_EQ(catalogue[0].range, (TimeRange{kStart, kStart + 239 * 15'000 + 4}));
  EXPECT_EQ(store_->Stats().bundle_reads, 15u);
}

TEST_F(StoreTest, KeepsEveryBitOfAValue) {
  StoreContents contents;
  std::vector<double> values = {StaleNaN(), NormalNaN(), -0.0, 0.0, INFINITY, -INFINITY, 5e-324};
  for (size_t i = 0; i < values.size(); ++i) {
    contents[Labels{{"__name__", "odd"}}][kStart + static_cast<TimeMs>(i)] = values[i];
  }
  ASSERT_TRUE(AddGeneration(store_.get(), Window(0), contents).ok());
  const GenerationReader reader(store_.get(), store_->version()->generations[0]);
  SampleColumns columns;
  ASSERT_TRUE(reader.ReadSamples(0, TimeRange{}, &columns).ok());
  ASSERT_EQ(columns.v.size(), values.size());
  for (size_t i = 0; i < values.size(); ++i) EXPECT_TRUE(SameBits(columns.v[i], values[i])) << i;
}

TEST_F(StoreTest, SelectsByPostingsAndReadsInOnePass) {
  ASSERT_TRUE(AddGeneration(store_.get(), Window(0), Sample(Window(0), 50)).ok());
  const GenerationReader reader(store_.get(), store_->version()->generations[0]);
  const auto count = [&](std::vector<Matcher> matchers) {
    const absl::StatusOr<Postings> ids = SelectPostings(reader, matchers);
    EXPECT_TRUE(ids.ok()) << ids.status();
    size_t series = 0;
    EXPECT_TRUE(reader
                    .ReadSeries(*ids,
                                [&](size_t, const Fingerprint& fingerprint, LabelsView labels) {
                                  EXPECT_TRUE(MatchesAll(matchers, labels));
                                  EXPECT_EQ(fingerprint, labels.Fingerprint());
                                  ++series;
                                })
                    .ok());
    size_t bundles = 0;
    EXPECT_TRUE(reader.ReadBundles(*ids, [&](size_t, std::string_view) { ++bundles; }).ok());
    EXPECT_EQ(series, bundles);
    return series;
  };
  EXPECT_EQ(count({Matcher::Equal("__name__", "up")}), 50u);
  EXPECT_EQ(count({*Matcher::Create(MatchOp::kRegex, "instance", "host1.*")}), 33u);
  EXPECT_EQ(count({Matcher::Equal("__name__", "up"), Matcher::NotEqual("instance", "host7")}), 49u);
  EXPECT_EQ(count({Matcher::Equal("job", "nobody")}), 0u);
  EXPECT_EQ(count({Matcher::Equal("absent", "")}), 150u);
  EXPECT_EQ(count({}), 150u);
}

using Sets = std::vector<std::vector<Matcher>>;

// What label calls give for the sets, sorted.
std::vector<std::string> NamesOf(const GenerationReader& reader, const Sets& sets) {
  std::set<std::string> names;
  EXPECT_TRUE(reader
                  .LabelNames(
                      sets, [&](std::string_view n) { return !names.contains(std::string(n)); },
                      [&](std::string_view n) { EXPECT_TRUE(names.emplace(n).second) << n; })
                  .ok());
  return {names.begin(), names.end()};
}

std::vector<std::string> ValuesOf(const GenerationReader& reader, std::string_view name,
                                  const Sets& sets) {
  std::set<std::string> values;
  EXPECT_TRUE(reader
                  .LabelValues(
                      name, sets,
                      [&](std::string_view v) { return !values.contains(std::string(v)); },
                      [&](std::string_view v) { EXPECT_TRUE(values.emplace(v).second) << v; })
                  .ok());
  return {values.begin(), values.end()};
}

TEST_F(StoreTest, LabelCallsAnswerForSmallAndLargeSelectionsAlike) {
  // So many series that one of them is read and all of them are intersected.
  StoreContents contents = Sample(Window(0), 200);
  contents[Labels{{"__name__", "rare"}, {"only", "here"}}][kStart] = 1;
  ASSERT_TRUE(AddGeneration(store_.get(), Window(0), contents).ok());
  const GenerationReader reader(store_.get(), store_->version()->generations[0]);
  const Sets up = {{Matcher::Equal("__name__", "up")}};
  const Sets rare = {{Matcher::Equal("only", "here")}};
  const Sets both = {up[0], rare[0]};
  const Sets host = {{Matcher::Equal("instance", "host7")}};
  EXPECT_THAT(NamesOf(reader, {}), ElementsAre("__name__", "instance", "job", "only"));
  EXPECT_THAT(NamesOf(reader, up), ElementsAre("__name__", "instance", "job"));
  EXPECT_THAT(NamesOf(reader, rare), ElementsAre("__name__", "only"));
  EXPECT_THAT(NamesOf(reader, both), ElementsAre("__name__", "instance", "job", "only"));
  EXPECT_THAT(ValuesOf(reader, "__name__", {}), ElementsAre("cpu", "memory", "rare", "up"));
  EXPECT_THAT(ValuesOf(reader, "__name__", up), ElementsAre("up"));
  EXPECT_THAT(ValuesOf(reader, "__name__", rare), ElementsAre("rare"));
  EXPECT_THAT(ValuesOf(reader, "__name__", both), ElementsAre("rare", "up"));
  EXPECT_THAT(ValuesOf(reader, "__name__", host), ElementsAre("cpu", "memory", "up"));
  EXPECT_THAT(ValuesOf(reader, "instance", host), ElementsAre("host7"));
  EXPECT_EQ(ValuesOf(reader, "instance", up).size(), 200u);
  EXPECT_THAT(ValuesOf(reader, "only", up), ElementsAre());
  EXPECT_THAT(ValuesOf(reader, "nobody", up), ElementsAre());
}

TEST_F(StoreTest, ALateFlushIsTheNextGeneration) {
  ASSERT_TRUE(AddGeneration(store_.get(), Window(0), Sample(Window(0)), 5).ok());
  EXPECT_EQ(store_->NextGeneration(Window(0)).generation, 2u);
  EXPECT_EQ(store_->NextGeneration(Window(1)).generation, 1u);
  StoreContents late;
  late[Labels{{"__name__", "late"}}][kStart] = 1;
  ASSERT_TRUE(AddGeneration(store_.get(), Window(0), late, 9).ok());
  StoreContents all = Sample(Window(0));
  all.insert(late.begin(), late.end());
  EXPECT_EQ(ReadStore(store_.get()), all);
  Reopen();
  EXPECT_EQ(store_->NextGeneration(Window(0)).generation, 3u);
}

TEST_F(StoreTest, ADropFreesTheDiskAtOnceWhenNobodyReads) {
  for (int hour = 0; hour < 4; ++hour) {
    ASSERT_TRUE(AddGeneration(store_.get(), Window(hour), Sample(Window(hour), 20)).ok());
  }
  const uint64_t before = SortedBytes();
  EXPECT_EQ(*store_->DropBefore(Window(2).start), 2u);
  EXPECT_LT(SortedBytes(), before * 3 / 4);
  StoreContents rest = Sample(Window(2), 20);
  for (const auto& [labels, samples] : Sample(Window(3), 20)) {
    rest[labels].insert(samples.begin(), samples.end());
  }
  EXPECT_EQ(ReadStore(store_.get()), rest);
  Reopen();
  EXPECT_EQ(ReadStore(store_.get()), rest);
  EXPECT_EQ(*store_->DropBefore(Window(2).start), 0u);
  EXPECT_EQ(*store_->DropBefore(Window(9).start), 2u);
  EXPECT_TRUE(ReadStore(store_.get()).empty());
}

TEST_F(StoreTest, AReaderOfAnOldVersionKeepsItsFiles) {
  const StoreContents contents = Sample(Window(0), 20);
  ASSERT_TRUE(AddGeneration(store_.get(), Window(0), contents).ok());
  std::shared_ptr<const StoreVersion> version = store_->version();
  const uint64_t before = SortedBytes();
  ASSERT_EQ(*store_->DropBefore(Window(5).start), 1u);
  EXPECT_TRUE(store_->version()->generations.empty());
  EXPECT_EQ(SortedBytes(), before);
  EXPECT_EQ(*ReadGeneration(store_.get(), version->generations[0]), contents);
  EXPECT_EQ(store_->NextGeneration(Window(0)).generation, 2u) << "the number is still taken";
  version.reset();
  ASSERT_TRUE(store_->CollectGarbage().ok());
  EXPECT_LT(SortedBytes(), before);
  EXPECT_EQ(store_->NextGeneration(Window(0)).generation, 1u);
}

TEST_F(StoreTest, FilesThatACrashLeftUnpublishedAreAdoptedOnce) {
  const StoreContents contents = Sample(Window(0));
  const auto files = WriteGeneration(*store_, Window(0), contents, 42);
  ASSERT_TRUE(files.ok()) << files.status();
  ASSERT_TRUE(store_->Ingest(*files).ok());
  EXPECT_TRUE(store_->version()->generations.empty()) << "not visible before Publish";
  for (int restart = 0; restart < 2; ++restart) {
    Reopen();
    ASSERT_EQ(store_->Catalogue().size(), 1u);
    EXPECT_EQ(store_->Catalogue()[0].lsn, 42u);
    EXPECT_EQ(ReadStore(store_.get()), contents);
  }
}

TEST_F(StoreTest, FilesOfAFlushThatDidNotFinishAreForgotten) {
  ASSERT_TRUE(WriteGeneration(*store_, Window(0), Sample(Window(0)), 42).ok());
  EXPECT_GT(FolderBytes(folder_.path() + "/flush"), 0u);
  Reopen();
  EXPECT_EQ(FolderBytes(folder_.path() + "/flush"), 0u);
  EXPECT_TRUE(ReadStore(store_.get()).empty());
}

TEST_F(StoreTest, TheWriterRefusesWhatItCouldNotReadBack) {
  auto writer = GenerationWriter::Create(store_->scratch_path(), store_->NextGeneration(Window(0)));
  ASSERT_TRUE(writer.ok());
  const std::string bytes = EncodeXor({{kStart, 1}, {kStart + 1, 2}});
  const Labels b{{"__name__", "b"}}, a{{"__name__", "a"}};
  const auto add = [&](const Labels& labels, ChunkMeta meta, std::string_view chunk) {
    const ChunkView view{meta, chunk};
    return (*writer)->Add(labels, labels.Fingerprint(), {&view, 1}).code();
  };
  const ChunkMeta meta{kStart, kStart + 1, 2};
  EXPECT_EQ(add(b, meta, std::string_view(bytes).substr(0, 3)), absl::StatusCode::kDataLoss);
  EXPECT_EQ(add(b, {kStart, kStart + 5, 2}, bytes), absl::StatusCode::kDataLoss);
  EXPECT_EQ(add(b, {kStart - kHour, kStart + 1, 2}, bytes), absl::StatusCode::kDataLoss);
  EXPECT_EQ((*writer)->Finish({.lsn = 1}).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(add(b, meta, bytes), absl::StatusCode::kOk);
  EXPECT_EQ(add(a, meta, bytes), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace hearth
