// Dashboards over a real database: samples come in order and late, are deleted, sealed, merged and
// dropped between the refreshes, and an engine that keeps results answers as one that does not, to
// the bit: points, annotations, counted samples, refusals.
#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "metrics/registry.h"
#include "model/fake_clock.h"
#include "query/engine.h"
#include "query/testing/outcome.h"
#include "query/testing/query_generator.h"
#include "tsdb/db.h"

namespace hearth {
namespace {

using promql::Engine;
using promql::EngineOptions;
using promql::OutcomeText;
using promql::QueryGenerator;
using promql::QueryRequest;

constexpr TimeMs kMinute = QueryGenerator::kMinute;
constexpr TimeMs kStart = TimeMs{472'222} * 60 * kMinute;

struct Panel {
  std::string query;
  TimeMs span_ms = 0, step_ms = 0;

  QueryRequest RequestAt(TimeMs now) const {
    QueryRequest request;
    request.query = query;
    request.end_ms = now / step_ms * step_ms;
    request.start_ms = request.end_ms - span_ms;
    request.step_ms = step_ms;
    return request;
  }
};

class CachedQueryTest : public testing::TestWithParam<int> {
 protected:
  ~CachedQueryTest() override {
    db_.reset();
    std::error_code error;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, error);
  }

  void Open(uint32_t seed) {
    generator_ = std::make_unique<QueryGenerator>(seed, /*with_or=*/true);
    rows_.clear();
    late_.clear();
    next_ = 0;
    generator_->Fill([this](const Labels& labels, TimeMs t, double v) {
      rows_.push_back({labels, {kStart + t, v}});
    });
    std::stable_sort(rows_.begin(), rows_.end(),
                     [](const Row& x, const Row& y) { return x.sample.t < y.sample.t; });
    db_.reset();
    std::string pattern = testing::TempDir() + "/cachedXXXXXX";
    if (folder_.empty()) folder_ = mkdtemp(pattern.data());
    clock_.Set(kStart);
    DbOptions options;
    options.path = folder_ + "/" + std::to_string(seed);
    options.clock = &clock_;
    options.window_ms = 10 * kMinute;
    options.retention_ms = 35 * kMinute;
    options.compactor_interval = std::chrono::milliseconds(0);
    absl::StatusOr<std::unique_ptr<Db>> opened = Db::Open(options);
    ASSERT_TRUE(opened.ok()) << opened.status();
    db_ = *std::move(opened);
  }

  std::vector<Panel> Panels() {
    std::vector<Panel> panels;
    const auto add = [&](std::string query) {
      const TimeMs step = generator_->Pick(2) == 0 ? 15'000 : 30'000;
      panels.push_back(
          {std::move(query), step * static_cast<TimeMs>(1 + generator_->Pick(80)), step});
    };
    for (const char* query :
         {"sum by (a) (rate(c[5m]))", "rate({__name__=~\"c|g\", i=\"1\"}[2m])", "rate(g[3m])", "c",
          "g offset -1m", "time() - timestamp(c)", "topk(2, g)", "c / on (a, i) g",
          "sum(rate(c[1m])) / sum(rate(c[1m]))"}) {
      add(query);
    }
    bool adds = false;
    while (panels.size() < 30) add(generator_->Query(&adds));
    return panels;
  }

  struct Row {
    Labels labels;
    Sample sample;
  };
  void Commit(const std::vector<Row>& rows) {
    const std::unique_ptr<Appender> appender = db_->NewAppender();
    for (const Row& row : rows) {
      const absl::StatusOr<SeriesRef> ref = appender->FindOrCreate(row.labels);
      ASSERT_TRUE(ref.ok()) << ref.status();
      appender->Append(*ref, row.sample);
    }
    // Some are refused: too old, or there with another value.
    ASSERT_TRUE(appender->Commit().ok());
  }

  // What has come by `now`, some of it late.
  void Feed(TimeMs now) {
    std::vector<Row> rows;
    for (; next_ < rows_.size() && rows_[next_].sample.t <= now; ++next_) {
      (generator_->Pick(30) == 0 ? late_ : rows).push_back(rows_[next_]);
    }
    Commit(rows);
    if (generator_->Pick(4) == 0) Commit(std::exchange(late_, {}));
  }

  void Disturb(TimeMs now) {
    switch (generator_->Pick(12)) {
      case 0:
        ASSERT_TRUE(db_->Flush().ok());
        break;
      case 1:
        ASSERT_TRUE(db_->Merge().ok());
        break;
      case 2: {
        const TimeMs begin = now - static_cast<TimeMs>(generator_->Pick(20)) * kMinute;
        const std::vector<std::vector<Matcher>> matchers = {
            {Matcher::Equal("i", std::to_string(generator_->Pick(6)))}};
        ASSERT_TRUE(db_->Delete(matchers, {begin, begin + 2 * kMinute}).ok());
        break;
      }
      case 3:
      case 4:
        ASSERT_TRUE(db_->Compact().ok());  // Retention.
        break;
      default:
        break;
    }
  }

  static uint64_t CounterOf(const metrics::Registry& registry, const std::string& name) {
    std::string text;
    registry.Render(&text);
    const size_t at = text.find("\n" + name + " ");
    return at == std::string::npos ? 0 : std::stoull(text.substr(at + name.size() + 2));
  }

  FakeClock clock_{kStart};
  std::string folder_;
  std::unique_ptr<Db> db_;
  std::unique_ptr<QueryGenerator> generator_;
  std::vector<Row> rows_, late_;
  size_t next_ = 0;
};

TEST_P(CachedQueryTest, CachedIsUncached) {
  const char* from_environment = std::getenv("HEARTH_TEST_SEED");
  const uint32_t first = from_environment != nullptr ? std::stoul(from_environment) : 1;
  uint64_t hits = 0, misses = 0;
  for (uint32_t seed = first; seed < first + 3; ++seed) {
    ASSERT_NO_FATAL_FAILURE(Open(seed));
    metrics::Registry registry;
    EngineOptions options;
    options.threads = GetParam();
    options.max_samples = seed % 2 == 0 ? 2000 : 50'000'000;
    const Engine plain(db_.get(), &clock_, options);
    options.cache_bytes = 16 << 20;
    options.registry = &registry;
    const Engine cached(db_.get(), &clock_, options);
    const std::vector<Panel> panels = Panels();
    for (TimeMs now = kStart + 15 * kMinute; now < kStart + 60 * kMinute;) {
      now += static_cast<TimeMs>(generator_->Pick(60'000));
      clock_.Set(now);
      ASSERT_NO_FATAL_FAILURE(Feed(now));
      ASSERT_NO_FATAL_FAILURE(Disturb(now));
      for (const Panel& panel : panels) {
        const QueryRequest request = panel.RequestAt(now);
        ASSERT_EQ(OutcomeText(cached.Execute(request)), OutcomeText(plain.Execute(request)))
            << "seed " << seed << ": " << request.query << " from " << request.start_ms << " to "
            << request.end_ms << " step " << request.step_ms;
      }
    }
    hits += CounterOf(registry, "hearth_query_cache_hits_total");
    misses += CounterOf(registry, "hearth_query_cache_misses_total");
  }
  std::cout << hits << " hits, " << misses << " misses; seeds from " << first << "\n";
  EXPECT_GT(hits, misses);
}

INSTANTIATE_TEST_SUITE_P(Threads, CachedQueryTest, testing::Values(1, 2));

using ConcurrentTest = CachedQueryTest;

// Refreshes side by side while samples come: every answer is one that was right at some moment, and
// the last one, when all is quiet, is right.
TEST_P(ConcurrentTest, RefreshesSideBySideEndUpRight) {
  ASSERT_NO_FATAL_FAILURE(Open(7));
  EngineOptions options;
  options.threads = 2;
  const Engine plain(db_.get(), &clock_, options);
  options.cache_bytes = 1 << 20;
  Engine cached(db_.get(), &clock_, options);
  const std::vector<Panel> panels = Panels();
  std::atomic<TimeMs> shown{kStart + 10 * kMinute};
  std::atomic<bool> done{false};
  std::vector<std::thread> viewers;
  for (int i = 0; i < 3; ++i) {
    viewers.emplace_back([&] {
      while (!done.load()) {
        for (const Panel& panel : panels) {
          cached.Execute(panel.RequestAt(shown.load())).IgnoreError();
        }
        cached.ShrinkCache(cached.cache_bytes() / 2);
      }
    });
  }
  for (TimeMs now = shown.load(); now < kStart + 30 * kMinute; now += 15'000) {
    clock_.Set(now);
    Feed(now);
    shown.store(now);
    if (now % (5 * kMinute) == 0) {
      EXPECT_TRUE(db_->Flush().ok());
    }
  }
  done.store(true);
  for (std::thread& viewer : viewers) viewer.join();
  for (const Panel& panel : panels) {
    const QueryRequest request = panel.RequestAt(shown.load());
    for (int again = 0; again < 3; ++again) {
      EXPECT_EQ(OutcomeText(cached.Execute(request)), OutcomeText(plain.Execute(request)))
          << request.query;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Threads, ConcurrentTest, testing::Values(2));

}  // namespace
}  // namespace hearth
