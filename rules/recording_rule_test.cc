// What a recording rule makes of its value, and what is written of it.
#include "rules/recording_rule.h"

#include "rules/group_fixture.h"

namespace hearth {
namespace {

class RecordingRuleTest : public GroupTest {
 protected:
  // Evaluates at kStart a group with one rule `out`.
  std::unique_ptr<Group> Evaluated(std::string_view rule, std::string_view group_keys = "") {
    std::unique_ptr<Group> group = MakeGroup(
        StrCat("groups: [{name: g, ", group_keys, " rules: [{record: out, ", rule, "}]}]"));
    group->Evaluate(kStart);
    return group;
  }
  std::string Error(const Group& group) { return group.Status().rules.front().last_error; }
};

TEST_F(RecordingRuleTest, ReplacesTheNameAndKeepsLabels) {
  Put({{"__name__", "in"}, {"job", "a"}}, kStart, 3);
  Evaluated("expr: in");
  EXPECT_EQ(WrittenAt(kStart), Lines{R"(out{job="a"} 3)"});
}

TEST_F(RecordingRuleTest, LabelsOverrideAndEmptyOnesRemove) {
  Put({{"__name__", "in"}, {"job", "a"}, {"pod", "p"}}, kStart, 3);
  Evaluated(R"(expr: in, labels: {job: b, pod: "", zone: z})");
  EXPECT_EQ(WrittenAt(kStart), Lines{R"(out{job="b", zone="z"} 3)"});
}

TEST_F(RecordingRuleTest, TheGroupsLabelsGiveWayToTheRules) {
  Put({{"__name__", "in"}, {"job", "a"}}, kStart, 3);
  Evaluated("expr: in, labels: {job: rule}", "labels: {job: group, team: t},");
  EXPECT_EQ(WrittenAt(kStart), Lines{R"(out{job="rule", team="t"} 3)"});
}

TEST_F(RecordingRuleTest, AScalarIsOneSeriesWithoutLabels) {
  Evaluated("expr: 1 + 1");
  EXPECT_EQ(WrittenAt(kStart), Lines{"out 2"});
}

TEST_F(RecordingRuleTest, AHistogramIsRecordedAndEndsLikeAFloat) {
  Histogram histogram;
  histogram.count = 3;
  const Labels in{{"__name__", "in"}, {"job", "a"}};
  storage_.Put(in, kStart, histogram);
  const std::unique_ptr<Group> group = Evaluated("expr: in");
  EXPECT_EQ(WrittenAt(kStart), Lines{"out{job=\"a\"} {{count:3}}"});
  histogram.sum = StaleNaN();
  storage_.Put(in, kStart + kMinute, histogram);
  group->Evaluate(kStart + kMinute);
  EXPECT_EQ(WrittenAt(kStart + kMinute), Lines{"out{job=\"a\"} stale"});
}

TEST_F(RecordingRuleTest, AStringIsNoValue) {
  EXPECT_EQ(Error(*Evaluated("expr: '\"text\"'")), "rule result is not a vector or scalar");
}

TEST_F(RecordingRuleTest, EqualLabelsAfterRenamingAreAnError) {
  Put({{"__name__", "in1"}, {"job", "a"}}, kStart, 1);
  Put({{"__name__", "in2"}, {"job", "a"}}, kStart, 2);
  EXPECT_EQ(Error(*Evaluated(R"(expr: '{__name__=~"in."}')")),
            "vector contains metrics with the same labelset after applying rule labels");
  EXPECT_EQ(WrittenAt(kStart), Lines{});
}

TEST_F(RecordingRuleTest, MoreThanTheLimitWritesNothing) {
  for (const char* job : {"a", "b", "c"}) Put({{"__name__", "in"}, {"job", job}}, kStart, 1);
  EXPECT_EQ(Error(*Evaluated("expr: in", "limit: 2,")), "exceeded limit of 2 with 3 series");
  EXPECT_EQ(WrittenAt(kStart), Lines{});
}

TEST_F(RecordingRuleTest, ExactlyTheLimitIsWritten) {
  for (const char* job : {"a", "b"}) Put({{"__name__", "in"}, {"job", job}}, kStart, 1);
  EXPECT_EQ(Error(*Evaluated("expr: in", "limit: 2,")), "");
  EXPECT_EQ(WrittenAt(kStart), (Lines{R"(out{job="a"} 1)", R"(out{job="b"} 1)"}));
}

TEST_F(RecordingRuleTest, AnOffsetAsksAndWritesInThePast) {
  Put({{"__name__", "in"}}, kStart - kMinute, 1);
  Put({{"__name__", "in"}}, kStart, 2);
  Evaluated("expr: in", "query_offset: 1m,");
  EXPECT_EQ(WrittenAt(kStart - kMinute), Lines{"out 1"});
  EXPECT_EQ(WrittenAt(kStart), Lines{});
}

TEST_F(RecordingRuleTest, GroupsWithoutAnOffsetTakeTheGlobalOne) {
  Put({{"__name__", "in"}}, kStart - kMinute, 1);
  settings_.query_offset_ms = kMinute;
  Evaluated("expr: in");
  EXPECT_EQ(WrittenAt(kStart - kMinute), Lines{"out 1"});
}

TEST_F(RecordingRuleTest, AnOffsetOfZeroWinsOverTheGlobalOne) {
  Put({{"__name__", "in"}}, kStart, 1);
  settings_.query_offset_ms = kMinute;
  Evaluated("expr: in", "query_offset: 0s,");
  EXPECT_EQ(WrittenAt(kStart), Lines{"out 1"});
}

TEST_F(RecordingRuleTest, ASampleThatTheStorageRefusesIsTheRulesError) {
  Put({{"__name__", "in"}}, kStart, 1);
  Put({{"__name__", "out"}}, kStart, 7);
  EXPECT_EQ(Error(*Evaluated("expr: in")), "duplicate sample for timestamp");
  EXPECT_EQ(WrittenAt(kStart), Lines{"out 7"});
}

TEST_F(RecordingRuleTest, TheExpressionIsShownAsPrometheusPrintsIt) {
  EXPECT_EQ(Evaluated("expr: 'sum(in)by(job)>1'")->Status().rules.front().query,
            "sum by (job) (in) > 1");
}

}  // namespace
}  // namespace hearth
