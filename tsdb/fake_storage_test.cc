#include "tsdb/fake_storage.h"

#include "gtest/gtest.h"

namespace hearth {
namespace {

const Labels kUp{{"__name__", "up"}, {"job", "a"}};

TEST(FakeStorageTest, JudgesSamplesOneByOne) {
  FakeStorage storage;
  auto appender = storage.NewAppender();
  const SeriesRef ref = appender->FindOrCreate(kUp).value();
  for (const Sample sample :
       {Sample{10, 1}, Sample{10, 1}, Sample{10, 2}, Sample{5, 1}, Sample{20, 3}}) {
    appender->Append(ref, sample);
  }
  appender->Append(SeriesRef{77}, Sample{1, 1});
  const CommitResult result = appender->Commit().value();
  EXPECT_EQ(result.count(AppendOutcome::kAppended), 2u);
  EXPECT_EQ(result.count(AppendOutcome::kDuplicate), 1u);
  EXPECT_EQ(result.count(AppendOutcome::kDuplicateTimestamp), 1u);
  EXPECT_EQ(result.count(AppendOutcome::kOutOfOrder), 1u);
  EXPECT_EQ(result.count(AppendOutcome::kSeriesGone), 1u);
  ASSERT_TRUE(result.first_refusal.has_value());
  EXPECT_EQ(result.first_refusal->labels, kUp);
}

TEST(FakeStorageTest, SelectsInFingerprintOrderAndReadsInclusiveRanges) {
  FakeStorage storage;
  for (const char* job : {"a", "b", "c", "d"}) {
    const Labels labels{{"__name__", "up"}, {"job", job}};
    for (TimeMs t : {10, 20, 30}) storage.Put(labels, t, static_cast<double>(t));
  }
  storage.Put(Labels{{"__name__", "down"}}, 10, 1.0);
  auto querier = storage.NewQuerier({0, 100}).value();
  const std::vector<SelectRequest> requests = {{{Matcher::Equal("__name__", "up")}, {15, 30}}};
  const auto sets = querier->Select(requests).value();
  ASSERT_EQ(sets.size(), 1u);
  ASSERT_EQ(sets[0]->size(), 4u);
  for (size_t i = 1; i < 4; ++i) EXPECT_LT(sets[0]->fingerprint(i - 1), sets[0]->fingerprint(i));
  SampleColumns columns;
  ASSERT_TRUE(sets[0]->Read(0, {20, 30}, &columns).ok());
  EXPECT_EQ(columns.t, (std::vector<TimeMs>{20, 30}));
  EXPECT_EQ(sets[0]->Read(0, {0, 30}, &columns).code(), absl::StatusCode::kInternal);
}

TEST(FakeStorageTest, TakesAndGivesHistograms) {
  FakeStorage storage;
  Histogram one;
  one.count = 1;
  Histogram two;
  two.count = 2;
  auto appender = storage.NewAppender();
  const SeriesRef ref = appender->FindOrCreate(kUp).value();
  appender->AppendHistogram(ref, 10, one);
  appender->AppendHistogram(ref, 10, one);  // The same again.
  appender->AppendHistogram(ref, 10, two);
  appender->Append(ref, {10, 1});
  appender->AppendHistogram(ref, 5, one);
  appender->AppendHistogram(ref, 20, two);
  appender->AppendHistogram(ref, 30, one);
  appender->Append(ref, {40, 1});
  const CommitResult result = appender->Commit().value();
  EXPECT_EQ(result.count(AppendOutcome::kAppended), 4u);
  EXPECT_EQ(result.count(AppendOutcome::kDuplicate), 1u);
  EXPECT_EQ(result.count(AppendOutcome::kDuplicateTimestamp), 2u);
  EXPECT_EQ(result.count(AppendOutcome::kOutOfOrder), 1u);
  storage.Put(kUp, 50, two);

  auto querier = storage.NewQuerier({0, 100}).value();
  const std::vector<SelectRequest> requests = {{{}, {0, 100}}};
  const auto sets = querier->Select(requests).value();
  SampleColumns columns;
  ASSERT_TRUE(sets[0]->Read(0, {0, 100}, &columns).ok());
  EXPECT_EQ(columns.t, (std::vector<TimeMs>{40}));
  EXPECT_EQ(columns.histogram_t, (std::vector<TimeMs>{10, 20, 30, 50}));
  std::vector<CounterResetHint> hints;
  for (const HistogramPtr& histogram : columns.histograms)
    hints.push_back(histogram->counter_reset_hint);
  EXPECT_EQ(hints,
            (std::vector<CounterResetHint>{CounterResetHint::kUnknown, CounterResetHint::kNotReset,
                                           CounterResetHint::kReset, CounterResetHint::kUnknown}));
}

TEST(FakeStorageTest, AnswersLabelQueries) {
  FakeStorage storage;
  storage.Put(kUp, 10, 1.0);
  storage.Put(Labels{{"__name__", "down"}, {"instance", "x"}}, 20, 1.0);
  auto querier = storage.NewQuerier({0, 100}).value();
  EXPECT_EQ(querier->LabelNames({{}, {0, 100}, 0}).value(),
            (std::vector<std::string>{"__name__", "instance", "job"}));
  EXPECT_EQ(querier->LabelValues("__name__", {{}, {0, 100}, 1}).value(),
            (std::vector<std::string>{"down"}));
  EXPECT_EQ(querier->Series({{{Matcher::Equal("job", "a")}}, {0, 100}, 0}).value(),
            (std::vector<Labels>{kUp}));
  EXPECT_TRUE(querier->Series({{{Matcher::Equal("job", "a")}}, {11, 100}, 0}).value().empty());
}

}  // namespace
}  // namespace hearth
