// What scripts cannot say of the engine: limits, cancellation, the queue, one Select a query, and
// that results depend neither on threads nor on whether a step is part of a range.
#include "query/engine.h"

#include <atomic>
#include <bit>
#include <cmath>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "model/fake_clock.h"
#include "model/mutex.h"
#include "model/text.h"
#include "tsdb/fake_storage.h"

namespace hearth::promql {
namespace {

constexpr TimeMs kMinute = 60'000;

// Lets a test look at, and hold up, every Select.
class WatchedStorage : public Queryable {
 public:
  explicit WatchedStorage(const Queryable* inner) : inner_(inner) {}

  absl::StatusOr<std::unique_ptr<Querier>> NewQuerier(TimeRange range) const override {
    auto querier = inner_->NewQuerier(range);
    if (!querier.ok()) return querier.status();
    return std::make_unique<WatchedQuerier>(this, *std::move(querier));
  }

  mutable std::atomic<int> selects{0}, requests{0};
  std::function<void()> on_select;  // Called inside Select, after counting.

 private:
  class WatchedQuerier : public Querier {
   public:
    WatchedQuerier(const WatchedStorage* owner, std::unique_ptr<Querier> inner)
        : owner_(owner), inner_(std::move(inner)) {}
    absl::StatusOr<std::vector<std::unique_ptr<SeriesSet>>> Select(
        std::span<const SelectRequest> requests) override {
      ++owner_->selects;
      owner_->requests += static_cast<int>(requests.size());
      if (owner_->on_select) owner_->on_select();
      return inner_->Select(requests);
    }
    absl::StatusOr<std::vector<std::string>> LabelNames(const LabelQuery& query) override {
      return inner_->LabelNames(query);
    }
    absl::StatusOr<std::vector<std::string>> LabelValues(std::string_view name,
                                                         const LabelQuery& query) override {
      return inner_->LabelValues(name, query);
    }
    absl::StatusOr<std::vector<Labels>> Series(const LabelQuery& query) override {
      return inner_->Series(query);
    }

   private:
    const WatchedStorage* const owner_;
    const std::unique_ptr<Querier> inner_;
  };
  const Queryable* const inner_;
};

class EngineTest : public testing::Test {
 protected:
  EngineTest() : clock_(1'000'000), watched_(&storage_) {
    // 300 series of fractions with gaps, some ending in a stale marker: one sample a minute for an
    // hour.
    std::mt19937_64 random(42);
    for (int i = 0; i < 300; ++i) {
      const Labels labels({{"__name__", i % 2 == 0 ? "a_total" : "b_total"},
                           {"instance", StrCat("host", i / 2)},
                           {"job", StrCat("job", i % 7)}});
      double v = 0;
      for (int k = 0; k <= 60; ++k) {
        v += static_cast<double>(random() % 1'000'000) / 7.0;
        if (random() % 10 == 0) continue;
        if (random() % 60 == 0) v = 0;
        const bool stale = random() % 80 == 0;
        storage_.Put(labels, k * kMinute, stale ? StaleNaN() : v);
      }
    }
  }

  QueryRequest Instant(std::string query, TimeMs t = 30 * kMinute) const {
    QueryRequest request;
    request.query = std::move(query);
    request.start_ms = request.end_ms = t;
    return request;
  }
  QueryRequest Range(std::string query) const {
    QueryRequest request = Instant(std::move(query), 5 * kMinute);
    request.end_ms = 55 * kMinute;
    request.step_ms = kMinute / 2;
    return request;
  }
  absl::StatusOr<QueryResult> Run(const QueryRequest& request, EngineOptions options = {}) const {
    return Engine(&watched_, &clock_, options).Execute(request);
  }

