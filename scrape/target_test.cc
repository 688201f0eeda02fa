#include "scrape/target.h"

#include <gtest/gtest.h>

namespace hearth {
namespace {

ScrapeConfig Job() {
  ScrapeConfig config;
  config.job_name = "node";
  config.scrape_interval.ms = 15'000;
  config.scrape_timeout.ms = 10'000;
  return config;
}

TargetOutcome Made(const ScrapeConfig& config, const Labels& discovered) {
  const auto rules = CompileRelabelRules(config.relabel_configs);
  EXPECT_TRUE(rules.ok()) << rules.status();
  auto outcome = MakeTarget(config, *rules, discovered);
  EXPECT_TRUE(outcome.ok()) << outcome.status();
  return outcome.ok() ? *std::move(outcome) : TargetOutcome{};
}

TEST(TargetTest, DefaultsComeFromTheConfiguration) {
  const TargetOutcome outcome = Made(Job(), {{"__address__", "host:9100"}, {"dc", "eu"}});
  ASSERT_TRUE(outcome.target.has_value());
  EXPECT_EQ(outcome.target->labels.ToString(), R"({dc="eu", instance="host:9100", job="node"})");
  EXPECT_EQ(outcome.target->url, "http://host:9100/metrics");
  EXPECT_EQ(outcome.target->interval_ms, 15'000);
  EXPECT_EQ(outcome.target->timeout_ms, 10'000);
  EXPECT_EQ(outcome.discovered_labels.Get("__scrape_interval__"), "15s");
  EXPECT_EQ(outcome.discovered_labels.Get("__scheme__"), "http");
}

TEST(TargetTest, LabelsBetweenDiscoveryAndSeriesKeepAllButMeta) {
  const auto made =
      MakeTargetLabels(Job(), {}, Labels{{"__address__", "h:1"}, {"__meta_x", "y"}, {"__z", "z"}});
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->discovered.Get("__meta_x"), "y");
  ASSERT_TRUE(made->relabelled.has_value());
  EXPECT_EQ(made->relabelled->ToString(),
            R"({__address__="h:1", __metrics_path__="/metrics", __scheme__="http", )"
            R"(__scrape_interval__="15s", __scrape_timeout__="10s", __z="z", instance="h:1", )"
            R"(job="node"})");
}

TEST(TargetTest, NoDefaultPortIsAdded) {
  EXPECT_EQ(Made(Job(), {{"__address__", "host"}}).target->url, "http://host/metrics");
}

TEST(TargetTest, BlackboxRelabellingMovesTheAddressIntoAParameter) {
  ScrapeConfig config = Job();
  config.metrics_path = "/probe";
  config.params = {{"module", {"http_2xx", "second"}}};
  config.relabel_configs = {{.source_labels = {"__address__"}, .target_label = "__param_target"},
                            {.source_labels = {"__param_target"}, .target_label = "instance"},
                            {.target_label = "__address__", .replacement = "blackbox:9115"}};
  const TargetOutcome outcome = Made(config, {{"__address__", "https://example.com/?a=b"}});
  ASSERT_TRUE(outcome.target.has_value());
  EXPECT_EQ(outcome.target->url,
            "http://blackbox:9115/"
            "probe?module=http_2xx&module=second&target=https%3A%2F%2Fexample.com%2F%3Fa%3Db");
  EXPECT_EQ(outcome.target->labels.Get("instance"), "https://example.com/?a=b");
}

TEST(TargetTest, LabelsDecideSchemePathAndTimes) {
  const TargetOutcome outcome = Made(Job(), {{"__address__", "h:1"},
                                             {"__scheme__", "https"},
                                             {"__metrics_path__", "m"},
                                             {"__scrape_interval__", "5s"},
                                             {"__scrape_timeout__", "1s"},
                                             {"__meta_x", "y"}});
  ASSERT_TRUE(outcome.target.has_value());
  EXPECT_EQ(outcome.target->url, "https://h:1/m");
  EXPECT_EQ(outcome.target->interval_ms, 5'000);
  EXPECT_EQ(outcome.target->timeout_ms, 1'000);
  EXPECT_EQ(outcome.target->labels.ToString(), R"({instance="h:1", job="node"})");
}

TEST(TargetTest, APathIsAPathWhateverItLooksLike) {
  ScrapeConfig config = Job();
  config.metrics_path = "/a b?c=d%20$&+,:;=@~(ä)";
  config.params = {{"p", {"1"}}};
  const TargetOutcome outcome = Made(config, {{"__address__", "h:1"}});
  ASSERT_TRUE(outcome.target.has_value());
  EXPECT_EQ(outcome.target->url, "http://h:1/a%20b%3Fc=d%2520$&+,:;=@~%28%C3%A4%29?p=1");
}

TEST(TargetTest, DroppedTargetsKeepTheirDiscoveredLabels) {
  ScrapeConfig config = Job();
  config.relabel_configs = {{.source_labels = {"dc"}, .regex = "us", .action = "keep"}};
  const TargetOutcome outcome = Made(config, {{"__address__", "h:1"}, {"dc", "eu"}});
  EXPECT_FALSE(outcome.target.has_value());
  EXPECT_EQ(outcome.discovered_labels.Get("dc"), "eu");
}

TEST(TargetTest, IdentityIgnoresIntervalAndMetaLabels) {
  const auto identity = [](const Labels& labels) { return Made(Job(), labels).target->identity; };
  const uint64_t base = identity({{"__address__", "h:1"}});
  EXPECT_EQ(identity({{"__address__", "h:1"}, {"__meta_a", "b"}, {"__scrape_interval__", "20s"}}),
            base);
  EXPECT_NE(identity({{"__address__", "h:2"}}), base);
  EXPECT_NE(identity({{"__address__", "h:1"}, {"__param_x", "1"}}), base);
}

TEST(TargetTest, RefusesInvalidTargets) {
  const std::pair<Labels, const char*> cases[] = {
      {{{"dc", "eu"}}, "no address"},
      {{{"__address__", "http://h:1"}}, "\"http://h:1\" is not a valid hostname"},
      {{{"__address__", "h"}, {"__scrape_interval__", "x"}},
       "error parsing scrape interval: not a valid duration string: \"x\""},
      {{{"__address__", "h"}, {"__scrape_interval__", "0"}}, "scrape interval cannot be 0"},
      {{{"__address__", "h"}, {"__scrape_timeout__", "20s"}},
       "scrape timeout cannot be greater than scrape interval (\"20s\" > \"15s\")"},
  };
  for (const auto& [labels, error] : cases) {
    const auto outcome = MakeTarget(Job(), {}, labels);
    ASSERT_FALSE(outcome.ok()) << error;
    EXPECT_EQ(outcome.status().message(), error);
  }
}

}  // namespace
}  // namespace hearth
