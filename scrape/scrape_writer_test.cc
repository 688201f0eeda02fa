#include "scrape/scrape_writer.h"

#include <gtest/gtest.h>

#include "model/text.h"
#include "tsdb/fake_storage.h"

namespace hearth {
namespace {

// A writer for the target {instance="i", job="j"} on a fake storage.
class ScrapeWriterTest : public testing::Test {
 protected:
  absl::Status Scrape(TimeMs t, std::string_view body, absl::Status error = absl::OkStatus()) {
    return ScrapeAs("PrometheusText0.0.4", t, body, std::move(error));
  }
  absl::Status ScrapeAs(std::string_view protocol, TimeMs t, std::string_view body,
                        absl::Status error = absl::OkStatus()) {
    ScrapeReport report;
    report.format = FindFormat(protocol);
    report.t = t;
    report.duration_s = 0.5;
    report.timeout_ms = 10'000;
    report.body = body;
    report.error = std::move(error);
    return writer_.Write(report);
  }

  void SetRules(const WriteRules& rules) {
    writer_.SetRules(std::make_shared<const WriteRules>(rules));
  }

  // The samples of a series as `t=v`, "stale" for a marker; "-" when there is no such series.
  std::string Samples(const std::string& series) {
    for (const auto& [fingerprint, s] : storage_.Snapshot()) {
      if (s.labels.ToString() != series) continue;
      std::string out;
      for (const auto& [t, value] : s.samples) {
        const double v = std::get<double>(value);
        StrAppend(&out, out.empty() ? "" : " ", t, "=",
                  IsStaleNaN(v) ? std::string("stale") : StrCat(v));
      }
      return out;
    }
    return "-";
  }
  std::string Report(const std::string& name) {
    return Samples(name + "{instance=\"i\", job=\"j\"}");
  }