  FakeStorage storage_;
  FakeClock clock_;
  WatchedStorage watched_;
};

// Everything that has a value, to the bit.
std::string Bits(const QueryResult& result) {
  std::string text;
  for (const ResultSeries& series : result.series) {
    StrAppend(&text, series.labels.ToString(), "\n");
    for (const Sample& sample : series.floats) {
      StrAppend(&text, " ", sample.t, ":", std::bit_cast<uint64_t>(sample.v));
    }
    text += "\n";
  }
  return text;
}

const char* const kQueries[] = {
    "sum by (job) (rate(a_total[5m]))",
    "avg(a_total)",
    "stddev by (job) (a_total)",
    "stdvar without (instance) (avg_over_time(b_total[7m]))",
    "a_total / on (instance) b_total",
    "sum by (job) (a_total) / ignoring (x) count by (job) (b_total)",
    "topk by (job) (2, a_total)",
    "quantile(0.7, b_total)",
    "max_over_time(sum(rate(a_total[2m]))[10m:1m])",
    "a_total and on (job) (b_total > 100000)",
    "sum(avg by (instance) ({__name__=~\"a_total|b_total\"}))",
    "predict_linear(a_total{job=\"job1\"}[10m], 60) - time()",
    "sum_over_time(b_total[9m] offset 1m) or a_total @ 600",
    "deriv(a_total{job=\"job2\"}[10m])",
    "sum by (job) (rate(a_total[5m])) / on () group_left () sum(rate(a_total[5m]))",
};

TEST_F(EngineTest, ResultsDoNotDependOnTheNumberOfThreads) {
  for (const char* query : kQueries) {
    EngineOptions one, two;
    one.threads = 1;
    two.threads = 4;
    const auto a = Run(Range(query), one), b = Run(Range(query), two);
    ASSERT_TRUE(a.ok() && b.ok()) << query << ": " << a.status() << b.status();
    EXPECT_FALSE(a->series.empty()) << query;
    EXPECT_EQ(Bits(*a), Bits(*b)) << query;
    EXPECT_EQ(a->stats.samples_read, b->stats.samples_read) << query;
    EXPECT_EQ(a->stats.peak_samples, b->stats.peak_samples) << query;
  }
}

TEST_F(EngineTest, AStepOfARangeQueryIsTheInstantQueryToTheBit) {
  for (const char* query : kQueries) {
    const auto range = Run(Range(query));
    ASSERT_TRUE(range.ok()) << query << ": " << range.status();
    for (TimeMs t = 5 * kMinute; t <= 55 * kMinute; t += 7 * kMinute / 2) {
      const auto instant = Run(Instant(query, t));
      ASSERT_TRUE(instant.ok()) << query << ": " << instant.status();
      std::map<Labels, uint64_t> expected, actual;
      for (const ResultSeries& series : instant->series) {
        expected[series.labels] = std::bit_cast<uint64_t>(series.floats[0].v);
      }
      for (const ResultSeries& series : range->series) {
        for (const Sample& sample : series.floats) {
          if (sample.t == t) actual[series.labels] = std::bit_cast<uint64_t>(sample.v);
        }
      }
      EXPECT_EQ(actual, expected) << query << " at " << t;
    }
  }
}

TEST_F(EngineTest, AllSelectorsOfAQueryGoInOneSelect) {
  ASSERT_TRUE(Run(Range("a_total / on (instance) b_total + on (instance) rate(a_total[7m])")).ok());
  EXPECT_EQ(watched_.selects, 1);
  EXPECT_EQ(watched_.requests, 3);
  ASSERT_TRUE(Run(Range("a_total - a_total")).ok());
  EXPECT_EQ(watched_.selects, 2);
  EXPECT_EQ(watched_.requests, 4) << "equal selectors share a request";
  ASSERT_TRUE(Run(Range("time() + 1")).ok());
  EXPECT_EQ(watched_.selects, 2);
}

TEST_F(EngineTest, TooManySamplesEndTheQuery) {
  EngineOptions options;
  const int64_t series = static_cast<int64_t>(Run(Instant("a_total", 0))->series.size());
  options.max_samples = series - 1;
  const auto refused = Run(Instant("count(a_total)", 0), options);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(refused.status().message(),
            "query processing would load too many samples into memory in query execution");
  options.max_samples = series + 1;  // The count itself is held beside what it counts.
  EXPECT_TRUE(Run(Instant("count(a_total)", 0), options).ok());
}

TEST_F(EngineTest, HistogramsCountAndAreChargedForTheirSize) {
  FakeStorage storage;
  Histogram histogram;
  histogram.positive_spans = {{0, 1600}};
  histogram.positive_buckets.assign(1600, 1);
  storage.Put(Labels{{"__name__", "h"}}, 0, histogram);
  const int64_t samples = (8 + 168 + 8 + 1600 * 8) / 16;
  EngineOptions options;
  options.max_samples = samples;
  const auto range = [](TimeMs end) {
    QueryRequest request;
    request.query = "h";
    request.end_ms = end;
    request.step_ms = 1000;
    return request;
  };
  const auto one = Engine(&storage, &clock_, options).Execute(range(0));
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(one->stats.samples_read, samples);
  EXPECT_EQ(one->stats.peak_samples, samples);
  EXPECT_EQ(Engine(&storage, &clock_, options).Execute(range(1000)).status().code(),
            absl::StatusCode::kResourceExhausted);
  options.max_samples = 1000 * samples;
  const auto many = Engine(&storage, &clock_, options).Execute(range(200'000));
  ASSERT_TRUE(many.ok()) << many.status();
  EXPECT_EQ(many->series.at(0).histograms.size(), 201u);
  EXPECT_EQ(many->series[0].histograms.front(), many->series[0].histograms.back()) << "shared";
  EXPECT_GT(many->stats.peak_bytes, 2 * 1600 * 8);
  EXPECT_LT(many->stats.peak_bytes, 6 * 1600 * 8);
  options.max_query_bytes = 1600 * 8;
  EXPECT_EQ(Engine(&storage, &clock_, options).Execute(range(0)).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST_F(EngineTest, TooManyBytesEndTheQueryAndNothingStaysCharged) {
  EngineOptions options;
  options.max_query_bytes = 200'000;
  options.max_total_bytes = int64_t{3} << 20;
  const Engine engine(&watched_, &clock_, options);
  const auto refused = engine.Execute(Range("a_total + on (instance) b_total"));
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(refused.status().message(),
            "more memory is needed than --query.max-bytes=200000 bytes allows");
  for (int i = 0; i < 5; ++i) {
    const auto result = engine.Execute(Instant("sum(a_total)"));
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_GT(result->stats.peak_bytes, 0);
    EXPECT_GE(result->memory->account.held(), 0);
  }
}

TEST_F(EngineTest, WhatIsLeftOfTheProcessesMemoryBoundsQueriesToo) {
  ByteAccount process("--memory-limit", 1, nullptr, ByteAccount::Bound::kWhatIsLeft);
  EngineOptions options;
  options.memory = &process;
  {
    const Engine engine(&watched_, &clock_, options);
    const QueryRequest request = Range("a_total + on (instance) b_total");
    EXPECT_EQ(engine.Execute(request).status().code(), absl::StatusCode::kAborted);
    process.SetMax(int64_t{1} << 30);
    {
      const auto answered = engine.Execute(request);
      ASSERT_TRUE(answered.ok()) << answered.status();
      EXPECT_GT(engine.held_bytes(), 0);
    }
    EXPECT_EQ(engine.held_bytes(), 0);
  }
  EXPECT_EQ(process.held(), 0);
}

TEST_F(EngineTest, AnAnswerIsChargedUntilItGoes) {
  EngineOptions options;
  options.max_total_bytes = int64_t{20} << 20;
  const Engine engine(&watched_, &clock_, options);
  const QueryRequest request = Range("a_total");
  std::vector<QueryResult> kept;
  absl::StatusOr<QueryResult> result = engine.Execute(request);
  while (result.ok() && kept.size() < 1000) {
    kept.push_back(*std::move(result));
    result = engine.Execute(request);
  }
  EXPECT_GT(kept.size(), 2u);
  EXPECT_EQ(result.status().message(),
            "more memory is needed than --query.max-total-bytes=20971520 bytes allows");
  kept.clear();
  EXPECT_TRUE(engine.Execute(request).ok());
}

TEST_F(EngineTest, SamplesOfEachStepAreCountedWhereWanted) {
  EngineOptions options;
  options.per_step_stats = true;
  QueryRequest request = Range("sum(rate(a_total[5m])) + count(b_total) + sum(a_total @ 600)");
  EXPECT_TRUE(Run(request, options)->stats.reads_by_step.empty());
  request.stats_by_step = true;
  EXPECT_TRUE(Run(request)->stats.reads_by_step.empty());
  const QueryResult result = *Run(request, options);
  ASSERT_EQ(result.stats.reads_by_step.size(), 101u);
  int64_t total = 0;
  for (const int64_t reads : result.stats.reads_by_step) total += reads;
  EXPECT_EQ(total, result.stats.samples_read);
}

TEST_F(EngineTest, WindowsThatAreComputedInBlocksGiveTheSameToTheBit) {
  storage_.Clear();
  const Labels labels({{"__name__", "x_total"}});
  for (int k = 0; k < 20'000; ++k) {
    storage_.Put(labels, k * TimeMs{1000}, (k * 7919 % 10'007) / 3.0);
  }
  for (const char* function :
       {"rate(", "sum_over_time(", "avg_over_time(", "max_over_time(", "quantile_over_time(0.9, ",
        "deriv(", "stddev_over_time(", "changes("}) {
    const std::string query = std::string(function) + "x_total[5h])";
    QueryRequest request = Instant(query, 18'000'000);
    request.step_ms = 1000;
    request.end_ms = request.start_ms + 1999 * request.step_ms;
    const auto range = Run(request);
    ASSERT_TRUE(range.ok()) << range.status();
    ASSERT_EQ(range->series.size(), 1u);
    ASSERT_EQ(range->series[0].floats.size(), 2000u);
    EXPECT_GT(range->stats.samples_read, int64_t{1} << 25);
    for (const size_t step : {0, 1, 1863, 1864, 1865, 1999}) {
      const Sample sample = range->series[0].floats[step];
      const auto instant = Run(Instant(query, sample.t));
      EXPECT_EQ(std::bit_cast<uint64_t>(instant->series[0].floats[0].v),
                std::bit_cast<uint64_t>(sample.v))
          << query << " at step " << step;
    }
  }
}

TEST_F(EngineTest, ASubqueryOfTooManyStepsIsRefusedBeforeItAsksForMemory) {
  for (const char* query :
       {"sum_over_time(vector(1)[100y:1ms])", "count_over_time(a_total[90y:2ms])"}) {
    EXPECT_EQ(Run(Instant(query)).status().code(), absl::StatusCode::kResourceExhausted) << query;
  }
  QueryRequest request = Range("vector(1)");
  request.end_ms = int64_t{1} << 50;
  request.step_ms = 1;
  EXPECT_EQ(Run(request).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(EngineTest, StatisticsCountWhatSelectorsLookAt) {
  storage_.Clear();
  const Labels labels({{"__name__", "x"}});
  for (int k = 0; k <= 10; ++k) storage_.Put(labels, k * kMinute, 1.0 * k);
  EXPECT_EQ(Run(Instant("x", 10 * kMinute))->stats.samples_read, 1);
  EXPECT_EQ(Run(Instant("sum_over_time(x[4m])", 10 * kMinute))->stats.samples_read, 4);
  QueryRequest request = Instant("count_over_time(x[2m])", 4 * kMinute);
  request.end_ms = 10 * kMinute;
  request.step_ms = kMinute;
  EXPECT_EQ(Run(request)->stats.samples_read, 14);
}

TEST_F(EngineTest, AFunctionThatStandsTwiceCountsAndIsAnnotatedTwice) {
  storage_.Clear();
  for (int i = 0; i < 20; ++i) {
    const Labels labels({{"__name__", "gauge"}, {"i", StrCat(i)}});
    for (int k = 0; k <= 60; ++k) storage_.Put(labels, k * kMinute, 1.0 * k * i);
  }
  const auto once = Run(Range("sum(increase(gauge[5m]))"));
  const auto twice = Run(Range("sum(increase(gauge[5m])) - count(increase(gauge[5m]))"));
  const auto others = Run(Range("sum(increase(gauge[5m])) - sum(increase(gauge[6m] offset 1m))"));
  ASSERT_TRUE(once.ok() && twice.ok() && others.ok());
  EXPECT_EQ(twice->stats.samples_read, 2 * once->stats.samples_read);
  EXPECT_EQ(once->infos.size(), 1u);
  EXPECT_EQ(twice->infos.size(), 2u) << "each has its own position";
  ASSERT_EQ(once->series[0].floats.size(), twice->series[0].floats.size());
  for (size_t k = 0; k < once->series[0].floats.size(); ++k) {
    EXPECT_EQ(twice->series[0].floats[k].v, once->series[0].floats[k].v - 20);
  }
  EXPECT_NE(Bits(*others), Bits(*twice)) << "another window is another result";
}

TEST_F(EngineTest, ACancelledQueryEnds) {
  std::atomic<bool> cancelled{false};
  watched_.on_select = [&] { cancelled = true; };
  QueryRequest request = Range("sum(rate(a_total[5m]))");
  request.cancelled = [&cancelled] { return cancelled.load(); };
  const auto result = Run(request);
  EXPECT_EQ(result.status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(result.status().message(), "query was canceled in expression evaluation");
}

TEST_F(EngineTest, ASlowQueryTimesOut) {
  watched_.on_select = [&] { clock_.Advance(5000); };
  QueryRequest request = Range("sum(rate(a_total[5m]))");
  request.timeout_ms = 5000;
  const auto result = Run(request);
  EXPECT_EQ(result.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(result.status().message(), "query timed out in expression evaluation");
  request.timeout_ms = 5001;
  EXPECT_TRUE(Run(request).ok());
}

TEST_F(EngineTest, AQueryBeyondTheConcurrencyWaitsAndTimesOutInTheQueue) {
  Mutex mu;
  CondVar changed;
  bool inside = false, go_on = false;
  watched_.on_select = [&] {
    MutexLock lock(&mu);
    inside = true;
    changed.SignalAll();
    while (!go_on) changed.Wait(&mu);
  };
  EngineOptions options;
  options.max_concurrency = 1;
  const Engine engine(&watched_, &clock_, options);
  std::thread first([&] { EXPECT_TRUE(engine.Execute(Instant("count(a_total)")).ok()); });
  {
    MutexLock lock(&mu);
    while (!inside) changed.Wait(&mu);
  }
  EXPECT_EQ(engine.running(), 1);
  QueryRequest request = Instant("time()");
  request.timeout_ms = 0;
  const auto refused = engine.Execute(request);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(refused.status().message(), "query timed out in query queue");
  std::atomic<bool> cancelled{true};
  request = Instant("time()");
  request.cancelled = [&cancelled] { return cancelled.load(); };
  EXPECT_EQ(engine.Execute(request).status().message(), "query was canceled in query queue");
  // A patient one gets its turn.
  std::thread second([&] { EXPECT_TRUE(engine.Execute(Instant("time()")).ok()); });
  {
    MutexLock lock(&mu);
    go_on = true;
    changed.SignalAll();
  }
  first.join();
  second.join();
  EXPECT_EQ(engine.running(), 0);
}

TEST_F(EngineTest, ErrorsCarryTheirCodes) {
  EXPECT_EQ(Run(Instant("sum(")).status().code(), absl::StatusCode::kInvalidArgument);
  const auto range = Run(Range("a_total[5m]"));
  EXPECT_EQ(range.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(range.status().message(),
            "invalid expression type \"range vector\" for range query, must be Scalar or instant "
            "Vector");
  EXPECT_EQ(Run(Instant("a_total * on (job) b_total")).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(EngineTest, NamesGoAtOnceOrAtTheEnd) {
  storage_.Clear();
  storage_.Put(Labels({{"__name__", "x"}, {"job", "j"}}), 0, 1.0);
  EngineOptions at_once, delayed;
  delayed.delayed_name_removal = true;
  const QueryRequest request = Instant("sum by (__name__) (abs(x))", 0);
  // At once, abs() has no name to group by; delayed, the group's name goes with its member's.
  for (const EngineOptions& options : {at_once, delayed}) {
    const auto result = Run(request, options);
    ASSERT_TRUE(result.ok()) << result.status();
    ASSERT_EQ(result->series.size(), 1u);
    EXPECT_EQ(result->series[0].labels, Labels());
  }
  const QueryRequest rename =
      Instant("label_replace(abs(x), \"n\", \"$1\", \"__name__\", \"(.+)\")", 0);
  EXPECT_EQ(Run(rename, at_once)->series[0].labels, Labels({{"job", "j"}}));
  EXPECT_EQ(Run(rename, delayed)->series[0].labels, Labels({{"job", "j"}, {"n", "x"}}));
}

TEST_F(EngineTest, SeriesThatLoseTheirNameMustStayDistinct) {
  storage_.Clear();
  storage_.Put(Labels({{"__name__", "x"}}), 0, 1.0);
  storage_.Put(Labels({{"__name__", "y"}}), 0, 2.0);
  for (bool delayed : {false, true}) {
    EngineOptions options;
    options.delayed_name_removal = delayed;
    const auto result = Run(Instant("abs({__name__=~\"x|y\"})", 0), options);
    EXPECT_EQ(result.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(result.status().message(), "vector cannot contain metrics with the same labelset");
  }
}

// With names removed at the end they are joined then: testdata/promql/collisions.test.
TEST_F(EngineTest, SeriesOfARangeFunctionMustStayDistinctInDifferentStepsToo) {
  storage_.Clear();
  for (TimeMs t : {0, 1, 2}) storage_.Put(Labels({{"__name__", "x"}}), t * kMinute, 1.0);
  for (TimeMs t : {20, 21, 22}) storage_.Put(Labels({{"__name__", "y"}}), t * kMinute, 2.0);
  QueryRequest request = Range("");
  request.start_ms = 2 * kMinute;
  request.end_ms = 22 * kMinute;
  request.step_ms = 10 * kMinute;
  const auto run = [&](const std::string& query) {
    request.query = query;
    return Run(request, EngineOptions());
  };
  const std::string both = "{__name__=~\"x|y\"}";
  for (const std::string& query : {"rate(" + both + "[3m])", "abs(rate(" + both + "[3m]))",
                                   "max_over_time(sum_over_time(" + both + "[3m])[5m:1m])"}) {
    const auto result = run(query);
    EXPECT_EQ(result.status().message(), "vector cannot contain metrics with the same labelset")
        << query;
    const auto instant = Run(Instant(query, 22 * kMinute), EngineOptions());
    EXPECT_TRUE(instant.ok()) << query << ": " << instant.status();
  }
  // Joined where labels alone change, kept apart by their names, only looked for, without a value.
  EXPECT_EQ(run("-" + both)->series.size(), 1u);
  EXPECT_EQ(run("last_over_time(" + both + "[3m])")->series.size(), 2u);
  EXPECT_EQ(run("absent_over_time(" + both + "[3m])")->series[0].floats.size(), 1u);
  request.end_ms = 12 * kMinute;
  EXPECT_EQ(run("rate(" + both + "[3m])")->series.size(), 1u);
}

TEST_F(EngineTest, TheDefaultSubqueryStepCanChange) {
  Engine engine(&watched_, &clock_, EngineOptions());
  const QueryRequest request = Instant("count_over_time(vector(1)[10m:])");
  EXPECT_EQ(engine.Execute(request)->series[0].floats[0].v, 10);
  engine.SetDefaultSubqueryStep(2 * kMinute);
  EXPECT_EQ(engine.Execute(request)->series[0].floats[0].v, 5);
}

}  // namespace
}  // namespace hearth::promql
