// Equal stamps promise equal answers of label calls: whatever happens to a database, an answer that
// was kept under its stamp is what the database would answer now.
#include <map>
#include <random>
#include <utility>

#include "gmock/gmock.h"
#include "tsdb/db_fixture.h"

namespace hearth {
namespace {

using testing::ElementsAre;

class LabelStampTest : public DbTest {
 protected:
  struct Call {
    LabelPart part;
    std::string name;
    std::vector<std::vector<Matcher>> matcher_sets;
    TimeRange range;
    LabelScope scope() const { return {part, name, !matcher_sets.empty(), range}; }
  };
  using Answer = std::vector<std::string>;

  Answer Ask(const Call& call) {
    const LabelQuery query{call.matcher_sets, call.range, 0};
    const auto querier = db_->NewQuerier(call.range);
    EXPECT_TRUE(querier.ok());
    if (call.part == LabelPart::kNames) return *(*querier)->LabelNames(query);
    if (call.part == LabelPart::kValues) return *(*querier)->LabelValues(call.name, query);
    Answer texts;
    const absl::StatusOr<std::vector<Labels>> series = (*querier)->Series(query);
    EXPECT_TRUE(series.ok());
    for (const Labels& labels : *series) texts.push_back(labels.ToString());
    return texts;
  }
  static std::string TextOf(const Call& call) {
    std::string text = StrCat(static_cast<int>(call.part), call.name);
    for (const auto& set : call.matcher_sets) {
      for (const Matcher& matcher : set) text += matcher.ToString();
    }
    return text;
  }
};

TEST_F(LabelStampTest, NewValuesOfOneLabelLeaveTheOthersAlone) {
  PushAll(4, kNow);
  const TimeRange range{kNow - kHour, kNow};
  const LabelScope names{LabelPart::kNames, "", false, range};
  const LabelScope metrics{LabelPart::kValues, "__name__", false, range};
  const LabelScope values{LabelPart::kValues, "i", false, range};
  const LabelScope matched{LabelPart::kNames, "", true, range};
  const auto before = std::make_tuple(db_->LabelStamp(names), db_->LabelStamp(metrics));
  const auto values_before = db_->LabelStamp(values), matched_before = db_->LabelStamp(matched);
  ASSERT_TRUE(values_before);
  PushAll(5, kNow + 1);
  EXPECT_EQ(std::make_tuple(db_->LabelStamp(names), db_->LabelStamp(metrics)), before);
  EXPECT_NE(db_->LabelStamp(values), values_before);
  EXPECT_NE(db_->LabelStamp(matched), matched_before);
}

TEST_F(LabelStampTest, SamplesOfKnownSeriesChangeNoStampButThatOfSeriesIsUnknown) {
  PushAll(4, kNow);
  const TimeRange range{kNow - kHour, kNow};
  const auto matched = db_->LabelStamp({LabelPart::kValues, "i", true, range});
  PushAll(4, kNow + 1000);
  EXPECT_EQ(db_->LabelStamp({LabelPart::kValues, "i", true, range}), matched);
  EXPECT_FALSE(db_->LabelStamp({LabelPart::kSeries, "", true, range}));
  ASSERT_TRUE(db_->Flush().ok());
  EXPECT_TRUE(db_->LabelStamp({LabelPart::kSeries, "", true, range})) << "sealed series stay";
}

TEST_F(LabelStampTest, WhereADeleteHidesSamplesThereIsNone) {
  PushAll(4, kNow);
  ASSERT_TRUE(db_->Flush().ok());
  const TimeRange range{kNow - kHour, kNow};
  const auto before = db_->LabelStamp({LabelPart::kNames, "", false, range});
  ASSERT_TRUE(before);
  const std::vector<std::vector<Matcher>> matchers = {{Matcher::Equal("i", "1")}};
  ASSERT_TRUE(db_->Delete(matchers, range).ok());
  EXPECT_FALSE(db_->LabelStamp({LabelPart::kNames, "", false, range}));
  ASSERT_TRUE(db_->Merge().ok());
  const auto after = db_->LabelStamp({LabelPart::kNames, "", false, range});
  ASSERT_TRUE(after);
  EXPECT_NE(after, before);
}

// Series come, stop and come back, windows are flushed, merged and deleted from, time passes.
TEST_F(LabelStampTest, AnAnswerKeptUnderItsStampIsTheAnswer) {
  options_.retention_ms = 6 * kHour;
  Reopen();
  std::mt19937 random(7);
  std::vector<Call> calls;
  for (const TimeMs back : {TimeMs{0}, kHour, 3 * kHour}) {
    for (const LabelPart part : {LabelPart::kNames, LabelPart::kValues, LabelPart::kSeries}) {
      for (const std::string name : {"i", "__name__"}) {
        calls.push_back({part, name, {}, {back, 0}});
        calls.push_back({part, name, {{Matcher::Equal("__name__", "temperature")}}, {back, 0}});
        calls.push_back({part, name, {{*Matcher::Create(MatchOp::kRegex, "i", "1.*")}}, {back, 0}});
      }
    }
  }
  std::map<std::pair<std::string, Fingerprint>, Answer> kept;
  size_t hits = 0, changed = 0;
  TimeMs now = kNow;
  for (int round = 0; round < 150; ++round) {
    switch (random() % 10) {
      case 0:
        ASSERT_TRUE(db_->Flush().ok());
        break;
      case 1:
        ASSERT_TRUE(db_->Merge().ok());
        break;
      case 2:
        ASSERT_TRUE(db_->FlushStopped(0).ok());
        break;
      case 3:
        ASSERT_TRUE(db_->Compact().ok());
        break;
      case 4: {
        const std::vector<std::vector<Matcher>> matchers = {
            {Matcher::Equal("i", StrCat(random() % 20))}};
        ASSERT_TRUE(db_->Delete(matchers, {now - kHour, now - 30 * kMinute}).ok());
        break;
      }
      default: {
        now += static_cast<TimeMs>(random() % 20) * kMinute;
        clock_.Set(now);
        const int from = static_cast<int>(random() % 16);
        std::vector<std::pair<Labels, Sample>> samples;
        for (int i = from; i < from + 4; ++i) samples.push_back({Series(i), {now, 1}});
        Push(samples);
      }
    }
    for (Call call : calls) {
      call.range = {now - call.range.mint - kHour, now - call.range.mint};
      const std::optional<Fingerprint> stamp = db_->LabelStamp(call.scope());
      const Answer answer = Ask(call);
      ASSERT_EQ(db_->LabelStamp(call.scope()), stamp) << "nothing happens meanwhile";
      if (!stamp) continue;
      const auto [it, first] = kept.try_emplace({TextOf(call), *stamp}, answer);
      ASSERT_EQ(it->second, answer) << TextOf(call) << " in round " << round;
      ++(first ? changed : hits);
    }
  }
  EXPECT_GT(hits, 1000u);
  EXPECT_GT(changed, 300u);
}

}  // namespace
}  // namespace hearth
