#include "metrics/registry.h"

#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hearth::metrics {
namespace {

using ::testing::HasSubstr;

std::string Text(const Registry& registry) {
  std::string out;
  registry.Render(&out);
  return out;
}

TEST(RegistryTest, RendersFamiliesByNameWithHelpAndType) {
  Registry registry;
  registry.AddGauge("b_bytes", "Size.")->Set(1.5);
  registry.AddCounter("a_total", "Things.", {{"code", "200"}})->Increment(3);
  registry.AddCounter("a_total", "Other help.", {{"code", "100"}});
  EXPECT_EQ(Text(registry),
            "# HELP a_total Things.\n# TYPE a_total counter\n"
            "a_total{code=\"100\"} 0\na_total{code=\"200\"} 3\n"
            "# HELP b_bytes Size.\n# TYPE b_bytes gauge\nb_bytes 1.5\n");
}

TEST(RegistryTest, SameNameAndLabelsIsTheSameMetric) {
  Registry registry;
  Counter* const first = registry.AddCounter("a_total", "", {{"x", "1"}});
  EXPECT_EQ(registry.AddCounter("a_total", "", {{"x", "1"}}), first);
  EXPECT_NE(registry.AddCounter("a_total", "", {{"x", "2"}}), first);
}

TEST(RegistryTest, HistogramBucketsAreCumulativeAndInclusive) {
  Registry registry;
  Histogram* const histogram = registry.AddHistogram("h", "", {0.1, 1}, {{"handler", "/x"}});
  for (const double v : {0.1, 0.5, 1.0, 7.0}) histogram->Observe(v);
  EXPECT_EQ(histogram->count(), 4u);
  EXPECT_EQ(Text(registry),
            "# HELP h \n# TYPE h histogram\n"
            "h_bucket{handler=\"/x\",le=\"0.1\"} 1\n"
            "h_bucket{handler=\"/x\",le=\"1\"} 3\n"
            "h_bucket{handler=\"/x\",le=\"+Inf\"} 4\n"
            "h_sum{handler=\"/x\"} 8.6\nh_count{handler=\"/x\"} 4\n");
}

TEST(RegistryTest, SummaryGivesQuantilesOfTheLatestObservations) {
  Registry registry;
  Summary* const summary = registry.AddSummary("s", "");
  EXPECT_THAT(Text(registry), HasSubstr("s{quantile=\"0.5\"} NaN\n"));
  for (int i = 1; i <= 100; ++i) summary->Observe(i);
  EXPECT_THAT(Text(registry), HasSubstr("s{quantile=\"0.5\"} 50\n"));
  EXPECT_THAT(Text(registry), HasSubstr("s{quantile=\"0.99\"} 99\ns_sum 5050\ns_count 100\n"));
  for (size_t i = 0; i < Summary::kWindow; ++i) summary->Observe(7);
  EXPECT_THAT(Text(registry), HasSubstr("s{quantile=\"0.01\"} 7\n"));
}

TEST(RegistryTest, CallbackIsAskedAtEachRenderingUntilRemoved) {
  Registry registry;
  double value = 1;
  registry.AddCallback("g", "", MetricKind::kGauge, [&] { return value; });
  registry.AddCallback("l", "", MetricKind::kCounter, [](const Emit& emit) {
    emit({{"k", "a"}}, 1);
    emit({{"k", "b"}}, 2);
  });
  EXPECT_THAT(Text(registry), HasSubstr("\ng 1\n"));
  value = 2;
  EXPECT_THAT(Text(registry), HasSubstr("\ng 2\n"));
  EXPECT_THAT(Text(registry), HasSubstr("l{k=\"a\"} 1\nl{k=\"b\"} 2\n"));
  registry.RemoveCallback("g");
  registry.RemoveCallback("l");
  EXPECT_EQ(Text(registry), "");
}

TEST(RegistryTest, RemoveForgetsOneLabelSet) {
  Registry registry;
  registry.AddGauge("g", "", {{"pool", "a"}});
  registry.AddGauge("g", "", {{"pool", "b"}});
  registry.Remove("g", {{"pool", "a"}});
  EXPECT_EQ(Text(registry), "# HELP g \n# TYPE g gauge\ng{pool=\"b\"} 0\n");
}

TEST(RegistryTest, EscapesLabelValuesAndHelp) {
  Registry registry;
  registry.AddGauge("g", "a\\b\n\"c\"", {{"k", "a\"b\\c\nd"}});
  EXPECT_EQ(Text(registry),
            "# HELP g a\\\\b\\n\"c\"\n# TYPE g gauge\ng{k=\"a\\\"b\\\\c\\nd\"} 0\n");
}

TEST(RegistryTest, CountsFromManyThreads) {
  Registry registry;
  Counter* const counter = registry.AddCounter("a_total", "");
  Histogram* const histogram = registry.AddHistogram("h", "", {1});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 1000; ++n) {
        counter->Increment();
        histogram->Observe(0.5);
      }
    });
  }
  Text(registry);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counter->value(), 4000u);
  EXPECT_EQ(histogram->sum(), 2000);
}

TEST(RegistryDeathTest, AnotherKindForAKnownNameAborts) {
  Registry registry;
  registry.AddGauge("g", "");
  EXPECT_DEATH(registry.AddCounter("g", ""), "registered as gauge and as counter");
}

}  // namespace
}  // namespace hearth::metrics
