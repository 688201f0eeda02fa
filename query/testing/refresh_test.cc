// Dashboards over data that change between their refreshes: an engine that keeps results answers as
// one that does not, to the bit.
#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "metrics/registry.h"
#include "model/clock.h"
#include "model/text.h"
#include "query/engine.h"
#include "query/testing/outcome.h"
#include "query/testing/query_generator.h"
#include "tsdb/fake_storage.h"

namespace hearth::promql {
namespace {

constexpr TimeMs kMinute = QueryGenerator::kMinute;

// A panel that is asked again and again.
struct Panel {
  std::string query;
  TimeMs span_ms = 0, step_ms = 0, shift_ms = 0;

  QueryRequest RequestAt(TimeMs now) const {
    QueryRequest request;
    request.query = query;
    request.end_ms = now / step_ms * step_ms + shift_ms;
    request.start_ms = request.end_ms - span_ms;
    request.step_ms = step_ms;
    return request;
  }
};

class Board {
 public:
  Board(uint32_t seed, bool with_or) : generator_(seed, with_or) {
    // Those that panels of dashboards are made of, and random ones.
    for (const char* query :
         {"sum by (a) (rate(c[5m]))", "rate({__name__=~\"c|g\", i=\"1\"}[2m])", "rate(g[3m])",
          "g offset -1m", "time() - timestamp(c)", "topk(2, g)", "c / on (a, i) g",
          "sum(rate(c[1m])) / sum(rate(c[1m]))", "-g > 0", "absent(g{i=\"3\"})", "sort(g)"}) {
      panels_.push_back(MakePanel(query));
    }
    bool adds = false;
    while (panels_.size() < 40) panels_.push_back(MakePanel(generator_.Query(&adds)));
  }

  QueryGenerator& generator() { return generator_; }
  const std::vector<Panel>& panels() const { return panels_; }

 private:
  Panel MakePanel(std::string query) {
    Panel panel;
    panel.query = std::move(query);
    panel.step_ms = generator_.Pick(2) == 0 ? 15'000 : 37'000;
    panel.span_ms = panel.step_ms * static_cast<TimeMs>(1 + generator_.Pick(60));
    panel.shift_ms = generator_.Pick(3) == 0 ? static_cast<TimeMs>(generator_.Pick(20'000)) : 0;
    return panel;
  }

  QueryGenerator generator_;
  std::vector<Panel> panels_;
};

// Data that come to the storage as time goes on.
class Feed {
 public:
  Feed(QueryGenerator* generator, FakeStorage* storage) : generator_(generator), storage_(storage) {
    generator->Fill([this](const Labels& labels, TimeMs t, double v) {
      samples_.push_back({labels, t, v});
    });
    std::stable_sort(samples_.begin(), samples_.end(),
                     [](const Row& x, const Row& y) { return x.t < y.t; });
  }

  // What comes until `now`; a few samples are late, some come twice, some series begin anew.
  void Until(TimeMs now) {
    for (; next_ < samples_.size() && samples_[next_].t <= now; ++next_) {
      generator_->Pick(30) == 0 ? late_.push_back(samples_[next_]) : Write(samples_[next_]);
    }
    if (generator_->Pick(3) == 0) {
      for (const Row& row : late_) Write(row);
      late_.clear();
    }
    if (next_ > 0 && generator_->Pick(10) == 0) {
      Row again = samples_[generator_->Pick(next_)];
      again.v += 1;
      Write(again);
    }
    if (generator_->Pick(60) == 0) storage_->Clear();
  }

 private:
  struct Row {
    Labels labels;
    TimeMs t;
    double v;
  };
  void Write(const Row& row) { storage_->Put(row.labels, row.t, row.v); }

  QueryGenerator* const generator_;
  FakeStorage* const storage_;
  std::vector<Row> samples_, late_;
  size_t next_ = 0;
};

uint64_t CounterOf(const metrics::Registry& registry, const std::string& name) {
  std::string text;
  registry.Render(&text);
  const size_t at = text.find(StrCat("\n", name, " "));
  return at == std::string::npos ? 0 : std::stoull(text.substr(at + name.size() + 2));
}

class RefreshTest : public testing::TestWithParam<int> {};

TEST_P(RefreshTest, CachedIsUncached) {
  const char* from_environment = std::getenv("HEARTH_TEST_SEED");
  const uint32_t first = from_environment != nullptr ? std::stoul(from_environment) : 1;
  uint64_t hits = 0, misses = 0;
  int answered = 0, refused = 0;
  for (uint32_t seed = first; seed < first + 6; ++seed) {
    Board board(seed, /*with_or=*/true);
    FakeStorage storage;
    Feed feed(&board.generator(), &storage);
    metrics::Registry registry;
    EngineOptions options;
    options.threads = GetParam();
    // Some queries are refused now and then.
    options.max_samples = seed % 2 == 0 ? 1500 : 50'000'000;
    const Engine plain(&storage, &SystemClock::Get(), options);
    options.cache_bytes = seed % 3 == 0 ? 100'000 : 16 << 20;
    options.registry = &registry;
    const Engine cached(&storage, &SystemClock::Get(), options);
    for (TimeMs now = 20 * kMinute; now < 60 * kMinute;) {
      now += static_cast<TimeMs>(board.generator().Pick(90'000));
      feed.Until(now);
      for (const Panel& panel : board.panels()) {
        if (board.generator().Pick(4) == 0) continue;
        const QueryRequest request = panel.RequestAt(now);
        const absl::StatusOr<QueryResult> expected = plain.Execute(request);
        ASSERT_EQ(OutcomeText(cached.Execute(request)), OutcomeText(expected))
            << "seed " << seed << ": " << request.query << " from " << request.start_ms << " to "
            << request.end_ms << " step " << request.step_ms;
        ++(expected.ok() ? answered : refused);
      }
    }
    hits += CounterOf(registry, "hearth_query_cache_hits_total");
    misses += CounterOf(registry, "hearth_query_cache_misses_total");
  }
  std::cout << answered << " queries answered, " << refused << " refused; " << hits << " hits, "
            << misses << " misses; seeds from " << first << "\n";
  EXPECT_GT(refused, 100);
  EXPECT_GT(hits, misses);
}

INSTANTIATE_TEST_SUITE_P(Threads, RefreshTest, testing::Values(1, 2));

}  // namespace
}  // namespace hearth::promql
