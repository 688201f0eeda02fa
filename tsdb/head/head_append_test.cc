// Writing: what is taken, what is refused, limits, metadata.
#include "tsdb/head/head_test_base.h"

namespace hearth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class HeadAppendTest : public HeadTest {};

TEST_F(HeadAppendTest, WhatIsCommittedIsRead) {
  const Labels up = Named("up"), down = Named("down");
  ASSERT_TRUE(Write(up, {{kT0, 1}, {kT0 + 15'000, 2}}).ok());
  ASSERT_TRUE(Write(down, {{kT0 + 5, StaleNaN()}}).ok());
  const Contents contents = ReadAll();
  EXPECT_EQ(contents.size(), 2u);
  EXPECT_THAT(contents.at(up.ToString()), ElementsAre(Sample{kT0, 1}, Sample{kT0 + 15'000, 2}));
  EXPECT_THAT(contents.at(down.ToString()), ElementsAre(Sample{kT0 + 5, StaleNaN()}));
  EXPECT_EQ(ReadAll({Matcher::Equal("__name__", "up")}).size(), 1u);
  EXPECT_THAT(ReadAll({}, {kT0 + 20'000, kT0 + kHour}), IsEmpty());
  EXPECT_EQ(ReadAll({}, {kT0 + 1, kT0 + 10}).size(), 2u) << "a chunk that overlaps is enough";
}

TEST_F(HeadAppendTest, EachSampleIsJudgedAlone) {
  head_->SetOutOfOrderWindow(0);
  const Labels a = Named("a");
  using enum AppendOutcome;
  EXPECT_EQ(WriteOne(a, {kT0 + 1000, 1}), kAppended);
  EXPECT_EQ(WriteOne(a, {kT0 + 1000, 1}), kDuplicate);
  EXPECT_EQ(WriteOne(a, {kT0 + 1000, 2}), kDuplicateTimestamp);
  EXPECT_EQ(WriteOne(a, {kT0 + 999, 1}), kOutOfOrder);
  EXPECT_EQ(WriteOne(a, {clock_.NowMs() + 600'001, 1}), kTooFarInFuture);
  EXPECT_EQ(WriteOne(a, {clock_.NowMs() + 600'000, 1}), kAppended);
  EXPECT_EQ(WriteOne(Named("zero"), {kT0, 0.0}), kAppended);
  EXPECT_EQ(WriteOne(Named("zero"), {kT0, -0.0}), kDuplicateTimestamp);
  EXPECT_EQ(WriteOne(Named("nan"), {kT0, StaleNaN()}), kAppended);
  EXPECT_EQ(WriteOne(Named("nan"), {kT0, StaleNaN()}), kDuplicate);
}

TEST_F(HeadAppendTest, ARefusedSampleTakesNoNeighbourWithIt) {
  head_->SetOutOfOrderWindow(0);
  const Labels a = Named("a"), b = Named("b");
  ASSERT_TRUE(Write(a, {{kT0 + 5000, 1}}).ok());
  const auto appender = head_->NewAppender();
  appender->Append(Ref(*appender, a), {kT0 + 1, 1});
  appender->Append(Ref(*appender, b), {kT0 + 1, 7});
  const auto result = appender->Commit();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->accepted(), 1u);
  EXPECT_EQ(result->refused(), 1u);
  ASSERT_TRUE(result->first_refusal.has_value());
  EXPECT_EQ(result->first_refusal->outcome, AppendOutcome::kOutOfOrder);
  EXPECT_EQ(result->first_refusal->labels, a);
  EXPECT_EQ(result->first_refusal->t, kT0 + 1);
  EXPECT_THAT(ReadAll().at(b.ToString()), ElementsAre(Sample{kT0 + 1, 7}));
}

TEST_F(HeadAppendTest, SamplesOfOneSeriesInOneCommitAreJudgedInOrder) {
  head_->SetOutOfOrderWindow(0);
  const auto result = Write(
      Named("a"),
      {{kT0 + 10, 1}, {kT0 + 20, 2}, {kT0 + 20, 2}, {kT0 + 15, 9}, {kT0 + 20, 3}, {kT0 + 30, 4}});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->count(AppendOutcome::kAppended), 3u);
  EXPECT_EQ(result->count(AppendOutcome::kDuplicate), 1u);
  EXPECT_EQ(result->count(AppendOutcome::kOutOfOrder), 1u);
  EXPECT_EQ(result->count(AppendOutcome::kDuplicateTimestamp), 1u);
  EXPECT_THAT(ReadAll().at(Named("a").ToString()),
              ElementsAre(Sample{kT0 + 10, 1}, Sample{kT0 + 20, 2}, Sample{kT0 + 30, 4}));
}

TEST_F(HeadAppendTest, SamplesBeforeTheRetentionAreTooOld) {
  options_.retention_ms = 2 * kHour;
  Open();
  const TimeMs oldest = clock_.NowMs() - 2 * kHour;
  EXPECT_EQ(WriteOne(Named("a"), {oldest - 1, 1}), AppendOutcome::kTooOld);
  EXPECT_EQ(WriteOne(Named("a"), {oldest, 1}), AppendOutcome::kAppended);
}

TEST_F(HeadAppendTest, HistogramsAreRefusedByName) {
  const auto appender = head_->NewAppender();
  const SeriesRef ref = Ref(*appender, Named("h"));
  appender->AppendHistogram(ref, kT0, Histogram());
  appender->Append(ref, {kT0, 1});
  const auto result = appender->Commit();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->count(AppendOutcome::kUnsupported), 1u);
  EXPECT_EQ(result->count(AppendOutcome::kAppended), 1u);
  EXPECT_EQ(result->first_refusal->labels, Named("h"));
  EXPECT_EQ(head_->Stats().samples[static_cast<size_t>(AppendOutcome::kUnsupported)], 1u);
}

TEST_F(HeadAppendTest, FindAnswersForKnownSeriesOnly) {
  const auto appender = head_->NewAppender();
  std::vector<Fingerprint> fingerprints;
  std::vector<SeriesRef> made;
  for (int i = 0; i < 5000; ++i) {
    const Labels labels = Named("m", std::to_string(i));
    fingerprints.push_back(labels.Fingerprint());
    made.push_back(i % 3 == 0 ? SeriesRef() : Ref(*appender, labels));
  }
  std::vector<SeriesRef> refs(fingerprints.size());
  appender->Find(fingerprints, refs);
  EXPECT_EQ(refs, made);
  appender->Find({}, {});
}

TEST_F(HeadAppendTest, RollbackDropsWhatWasBuffered) {
  const auto appender = head_->NewAppender();
  appender->Append(Ref(*appender, Named("a")), {kT0, 1});
  appender->Rollback();
  const auto result = appender->Commit();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->accepted() + result->refused(), 0u);
  EXPECT_THAT(ReadAll(), IsEmpty());
}

TEST_F(HeadAppendTest, SeriesLimitIsAnErrorThatNamesIt) {
  options_.max_series = 2;
  Open();
  const auto appender = head_->NewAppender();
  Ref(*appender, Named("a"));
  Ref(*appender, Named("b"));
  const auto third = appender->FindOrCreate(Named("c"));
  EXPECT_EQ(third.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(third.status().message()), HasSubstr("series limit of 2"));
  EXPECT_TRUE(appender->FindOrCreate(Named("a")).ok());
}

TEST_F(HeadAppendTest, ChunksCloseAtTheirSampleLimitAndAtTheWindowsEdge) {
  std::vector<Sample> samples;
  for (int i = 0; i < 1000; ++i) samples.push_back({kT0 + i * 15'000, i * 0.1});
  ASSERT_TRUE(Write(Named("a"), samples).ok());
  EXPECT_EQ(ReadAll().at(Named("a").ToString()), samples);
  // 240 samples an hour: two chunks a window, and 40 samples in the fifth.
  EXPECT_EQ(head_->Stats().chunks, 9u);
  EXPECT_THAT(head_->Windows(),
              ElementsAre(kT0, kT0 + kHour, kT0 + 2 * kHour, kT0 + 3 * kHour, kT0 + 4 * kHour));
  const TimeRange range{kT0 + 30 * 15'000, kT0 + 700 * 15'000};
  EXPECT_EQ(ReadAll({}, range).at(Named("a").ToString()),
            std::vector<Sample>(samples.begin() + 30, samples.begin() + 701));
}

TEST_F(HeadAppendTest, TimesBeforeTheEpochAreOrdinary) {
  ASSERT_TRUE(Write(Named("a"), {{-kHour - 1, 1}, {-1, 2}, {0, 3}}).ok());
  EXPECT_EQ(ReadAll().at(Named("a").ToString()).size(), 3u);
  EXPECT_THAT(head_->Windows(), ElementsAre(-2 * kHour, -kHour, 0));
}

TEST_F(HeadAppendTest, LabelsAreListed) {
  ASSERT_TRUE(Write({{"__name__", "a"}, {"x", "1"}}, {{kT0, 1}}).ok());
  ASSERT_TRUE(Write({{"__name__", "b"}, {"y", "2"}}, {{kT0 + 2 * kHour, 1}}).ok());
  EXPECT_THAT(head_->LabelNames({}).value(), ElementsAre("__name__", "x", "y"));
  EXPECT_THAT(head_->LabelValues("__name__", {}).value(), ElementsAre("a", "b"));
  EXPECT_THAT(head_->LabelValues("none", {}).value(), IsEmpty());
  LabelQuery a;
  a.matcher_sets = {{Matcher::Equal("__name__", "a")}};
  EXPECT_THAT(head_->LabelNames(a).value(), ElementsAre("__name__", "x"));
  EXPECT_THAT(head_->LabelValues("x", a).value(), ElementsAre("1"));
  EXPECT_THAT(head_->LabelValues("y", a).value(), IsEmpty());
  LabelQuery late;
  late.range = {kT0 + kHour, kT0 + 3 * kHour};
  EXPECT_THAT(head_->Series(late).value(), ElementsAre(Labels{{"__name__", "b"}, {"y", "2"}}));
  LabelQuery limited;
  limited.limit = 1;
  EXPECT_THAT(head_->LabelNames(limited).value(), ElementsAre("__name__"));
  EXPECT_EQ(head_->Series(limited).value().size(), 1u);
  LabelQuery outside;
  outside.range = {kT0 + 100 * kHour, kT0 + 101 * kHour};
  EXPECT_THAT(head_->LabelNames(outside).value(), IsEmpty());
}

TEST_F(HeadAppendTest, MetadataIsKeptUpToItsLimit) {
  options_.max_metadata = 1;
  Open();
  const auto appender = head_->NewAppender();
  appender->UpdateMetadata("m", {MetricType::kCounter, "old", ""});
  appender->UpdateMetadata("m", {MetricType::kCounter, "new", ""});
  appender->UpdateMetadata("other", {});
  appender->AppendExemplar(SeriesRef(), {});
  EXPECT_THAT(head_->MetadataEntries(),
              ElementsAre(testing::Pair("m", Metadata{MetricType::kCounter, "new", ""})));
  EXPECT_EQ(head_->Stats().metadata_dropped, 1u);
  EXPECT_EQ(head_->Stats().exemplars_dropped, 1u);
}

TEST_F(HeadAppendTest, SeveralRequestsSeeTheSameMoment) {
  ASSERT_TRUE(Write(Named("a"), {{kT0, 1}}).ok());
  const SelectRequest requests[] = {{{Matcher::Equal("__name__", "a")}, {}},
                                    {{Matcher::Equal("__name__", "none")}, {}},
                                    {{}, {5, 4}}};
  const auto sets = head_->Select(requests);
  ASSERT_TRUE(sets.ok());
  ASSERT_EQ(sets->size(), 3u);
  EXPECT_EQ((*sets)[0]->size(), 1u);
  EXPECT_EQ((*sets)[1]->size(), 0u);
  EXPECT_EQ((*sets)[2]->size(), 0u);
  ASSERT_TRUE(Write(Named("a"), {{kT0 + 1, 2}}).ok());
  SampleColumns columns;
  ASSERT_TRUE((*sets)[0]->Read(0, TimeRange(), &columns).ok());
  EXPECT_THAT(columns.t, ElementsAre(kT0)) << "a later commit is not seen";
}

TEST_F(HeadAppendTest, AStartIsAZeroBeforeTheFirstSample) {
  const auto write = [&](std::string_view name, Sample sample, TimeMs start) {
    const auto appender = head_->NewAppender();
    appender->Append(Ref(*appender, Named(name)), sample, start);
    const auto result = appender->Commit();
    EXPECT_TRUE(result.ok() && result->refused() == 0) << result.status();
    return result.ok() ? result->count(AppendOutcome::kAppended) : 0;
  };
  EXPECT_EQ(write("off", {kT0, 5}, kT0 - 10), 1u);
  options_.start_zeros = true;
  Open();
  EXPECT_EQ(write("a", {kT0, 5}, kT0 - 10), 2u);
  EXPECT_EQ(write("a", {kT0 + 10, 6}, kT0 - 10), 1u) << "told again";
  EXPECT_EQ(write("a", {kT0 + 20, 1}, kT0 + 15), 2u) << "begun again";
  EXPECT_EQ(write("a", {kT0 + 30, 2}, kT0 + 20), 1u) << "at the last sample's time";
  EXPECT_EQ(write("b", {kT0, 5}, kT0), 1u) << "not before the sample";
  EXPECT_EQ(write("c", {kT0, 5}, kT0 - kHour - 1), 1u) << "too old";
  EXPECT_EQ(write("d", {kT0, 5}, kT0 - kHour), 2u);
  const std::vector<Sample> want = {{kT0 - 10, 0}, {kT0, 5},      {kT0 + 10, 6},
                                    {kT0 + 15, 0}, {kT0 + 20, 1}, {kT0 + 30, 2}};
  EXPECT_EQ(ReadAll()[Named("a").ToString()], want);
  EXPECT_EQ(ReadAll()[Named("off").ToString()].size(), 1u);
}

}  // namespace
}  // namespace hearth
