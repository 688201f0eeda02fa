// What a Db tells of its changes: from the lowest time that a query may see differently, and
// nothing of what moves samples without changing them.
#include <vector>

#include "tsdb/db_fixture.h"

namespace hearth {
namespace {

constexpr TimeMs kNone = std::numeric_limits<TimeMs>::max();
constexpr TimeMs kEverything = std::numeric_limits<TimeMs>::min();

class ChangesTest : public DbTest {
 protected:
  uint64_t Now() { return db_->ChangesSince(0)->now; }
  TimeMs ChangedSince(uint64_t moment) { return db_->ChangesSince(moment)->from; }
};

TEST_F(ChangesTest, ACommitChangesFromItsOldestSampleOn) {
  const uint64_t before = Now();
  Push({{Series(0), {kNow - 1000, 1}}, {Series(1), {kNow - 3000, 1}}, {Series(2), {kNow, 1}}});
  EXPECT_EQ(ChangedSince(before), kNow - 3000);
  const uint64_t between = Now();
  Push({{Series(0), {kNow, 2}}});
  EXPECT_EQ(ChangedSince(between), kNow);
  EXPECT_EQ(ChangedSince(before), kNow - 3000);
  EXPECT_EQ(ChangedSince(Now()), kNone);
}

TEST_F(ChangesTest, ALateSampleChangesFromItsOwnTimeOn) {
  Push({{Series(0), {kNow, 1}}});
  const uint64_t before = Now();
  Push({{Series(0), {kNow - 20 * kMinute, 2}}, {Series(1), {kNow, 1}}});
  EXPECT_EQ(ChangedSince(before), kNow - 20 * kMinute);
}

TEST_F(ChangesTest, WhatIsRefusedOrKnownChangesNothing) {
  Push({{Series(0), {kNow, 1}}});
  const uint64_t before = Now();
  const std::unique_ptr<Appender> appender = db_->NewAppender();
  const absl::StatusOr<SeriesRef> ref = appender->FindOrCreate(Series(0));
  ASSERT_TRUE(ref.ok());
  appender->Append(*ref, {kNow, 1});
  appender->Append(*ref, {kNow, 2});
  appender->Append(*ref, {kNow - 5 * kDay, 2});
  ASSERT_TRUE(appender->Commit().ok());
  EXPECT_EQ(ChangedSince(before), kNone);
}

TEST_F(ChangesTest, FlushAndMergeChangeNothing) {
  for (TimeMs t = kNow - 2 * kHour; t < kNow; t += kMinute) PushAll(3, t);
  const uint64_t before = Now();
  ASSERT_TRUE(db_->Flush().ok());
  EXPECT_EQ(ChangedSince(before), kNone);
  ASSERT_TRUE(db_->Merge().ok());
  ASSERT_TRUE(db_->Compact().ok());
  EXPECT_EQ(ChangedSince(before), kNone);
}

TEST_F(ChangesTest, ADeleteChangesFromWhereItBegins) {
  for (TimeMs t = kNow - 2 * kHour; t < kNow; t += kMinute) PushAll(3, t);
  for (const bool sealed : {false, true}) {
    if (sealed) {
      ASSERT_TRUE(db_->Flush().ok());
    }
    const uint64_t before = Now();
    const std::vector<std::vector<Matcher>> matchers = {{Matcher::Equal("i", sealed ? "1" : "0")}};
    ASSERT_TRUE(db_->Delete(matchers, {kNow - kHour, kNow - 30 * kMinute}).ok());
    EXPECT_EQ(ChangedSince(before), kNow - kHour);
  }
}

TEST_F(ChangesTest, RetentionChangesEverything) {
  options_.retention_ms = 3 * kHour;
  Reopen();
  for (TimeMs t = kNow - 3 * kHour; t < kNow; t += kMinute) PushAll(3, t);
  ASSERT_TRUE(db_->Compact().ok());
  uint64_t before = Now();
  clock_.Advance(kHour + kMinute);
  ASSERT_TRUE(db_->Compact().ok());
  EXPECT_EQ(ChangedSince(before), kEverything);
  EXPECT_EQ(Read().begin()->second.begin()->first, kNow - 2 * kHour) << "an hour has gone";
  ASSERT_TRUE(db_->Flush().ok());
  before = Now();
  clock_.Advance(kHour);
  ASSERT_TRUE(db_->Compact().ok());
  EXPECT_EQ(ChangedSince(before), kEverything);
  EXPECT_EQ(Read().begin()->second.begin()->first, kNow - kHour) << "another one, on disk";
}

}  // namespace
}  // namespace hearth