  metrics::Registry registry_;
  const ScrapeMetrics metrics_{&registry_};
  FakeStorage storage_;
  MetadataCache metadata_;
  ScrapeWriter writer_{&storage_, &metrics_, &metadata_, Labels({{"job", "j"}, {"instance", "i"}})};
};

TEST_F(ScrapeWriterTest, WritesSamplesWithTargetLabelsAndReports) {
  ASSERT_TRUE(Scrape(1000, "a 1\nb{x=\"y\"} 2\n").ok());
  ASSERT_TRUE(Scrape(2000, "a 3\nb{x=\"y\"} 4\n").ok());
  EXPECT_EQ(Samples(R"(a{instance="i", job="j"})"), "1000=1 2000=3");
  EXPECT_EQ(Samples(R"(b{instance="i", job="j", x="y"})"), "1000=2 2000=4");
  EXPECT_EQ(Report("up"), "1000=1 2000=1");
  EXPECT_EQ(Report("scrape_duration_seconds"), "1000=0.5 2000=0.5");
  EXPECT_EQ(Report("scrape_samples_scraped"), "1000=2 2000=2");
  EXPECT_EQ(Report("scrape_samples_post_metric_relabeling"), "1000=2 2000=2");
  EXPECT_EQ(Report("scrape_series_added"), "1000=2 2000=0");
  EXPECT_EQ(Report("scrape_timeout_seconds"), "-");
}

TEST_F(ScrapeWriterTest, ExtraReportsComeOnRequest) {
  SetRules({.extra_scrape_metrics = true, .limits = {.sample_limit = 9}});
  ASSERT_TRUE(Scrape(1000, "a 1\n").ok());
  EXPECT_EQ(Report("scrape_timeout_seconds"), "1000=10");
  EXPECT_EQ(Report("scrape_sample_limit"), "1000=9");
  EXPECT_EQ(Report("scrape_body_size_bytes"), "1000=4");
}

TEST_F(ScrapeWriterTest, VanishedSeriesGetAStaleMarker) {
  ASSERT_TRUE(Scrape(1000, "a 1\nb 2\n").ok());
  ASSERT_TRUE(Scrape(2000, "b 2\n").ok());
  ASSERT_TRUE(Scrape(3000, "b 2\n").ok());
  ASSERT_TRUE(Scrape(4000, "a 4\nb 2\n").ok());
  EXPECT_EQ(Samples(R"(a{instance="i", job="j"})"), "1000=1 2000=stale 4000=4");
  EXPECT_EQ(Report("scrape_series_added"), "1000=2 2000=0 3000=0 4000=1");
}

TEST_F(ScrapeWriterTest, AFailedScrapeMakesAllStaleAndUpZero) {
  ASSERT_TRUE(Scrape(1000, "a 1\n").ok());
  EXPECT_EQ(Scrape(2000, "", absl::UnavailableError("refused")).message(), "refused");
  EXPECT_FALSE(Scrape(3000, "", absl::UnavailableError("refused")).ok());
  ASSERT_TRUE(Scrape(4000, "a 4\n").ok());
  EXPECT_EQ(Samples(R"(a{instance="i", job="j"})"), "1000=1 2000=stale 4000=4");
  EXPECT_EQ(Report("up"), "1000=1 2000=0 3000=0 4000=1");
}

TEST_F(ScrapeWriterTest, ABadLineFailsTheWholeScrapeAndIsNamed) {
  ASSERT_TRUE(Scrape(1000, "a 1\nb 1\n").ok());
  EXPECT_EQ(Scrape(2000, "a 2\nc 1\nb one\n").message(),
            "line 3, column 3: expected value after metric, got \"one\"");
  EXPECT_EQ(Samples(R"(a{instance="i", job="j"})"), "1000=1 2000=stale");
  EXPECT_EQ(Samples(R"(b{instance="i", job="j"})"), "1000=1 2000=stale");
  const std::string c = Samples(R"(c{instance="i", job="j"})");
  EXPECT_TRUE(c == "-" || c.empty()) << c;
  EXPECT_EQ(Report("up"), "1000=1 2000=0");
}

TEST_F(ScrapeWriterTest, WithoutMemoryForNewSeriesTheKnownOnesAreWritten) {
  ASSERT_TRUE(Scrape(1000, "a 1\nb 1\n").ok());
  EXPECT_TRUE(writer_.up());
  storage_.LimitSeries(storage_.Snapshot().size());
  EXPECT_EQ(Scrape(2000, "a 2\nc 2\nd 2\nb 2\n").message(),
            "no memory: 2 of 4 samples left out, the others are written");
  EXPECT_TRUE(writer_.up());
  EXPECT_EQ(Samples(R"(a{instance="i", job="j"})"), "1000=1 2000=2");
  EXPECT_EQ(Samples(R"(b{instance="i", job="j"})"), "1000=1 2000=2");
  EXPECT_EQ(Samples(R"(c{instance="i", job="j"})"), "-");
  EXPECT_EQ(Report("up"), "1000=1 2000=1");
  EXPECT_EQ(Report("scrape_series_added"), "1000=2 2000=0");
  EXPECT_EQ(metrics_.refused_series->value(), 2u);
  storage_.LimitSeries(1000);
  EXPECT_TRUE(Scrape(3000, "a 3\nc 3\nd 3\nb 3\n").ok());
  EXPECT_EQ(Samples(R"(c{instance="i", job="j"})"), "3000=3") << "the next scrape tries again";
  EXPECT_FALSE(Scrape(4000, "", absl::UnavailableError("refused")).ok());
  EXPECT_FALSE(writer_.up());
}

TEST_F(ScrapeWriterTest, ANewTargetWithoutMemoryForItsReportsHasThemLater) {
  storage_.LimitSeries(0);
  EXPECT_FALSE(Scrape(1000, "a 1\n").ok());
  EXPECT_EQ(Report("up"), "-");
  storage_.LimitSeries(1000);
  EXPECT_TRUE(Scrape(2000, "a 2\n").ok());
  EXPECT_EQ(Report("up"), "2000=1");
}

TEST_F(ScrapeWriterTest, TheCachesMemoryIsTold) {
  EXPECT_EQ(metrics_.cache_bytes->value(), 0);
  ASSERT_TRUE(Scrape(1000, "a 1\nb 1\n").ok());
  EXPECT_GE(metrics_.cache_bytes->value(), 2 * sizeof(ScrapeCache::Entry));
  {
    ScrapeWriter other(&storage_, &metrics_, &metadata_, Labels({{"job", "k"}}));
    const double before = metrics_.cache_bytes->value();
    ASSERT_TRUE(
        other.Write({.t = 1, .format = FindFormat("PrometheusText0.0.4"), .body = "a 1\n"}).ok());
    EXPECT_GT(metrics_.cache_bytes->value(), before);
  }
  EXPECT_GE(metrics_.cache_bytes->value(), 2 * sizeof(ScrapeCache::Entry));
}

TEST_F(ScrapeWriterTest, ConflictingLabelsAreExported) {
  ASSERT_TRUE(Scrape(1000, "a{job=\"x\",exported_job=\"y\",instance=\"\"} 1\n").ok());
  EXPECT_EQ(Samples(R"(a{exported_exported_job="x", exported_job="y", instance="i", job="j"})"),
            "1000=1");
}

TEST_F(ScrapeWriterTest, ExemplarsReachTheStorageWithTheSamplesTime) {
  ASSERT_TRUE(
      ScrapeAs("OpenMetricsText1.0.0", 5000,
               "a 1 # {id=\"x\"} 2\nb 1 3 # {id=\"y\"} 4\nc 1 3 # {id=\"z\"} 5 4.5\n# EOF\n")
          .ok());
  const std::vector<Exemplar> exemplars = storage_.exemplars();
  ASSERT_EQ(exemplars.size(), 3u);
  const std::tuple<const char*, double, TimeMs> expected[] = {
      {"x", 2, 5000}, {"y", 4, 3000}, {"z", 5, 4500}};
  for (size_t i = 0; i < 3; ++i) {
    const auto& [id, value, t] = expected[i];
    EXPECT_EQ(exemplars[i].labels.Get("id"), id);
    EXPECT_EQ(exemplars[i].value, value);
    EXPECT_EQ(exemplars[i].t, t);
  }
}

TEST_F(ScrapeWriterTest, ABadExemplarFailsTheScrape) {
  EXPECT_EQ(ScrapeAs("OpenMetricsText1.0.0", 1000, "a 1 # {id=x} 2\n# EOF\n").message(),
            "line 1, column 11: expected label value, got \"x} 2\"");
  EXPECT_TRUE(storage_.exemplars().empty());
}

TEST_F(ScrapeWriterTest, AnotherFormatIsTheSameSeries) {
  ASSERT_TRUE(Scrape(1000, "a{x = \"y\"} 1\nb 2\n").ok());
  ASSERT_TRUE(ScrapeAs("OpenMetricsText1.0.0", 2000, "a{x=\"y\"} 3\nb 4\n# EOF\n").ok());
  // name "a", type gauge, one metric with label x="y" and value 5.
  constexpr std::string_view kFamily(
      "\x1a\x0a\x01"
      "a\x18\x01\x22\x13\x0a\x06\x0a\x01x\x12\x01y\x12\x09\x09\0\0\0\0\0\0\x14\x40",
      27);
  for (const TimeMs t : {3000, 4000}) {
    ASSERT_TRUE(ScrapeAs("PrometheusProto", t, kFamily).ok());
  }
  EXPECT_EQ(Samples(R"(a{instance="i", job="j", x="y"})"), "1000=1 2000=3 3000=5 4000=5");
  EXPECT_EQ(Samples(R"(b{instance="i", job="j"})"), "1000=2 2000=4 3000=stale");
  // A list with a blank in it is known to the text format only.
  EXPECT_FALSE(ScrapeAs("OpenMetricsText1.0.0", 5000, "a{x = \"y\"} 3\n# EOF\n").ok());
}

TEST_F(ScrapeWriterTest, NativeHistogramsAreCounted) {
  // name "n", type histogram, one metric with a native histogram of zero_count 1.
  constexpr std::string_view kFamily("\x0b\x0a\x01n\x18\x04\x22\x04\x3a\x02\x38\x01", 12);
  ASSERT_TRUE(ScrapeAs("PrometheusProto", 1000, kFamily).ok());
  EXPECT_EQ(Samples(R"(n_bucket{instance="i", job="j", le="+Inf"})"), "1000=0");
  EXPECT_EQ(metrics_.native_histograms_dropped->value(), 1);
}

TEST_F(ScrapeWriterTest, HonorLabelsLetsTheTargetWin) {
  SetRules({.honor_labels = true});
  ASSERT_TRUE(Scrape(1000, "a{job=\"x\"} 1\nb{instance=\"\"} 2\n").ok());
  EXPECT_EQ(Samples(R"(a{instance="i", job="x"})"), "1000=1");
  EXPECT_EQ(Samples(R"(b{job="j"})"), "1000=2") << "an empty label keeps the target's away";
}

TEST_F(ScrapeWriterTest, OwnTimestampsAreHonouredAndNotMarkedStale) {
  ASSERT_TRUE(Scrape(10'000, "a 1 5000\nb 2\n").ok());
  ASSERT_TRUE(Scrape(20'000, "").ok());
  EXPECT_EQ(Samples(R"(a{instance="i", job="j"})"), "5000=1");
  EXPECT_EQ(Samples(R"(b{instance="i", job="j"})"), "10000=2 20000=stale");
}

TEST_F(ScrapeWriterTest, TrackTimestampsStalenessMarksThemToo) {
  SetRules({.track_timestamps_staleness = true});
  ASSERT_TRUE(Scrape(10'000, "a 1 5000\n").ok());
  ASSERT_TRUE(Scrape(20'000, "").ok());
  EXPECT_EQ(Samples(R"(a{instance="i", job="j"})"), "5000=1 20000=stale");
}

TEST_F(ScrapeWriterTest, OwnTimestampsCanBeIgnored) {
  SetRules({.honor_timestamps = false});
  ASSERT_TRUE(Scrape(10'000, "a 1 5000\n").ok());
  EXPECT_EQ(Samples(R"(a{instance="i", job="j"})"), "10000=1");
}

TEST_F(ScrapeWriterTest, MetricRelabellingDropsAndRenames) {
  WriteRules rules;
  rules.metric_relabel =
      *CompileRelabelRules({{.source_labels = {"__name__"}, .regex = "secret.*", .action = "drop"},
                            {.regex = "pod", .action = "labeldrop"}});
  SetRules(rules);
  ASSERT_TRUE(Scrape(1000, "secret_a 1\nb{pod=\"p\"} 2\n").ok());
  ASSERT_TRUE(Scrape(2000, "secret_a 1\nb{pod=\"p\"} 3\n").ok());
  EXPECT_EQ(Samples(R"(secret_a{instance="i", job="j"})"), "-");
  EXPECT_EQ(Samples(R"(b{instance="i", job="j"})"), "1000=2 2000=3");
  EXPECT_EQ(Report("scrape_samples_scraped"), "1000=2 2000=2");
  EXPECT_EQ(Report("scrape_samples_post_metric_relabeling"), "1000=1 2000=1");
}

TEST_F(ScrapeWriterTest, NewRulesEndTheSeriesThatTheyNoLongerMake) {
  ASSERT_TRUE(Scrape(1000, "a 1\nb 1\n").ok());
  WriteRules rules;
  rules.metric_relabel =
      *CompileRelabelRules({{.source_labels = {"__name__"}, .regex = "a", .action = "drop"}});
  SetRules(rules);
  ASSERT_TRUE(Scrape(2000, "a 2\nb 2\n").ok());
  EXPECT_EQ(Samples(R"(a{instance="i", job="j"})"), "1000=1 2000=stale");
  EXPECT_EQ(Samples(R"(b{instance="i", job="j"})"), "1000=1 2000=2");
}

TEST_F(ScrapeWriterTest, LimitsFailTheScrapeInPrometheusWords) {
  const std::pair<ScrapeLimits, const char*> cases[] = {
      {{.sample_limit = 1}, "sample limit exceeded"},
      {{.label_limit = 3}, "label_limit exceeded (metric: b, number of labels: 4, limit: 3)"},
      {{.label_name_length_limit = 8},
       "label_name_length_limit exceeded (metric: b, label name: long_label, length: 10, limit: "
       "8)"},
      {{.label_value_length_limit = 3},
       "label_value_length_limit exceeded (metric: b, label name: long_label, value: \"value\", "
       "length: 5, limit: 3)"},
  };
  TimeMs t = 0;
  for (const auto& [limits, error] : cases) {
    SetRules({.limits = limits});
    // The name's length counts among the label names when it is __name__: 8.
    EXPECT_EQ(Scrape(t += 1000, "a 1\nb{long_label=\"value\"} 2\n").message(), error);
  }
  EXPECT_EQ(Report("up"), "1000=0 2000=0 3000=0 4000=0");
  EXPECT_EQ(metrics_.exceeded_sample_limit->value(), 1u);
  EXPECT_EQ(metrics_.exceeded_label_limits->value(), 3u);
  SetRules({.limits = {.sample_limit = 2}});
  EXPECT_TRUE(Scrape(t += 1000, "a 1\nb{long_label=\"value\"} 2\n").ok());
}

TEST_F(ScrapeWriterTest, LegacyValidationRefusesUtf8Names) {
  SetRules({.legacy_names = true});
  EXPECT_EQ(Scrape(1000, "{\"my.metric\"} 1\n").message(),
            "invalid metric name or label names: {\"my.metric\", instance=\"i\", job=\"j\"}");
}

TEST_F(ScrapeWriterTest, SeriesThatTheStorageLetGoAreLookedUpAgain) {
  ASSERT_TRUE(Scrape(1000, "a 1\n").ok());
  storage_.Clear();
  ASSERT_TRUE(Scrape(2000, "a 2\n").ok());
  EXPECT_EQ(Samples(R"(a{instance="i", job="j"})"), "2000=2");
  EXPECT_EQ(Report("up"), "2000=1");
}

TEST_F(ScrapeWriterTest, RepeatedAndOutOfOrderSamplesAreCounted) {
  ASSERT_TRUE(Scrape(10'000, "a 1\na 2\nb 1 9000\n").ok());
  EXPECT_EQ(Samples(R"(a{instance="i", job="j"})"), "10000=1");
  EXPECT_EQ(metrics_.duplicate_timestamp->value(), 1u);
  ASSERT_TRUE(Scrape(20'000, "a 1\nb 1 8000\n").ok());
  EXPECT_EQ(metrics_.out_of_order->value(), 1u);
}

TEST_F(ScrapeWriterTest, TheEndOfATargetEndsItsSeries) {
  ASSERT_TRUE(writer_.WriteEnd(500).ok());
  ASSERT_TRUE(Scrape(1000, "a 1\n").ok());
  ASSERT_TRUE(writer_.WriteEnd(1000).ok());
  EXPECT_EQ(Samples(R"(a{instance="i", job="j"})"), "1000=1 1001=stale");
  EXPECT_EQ(Report("up"), "1000=1 1001=stale");
}

TEST_F(ScrapeWriterTest, MetadataIsKept) {
  ASSERT_TRUE(
      Scrape(1000, "# HELP a Some\\nhelp.\n# TYPE a counter\na 1\n# TYPE b gauge\nb 1\n").ok());
  const auto all = metadata_.Read("");
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].first, "a");
  EXPECT_EQ(all[0].second.type, MetricType::kCounter);
  EXPECT_EQ(all[0].second.help, "Some\nhelp.");
  EXPECT_EQ(storage_.metadata().at("b").type, MetricType::kGauge);
  for (TimeMs t = 2000; t < 30'000; t += 1000) ASSERT_TRUE(Scrape(t, "# TYPE b gauge\nb 1\n").ok());
  EXPECT_TRUE(metadata_.Read("a").empty()) << "not named for a while";
}

TEST_F(ScrapeWriterTest, StartTimesAreToldWhenWanted) {
  const std::string body =
      "# TYPE a counter\na_total 5\na_created 0.5\n# TYPE g gauge\ng 1\n# EOF\n";
  const auto starts = [this] {
    std::string out;
    for (const auto& [fingerprint, s] : storage_.Snapshot()) {
      for (const auto& [t, start] : s.starts) {
        StrAppend(&out, s.labels.MetricName(), " ", t, " since ", start, "\n");
      }
    }
    return out;
  };
  ASSERT_TRUE(ScrapeAs("OpenMetricsText1.0.0", 1000, body).ok());
  EXPECT_EQ(starts(), "");
  EXPECT_EQ(Report("a_created"), "1000=0.5");
  SetRules({.start_times = true});
  ASSERT_TRUE(ScrapeAs("OpenMetricsText1.0.0", 2000, body).ok());
  EXPECT_EQ(starts(), "a_total 2000 since 500\n");
  EXPECT_EQ(Report("a_created"), "1000=0.5 2000=stale");
  EXPECT_EQ(Report("scrape_samples_scraped"), "1000=3 2000=2");
}

TEST_F(ScrapeWriterTest, LabelsOfAMegabyteAreTooMany) {
  const absl::Status status = Scrape(1000, StrCat("a{x=\"", std::string(1 << 20, 'y'), "\"} 1\n"));
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_LT(status.message().size(), 200u);
  EXPECT_EQ(Report("up"), "1000=0");
}

}  // namespace
}  // namespace hearth
