#include "model/text.h"
#include "tsdb/head/head_test_base.h"

namespace hearth {
namespace {

class HeadExemplarsTest : public HeadTest {
 protected:
  HeadExemplarsTest() {
    options_.max_exemplars = 100;
    Open();
  }

  // Commits one exemplar of a series, with a sample at its time when `sample`.
  CommitResult WriteExemplar(const Labels& labels, TimeMs t, double value, bool sample = true,
                             std::string_view trace = "x") {
    const auto appender = head_->NewAppender();
    const SeriesRef ref = Ref(*appender, labels);
    if (sample) appender->Append(ref, {t, value});
    appender->AppendExemplar(ref, {Labels{{"trace", trace}}, value, t});
    const auto result = appender->Commit();
    EXPECT_TRUE(result.ok()) << result.status();
    return result.value_or(CommitResult());
  }

  // `a: 1@0 2@10`, times from kT0 on.
  std::string Kept() {
    const std::vector<std::vector<Matcher>> all = {{Matcher::NotEqual("__name__", "")}};
    std::string out;
    for (const SeriesExemplars& series : head_->SelectExemplars(all, {})) {
      StrAppend(&out, out.empty() ? "" : "; ", series.labels.MetricName(), ":");
      for (const Exemplar& e : series.exemplars) StrAppend(&out, " ", e.value, "@", e.t - kT0);
    }
    return out;
  }
};

TEST_F(HeadExemplarsTest, AreKeptBesideTheSamples) {
  WriteExemplar(Named("a"), kT0, 1);
  WriteExemplar(Named("b"), kT0 + 10, 2);
  WriteExemplar(Named("a"), kT0 + 20, 3);
  EXPECT_EQ(Kept(), "a: 1@0 3@20; b: 2@10");
  EXPECT_EQ(head_->Stats().exemplars.kept, 3u);
}

TEST_F(HeadExemplarsTest, OneWithoutASampleNeedsASeriesThatHasSome) {
  WriteExemplar(Named("a"), kT0, 1, /*sample=*/false);
  EXPECT_EQ(Kept(), "");
  EXPECT_EQ(head_->Stats().exemplars_dropped, 1u);
  WriteExemplar(Named("a"), kT0, 1);
  WriteExemplar(Named("a"), kT0 + 10, 2, /*sample=*/false);
  EXPECT_EQ(Kept(), "a: 1@0 2@10");
}

TEST_F(HeadExemplarsTest, LateOnesFollowTheOutOfOrderWindow) {
  WriteExemplar(Named("a"), kT0 + kHour, 1);
  EXPECT_EQ(WriteExemplar(Named("a"), kT0, 2, false).exemplars_out_of_order, 1u);
  EXPECT_EQ(WriteExemplar(Named("a"), kT0 + 1, 3, false).exemplars_out_of_order, 0u);
  head_->SetOutOfOrderWindow(0);
  EXPECT_EQ(WriteExemplar(Named("a"), kT0 + 2, 4, false).exemplars_out_of_order, 1u);
  EXPECT_EQ(Kept(), StrCat("a: 3@1 1@", kHour));
}

TEST_F(HeadExemplarsTest, ComeBackFromTheWal) {
  WriteExemplar(Named("a"), kT0, 1);
  WriteExemplar(Named("a"), kT0 + 10, 2, /*sample=*/false);
  WriteExemplar(Named("b"), kT0, 3);
  Open();
  EXPECT_EQ(Kept(), "a: 1@0 2@10; b: 3@0");
  WriteExemplar(Named("a"), kT0 + 20, 4);
  Open();  // Of two segments.
  EXPECT_EQ(Kept(), "a: 1@0 2@10 4@20; b: 3@0");
  EXPECT_EQ(ReadAll()[Named("a").ToString()].size(), 2u);
}

TEST_F(HeadExemplarsTest, AWalOfExemplarsIsReadWithoutThem) {
  WriteExemplar(Named("a"), kT0, 1);
  options_.max_exemplars = 0;
  Open();
  EXPECT_EQ(Kept(), "");
  EXPECT_EQ(head_->Stats().replay.skipped_bytes, 0u);
  WriteExemplar(Named("a"), kT0 + 10, 2);
  EXPECT_EQ(head_->Stats().exemplars_dropped, 1u);
  head_->SetMaxExemplars(5);
  WriteExemplar(Named("a"), kT0 + 20, 3);
  EXPECT_EQ(Kept(), "a: 3@20");
}

TEST_F(HeadExemplarsTest, LabelsThatAreTooLongAreDropped) {
  WriteExemplar(Named("a"), kT0, 1, true, std::string(200, 'x'));
  EXPECT_EQ(Kept(), "");
  EXPECT_EQ(head_->Stats().exemplars_dropped, 1u);
}

TEST_F(HeadExemplarsTest, AFailedCommitKeepsNone) {
  WriteExemplar(Named("a"), kT0, 1);
  fs_.SetSpaceLeft(5);
  const auto appender = head_->NewAppender();
  appender->AppendExemplar(Ref(*appender, Named("a")), {Labels{{"trace", "y"}}, 2, kT0 + 10});
  EXPECT_FALSE(appender->Commit().ok());
  EXPECT_EQ(Kept(), "a: 1@0");
}

}  // namespace
}  // namespace hearth
