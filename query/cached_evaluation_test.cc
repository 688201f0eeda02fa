// What the engine reads when a range query comes again.
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "model/fake_clock.h"
#include "query/engine.h"
#include "query/testing/outcome.h"
#include "tsdb/fake_storage.h"

namespace hearth::promql {
namespace {

constexpr TimeMs kMinute = 60'000;

// Remembers what was asked for, and may do something before each Select.
class WatchedStorage : public Queryable {
 public:
  absl::StatusOr<std::unique_ptr<Querier>> NewQuerier(TimeRange range) const override {
    asked.push_back(range);
    if (before_select) std::exchange(before_select, nullptr)();
    return data.NewQuerier(range);
  }
  std::optional<StorageChanges> ChangesSince(uint64_t moment) const override {
    return data.ChangesSince(moment);
  }

  FakeStorage data;
  mutable std::vector<TimeRange> asked;
  mutable std::function<void()> before_select;  // Once.
};

class CachedEvaluationTest : public testing::Test {
 protected:
  CachedEvaluationTest() {
    for (TimeMs t = 0; t <= 60 * kMinute; t += kMinute) {
      for (const char* i : {"1", "2"}) {
        storage_.data.Put(Labels{{"__name__", "x"}, {"i", i}}, t, static_cast<double>(t % 7));
      }
    }
  }

  static EngineOptions Options(int64_t cache_bytes) {
    EngineOptions options;
    options.threads = 1;
    options.cache_bytes = cache_bytes;
    return options;
  }
  static QueryRequest Request(TimeMs end, std::string query = "sum(rate(x[5m]))") {
    QueryRequest request;
    request.query = std::move(query);
    request.start_ms = end - 20 * kMinute;
    request.end_ms = end;
    request.step_ms = kMinute;
    return request;
  }
  // Executes, compares with an engine that keeps nothing, and tells what was asked for.
  std::vector<TimeRange> Asked(const QueryRequest& request) {
    storage_.asked.clear();
    const absl::StatusOr<QueryResult> result = engine_.Execute(request);
    std::vector<TimeRange> asked = storage_.asked;
    EXPECT_EQ(OutcomeText(result), OutcomeText(plain_.Execute(request)));
    return asked;
  }
  std::vector<TimeRange> Whole(TimeMs end) const { return {{end - 25 * kMinute + 1, end}}; }

  FakeClock clock_{kMinute};
  WatchedStorage storage_;
  Engine engine_{&storage_, &clock_, Options(1 << 20)};
  const Engine plain_{&storage_, &clock_, Options(0)};
};

TEST_F(CachedEvaluationTest, ARefreshReadsWhatItsNewStepsSee) {
  const TimeMs now = 40 * kMinute;
  EXPECT_EQ(Asked(Request(now)), Whole(now));
  EXPECT_EQ(engine_.cache_bytes(), 0) << "it may never come again";
  EXPECT_EQ(Asked(Request(now)), Whole(now));
  EXPECT_GT(engine_.cache_bytes(), 0);
  EXPECT_TRUE(Asked(Request(now)).empty());
  const std::vector<TimeRange> last = {{now - 4 * kMinute + 1, now + kMinute}};
  EXPECT_EQ(Asked(Request(now + kMinute)), last);
  EXPECT_TRUE(Asked(Request(now + kMinute)).empty());
  EXPECT_EQ(Asked(Request(now)), Whole(now)) << "back in time";
}

TEST_F(CachedEvaluationTest, ANewSampleCostsTheStepsThatSeeIt) {
  const TimeMs now = 40 * kMinute;
  for (int i = 0; i < 2; ++i) Asked(Request(now));
  storage_.data.Put(Labels{{"__name__", "x"}, {"i", "1"}}, now - 2 * kMinute - 500, 100.0);
  const std::vector<TimeRange> seen = {{now - 7 * kMinute + 1, now}};
  EXPECT_EQ(Asked(Request(now)), seen);
  storage_.data.Put(Labels{{"__name__", "x"}, {"i", "1"}}, now + 1, 100.0);
  EXPECT_TRUE(Asked(Request(now)).empty());
  storage_.data.Clear();
  EXPECT_EQ(Asked(Request(now)), Whole(now));
}

TEST_F(CachedEvaluationTest, WhatChangesDuringARefreshIsNotMixed) {
  const TimeMs now = 40 * kMinute;
  for (int i = 0; i < 2; ++i) Asked(Request(now));
  storage_.before_select = [&] {
    storage_.data.Put(Labels{{"__name__", "x"}, {"i", "2"}}, now - 10 * kMinute, 1000.0);
  };
  EXPECT_EQ(Asked(Request(now + kMinute)).size(), 2u) << "the new steps, and then all";
  const std::vector<TimeRange> seen = {{now - 15 * kMinute + 1, now + kMinute}};
  EXPECT_EQ(Asked(Request(now + kMinute)), seen) << "the result may be of before the change";
  EXPECT_TRUE(Asked(Request(now + kMinute)).empty());
}

TEST_F(CachedEvaluationTest, SomeQueriesAreComputedWholeAlways) {
  const TimeMs now = 40 * kMinute;
  QueryRequest no_cache = Request(now);
  no_cache.no_cache = true;
  QueryRequest one_step = Request(now);
  one_step.start_ms = one_step.end_ms;
  QueryRequest instant = one_step;
  instant.step_ms = 0;
  for (const QueryRequest& request :
       {no_cache, one_step, instant, Request(now, "x @ end()"), Request(now, "x @ 600"),
        Request(now, "max_over_time(x[5m:1m])"), Request(now, "quantile_over_time(2, x[5m])")}) {
    for (int i = 0; i < 4; ++i) EXPECT_EQ(Asked(request).size(), 1u) << request.query;
  }
  EXPECT_EQ(engine_.cache_bytes(), 0);
}

TEST_F(CachedEvaluationTest, PhaseStepAndLookbackAreOthers) {
  const TimeMs now = 40 * kMinute;
  for (int i = 0; i < 2; ++i) Asked(Request(now));
  QueryRequest shifted = Request(now + 1);
  QueryRequest coarse = Request(now);
  coarse.step_ms *= 2;
  QueryRequest lookback = Request(now);
  lookback.lookback_delta_ms = kMinute;
  QueryRequest longer = Request(now);
  longer.start_ms -= kMinute;
  for (const QueryRequest& request : {shifted, coarse, lookback, longer}) {
    EXPECT_EQ(Asked(request).size(), 1u);
  }
  EXPECT_TRUE(Asked(Request(now)).empty());
}

TEST_F(CachedEvaluationTest, ResultsMayBeLetGo) {
  const TimeMs now = 40 * kMinute;
  for (int i = 0; i < 2; ++i) Asked(Request(now));
  const int64_t bytes = engine_.cache_bytes();
  EXPECT_EQ(engine_.ShrinkCache(0), bytes);
  EXPECT_EQ(engine_.cache_bytes(), 0);
  EXPECT_EQ(Asked(Request(now)), Whole(now));
}

}  // namespace
}  // namespace hearth::promql
