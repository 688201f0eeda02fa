// What an explained query says of its operators: their tree, what went through them, and that the
// answer is the one that it would have been.
#include "query/exec/explanation.h"

#include <memory>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "model/fake_clock.h"
#include "model/text.h"
#include "query/engine.h"
#include "query/testing/outcome.h"
#include "tsdb/fake_storage.h"

namespace hearth::promql {
namespace {

constexpr TimeMs kMinute = 60'000;

class ExplanationTest : public testing::Test {
 protected:
  ExplanationTest() : clock_(0) {
    for (int i = 0; i < kSeries; ++i) {
      const Labels labels({{"__name__", "requests_total"},
                           {"instance", StrCat("host", i)},
                           {"job", StrCat("job", i % 3)}});
      for (int minute = 0; minute <= 60; ++minute) {
        storage_.Put(labels, minute * kMinute, static_cast<double>(minute * i));
      }
    }
    Start({});
  }

  void Start(EngineOptions options) {
    engine_ = std::make_unique<Engine>(&storage_, &clock_, std::move(options));
  }
  QueryResult Ask(const std::string& query, bool explain = true) {
    QueryRequest request{.query = query, .start_ms = 30 * kMinute, .end_ms = 59 * kMinute};
    request.step_ms = kMinute;
    request.explain = explain;
    absl::StatusOr<QueryResult> result = engine_->Execute(request);
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *std::move(result) : QueryResult();
  }
  // As `sum(rate(range selector))`, inputs in parentheses.
  static std::string Shape(const OperatorExplanation& op) {
    std::string text = op.name;
    for (size_t i = 0; i < op.children.size(); ++i) {
      text += (i == 0 ? "(" : ", ") + Shape(op.children[i]);
    }
    return op.children.empty() ? text : text + ")";
  }

  static constexpr int kSeries = 50;
  static constexpr int kSteps = 30;
  FakeStorage storage_;
  FakeClock clock_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(ExplanationTest, NamesTheOperatorsAndWhatWentThroughThem) {
  const QueryResult result = Ask("sum by (job) (rate(requests_total[5m])) * 2");
  const Explanation& explanation = result.stats.explanation.value();
  EXPECT_EQ(explanation.steps, kSteps);
  EXPECT_EQ(explanation.cached_steps, 0);
  const OperatorExplanation& root = explanation.root.value();
  EXPECT_EQ(Shape(root), "query(find series, *(sum(rate(range selector)), number))");
  EXPECT_EQ(root.series, 3);
  EXPECT_EQ(root.children[0].series, kSeries);

  const OperatorExplanation& sum = root.children[1].children[0];
  EXPECT_EQ(sum.expression, "sum by (job) (rate(requests_total[5m]))");
  EXPECT_EQ(sum.series, 3);
  EXPECT_EQ(sum.columns, 3);
  EXPECT_EQ(sum.rows, 3 * kSteps);
  EXPECT_GT(sum.self_s, 0);

  const OperatorExplanation& rate = sum.children[0];
  EXPECT_EQ(rate.series, kSeries);
  EXPECT_EQ(rate.columns, kSeries);
  EXPECT_EQ(rate.rows, kSeries * kSteps);
  EXPECT_EQ(rate.steps, kSteps);
  EXPECT_GT(rate.self_s, 0);

  // The samples of all windows: those of the first five minutes and of the steps.
  const OperatorExplanation& selector = rate.children[0];
  EXPECT_EQ(selector.expression, "requests_total[5m]");
  EXPECT_EQ(selector.rows, kSeries * (kSteps + 4));
}

TEST_F(ExplanationTest, TimesAddUpToLessThanTheThreadsHad) {
  Start({.threads = 1});
  const QueryResult result = Ask("topk(3, sum by (instance) (rate(requests_total[5m])))");
  const OperatorExplanation& root = result.stats.explanation->root.value();
  double seconds = 0;
  const auto add = [&](const auto& self, const OperatorExplanation& op) -> void {
    seconds += op.self_s;
    for (const OperatorExplanation& child : op.children) self(self, child);
  };
  add(add, root);
  EXPECT_NEAR(seconds, root.total_s, 1e-9);
  EXPECT_GT(seconds, 0);
  EXPECT_LE(seconds, result.stats.timings.eval_s);
}

TEST_F(ExplanationTest, SubqueriesAndScalarsAreOperators) {
  const QueryResult result =
      Ask("max_over_time(sum(requests_total)[10m:1m]) > bool scalar(-vector(time())) + 1");
  EXPECT_EQ(Shape(result.stats.explanation->root.value()),
            "query(find series, >(max_over_time(subquery(sum(selector))), "
            "+(scalar(-(vector(time))), number)))");
}

TEST_F(ExplanationTest, TheAnswerIsTheSame) {
  const std::string query = "quantile by (job) (0.5, rate(requests_total[3m])) or requests_total";
  const QueryResult plain = Ask(query, false), explained = Ask(query);
  EXPECT_FALSE(plain.stats.explanation);
  ASSERT_FALSE(plain.series.empty());
  EXPECT_EQ(OutcomeText(plain), OutcomeText(explained));
}

TEST_F(ExplanationTest, StepsOfTheCacheAreTold) {
  Start({.cache_bytes = 1 << 20});
  const std::string query = "sum(rate(requests_total[5m]))";
  Ask(query);
  EXPECT_EQ(Ask(query).stats.explanation->cached_steps, 0);  // Now it is kept.
  const Explanation again = Ask(query).stats.explanation.value();
  EXPECT_EQ(again.cached_steps, kSteps);
  EXPECT_FALSE(again.root);
}

TEST_F(ExplanationTest, LongExpressionsAreCut) {
  std::string query = "requests_total";
  for (int i = 0; i < 100; ++i) query += " + requests_total";
  const QueryResult result = Ask("sum(" + query + ")");
  const OperatorExplanation& sum = result.stats.explanation->root->children[1];
  EXPECT_LE(sum.expression.size(), 210U);
  EXPECT_EQ(sum.expression.substr(0, 20), "sum(requests_total +");
}

}  // namespace
}  // namespace hearth::promql
