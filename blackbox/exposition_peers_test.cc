// The same expositions served to Hearth and to a Prometheus: both take the same bodies, and make
// the same series, values, timestamps and stale markers of them. The peer is Prometheus 2.42, so
// what only 3 knows (names in quotes, canonical bounds in the text format, exemplars of any sample)
// is left to the tests beside the parsers, and so is what docs/differences.md names.
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "blackbox/exporters.h"
#include "blackbox/http_fixture.h"
#include "blackbox/server_process.h"
#include "google/protobuf/text_format.h"
#include "proto/exposition.pb.h"

namespace hearth::blackbox {
namespace {

constexpr char kText[] = "text/plain; version=0.0.4; charset=utf-8";
constexpr char kOpenMetrics[] = "application/openmetrics-text; version=1.0.0; charset=utf-8";
constexpr char kProtobuf[] =
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

// $MS and $S stand for a moment before the test, in milliseconds and in seconds with a fraction.
constexpr const char* kTextBodies[] = {
    "a 1\nb{x=\"y\"} 2.5\nc{x=\"\"} 3\n",
    "# HELP a A\\nhelp\n# TYPE a counter\na 1 $MS\nb 2\n",
    "a {x = \"y\" , z=\"w\",}  1\t\n\n  # comment\n#\n#x\nb\t2\n",
    "a 1",
    "a NaN\nb +Inf\nc -inf\nd 1e3\ne .5\nf 5.\ng -0\nh infinity\ni 1e-400\n",
    "a 0x1p4\n",
    "a 0x10\n",
    "a 1_000\n",
    "a 1e999\n",
    "# TYPE a untyped\na 1\n",
    "# TYPE a unknown\na 1\n",
    "# TYPE a curve\na 1\n",
    "# TYPE a gauge \na 1\n",
    "# TYPE a\na 1\n",
    "# HELP a\na 1\n",
    "# HELP\na 1\n",
    "# UNIT a s\na 1\n",
    "a{x=\"1\n2\"} 1\n",
    "a{x=\"1\\\n2\"} 1\n",
    "# TYPE a  gauge\na 1\n",
    "# HELP a \xff\na 1\n",
    "#TYPE a curve\n  # TYPE a gauge\na 1\n",
    "a{x=\"\\q\\\\\\\"\\n\"} 1\n",
    "a 1\r\n",
    "a 1 1.5\n",
    "a 1 $MS 3\n",
    "a 1 # {x=\"y\"} 2\n",
    "a{x=\"y\",x=\"z\"} 1\n",
    "a{__name__=\"b\"} 1\n",
    "a{,} 1\n",
    "a{x=\"y\",,} 1\n",
    "a{:x=\"y\"} 1\n",
    ":a:b 1\n",
    "a{x=\"y\"}1\n",
    "a{x=\"y\" 1\n",
    "a{x=y} 1\n",
    "{x=\"y\"} 1\n",
    "1a 1\n",
    "a\n",
    "a 1\nb x\n",
    "<html></html>\n",
    "a{x=\"\xff\"} 1\n",
    "# TYPE h histogram\nh_bucket{le=\"1.0\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n",
};

constexpr const char* kOpenMetricsBodies[] = {
    "# EOF\n",
    "# TYPE a counter\n# HELP a A \\\"help\\\"\na_total 1\na_created 1600000000.5\n# EOF",
    "# TYPE a_s gauge\n# UNIT a_s s\na_s{x=\"y\"} 1.5 $S\nb 2\n# EOF\n",
    "# TYPE h histogram\nh_bucket{le=\"1.0\"} 1 # {t=\"x\"} 0.5\n"
    "h_bucket{le=\"+Inf\"} 2 $S # {t=\"y\"} 2 $S\nh_count 2\nh_sum 3\n# EOF\n",
    "# TYPE s summary\ns{quantile=\"0.5\"} 1\n# TYPE i info\ni_info{v=\"1\"} 1\n"
    "# TYPE q stateset\nq{q=\"on\"} 1\n# TYPE g gaugehistogram\ng_bucket{le=\"+Inf\"} 1\n# EOF\n",
    "# TYPE a unknown\na 1\n# EOF\n",
    "# TYPE a untyped\na 1\n# EOF\n",
    "a 1\n",
    "a 1",
    "",
    "a 1\n# EOF\n# EOF\n",
    "a 1\n# EOF\n\n",
    "\na 1\n# EOF\n",
    "a  1\n# EOF\n",
    "a\t1\n# EOF\n",
    "a 1 \n# EOF\n",
    " a 1\n# EOF\n",
    "a {x=\"y\"} 1\n# EOF\n",
    "a{x=\"y\", z=\"w\"} 1\n# EOF\n",
    "a{} 1\n# EOF\n",
    "a 1 $S 3\n# EOF\n",
    "a 1 NaN\n# EOF\n",
    "a 1 x\n# EOF\n",
    "a 0x1p4\n# EOF\n",
    "a_total 1 # {x=\"y\"}\n# EOF\n",
    "a_total 1 # {x=\"y\"} 1 2 3\n# EOF\n",
    "a_total 1 # {x=y} 1\n# EOF\n",
    "a_total 1 # {} 1\n# EOF\n",
    "a_total 1 #{x=\"y\"} 1\n# EOF\n",
    "a_total 1 # {x=\"y\"} 1 Inf\n# EOF\n",
    "# comment\na 1\n# EOF\n",
    "# TYPE a\na 1\n# EOF\n",
    "# HELP a\na 1\n# EOF\n",
    "# HELP a \na 1\n# EOF\n",
    "# UNIT a s\na 1\n# EOF\n",
    "# UNIT as s\na 1\n# EOF\n",
    "# UNIT a_s s\na 1\n# EOF\n",
    "#EOF\n",
    "a{x=\"\xff\"} 1\n# EOF\n",
    "{x=\"y\"} 1\n# EOF\n",
};

constexpr const char* kProtobufFamilies[] = {
    R"(name: "a" type: GAUGE metric { label { name: "x" value: "y" } gauge { value: 1.5 } }
       metric { gauge { value: nan } timestamp_ms: $MS })",
    R"(name: "a_total" type: COUNTER metric { counter { value: 3
         exemplar { value: 1 label { name: "t" value: "x" } timestamp { seconds: 1600000000 } } } })",
    R"(name: "u" type: UNTYPED help: "h" metric { untyped { value: -inf } })",
    R"(name: "s" type: SUMMARY metric { summary { sample_count: 2 sample_sum: 9
         quantile { quantile: 0.5 value: 4 } quantile { quantile: 1 value: 5 } } })",
    R"(name: "h" type: HISTOGRAM metric { label { name: "x" value: "y" } histogram {
         sample_count: 4 sample_sum: 2.5
         bucket { cumulative_count: 1 upper_bound: 0.5 }
         bucket { cumulative_count: 3 upper_bound: 1000000 } } })",
    R"(name: "h" type: HISTOGRAM metric { histogram { sample_count: 4
         bucket { cumulative_count: 4 upper_bound: inf } } })",
    R"(name: "" type: GAUGE metric { gauge { value: 1 } })",
};

std::string Delimited(const std::string& message) {
  std::string out;
  for (size_t length = message.size();; length >>= 7) {
    out.push_back(static_cast<char>(length < 0x80 ? length : (length & 0x7f) | 0x80));
    if (length < 0x80) return out + message;
  }
}

std::string Replaced(std::string text, const std::string& what, const std::string& with) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what)) {
    text.replace(at, what.size(), with);
  }
  return text;
}

// Series of a job as `labels value @timestamp`. The time is that of a sample with its own, and 0
// for one that has the scrape's.
std::map<std::string, std::string> SeriesOf(const ServerProcess& server, const std::string& job,
                                            double own_time_s) {
  const std::string selector = "{job=\"" + job + "\",__name__!~\"up|scrape_.+\"}";
  std::map<std::string, std::string> series;
  for (const char* range : {"", "[10m]"}) {
    const nlohmann::json data = server.Query(selector + range);
    if (!data.is_object()) return {};
    for (const nlohmann::json& one : data["result"]) {
      const nlohmann::json last = one.contains("values") ? one["values"].back() : one["value"];
      std::string& text = series[one["metric"].dump() + range];
      text = last[1].get<std::string>();
      if (one.contains("values") && last[0].get<double>() == own_time_s) {
        text += " @" + last[0].dump();
      }
    }
  }
  return series;
}

class ExpositionPeersTest : public testing::Test {
 protected:
  void SetUp() override {
    if (FindProgram("prometheus").empty()) GTEST_SKIP() << "not installed: prometheus";
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count();
    own_time_ms_ = now - 60'000 - now % 1000 + 250;  // Exact as seconds in binary.
    own_time_s_ = static_cast<double>(own_time_ms_) / 1000;
  }

  std::string WithTimes(const std::string& text) const {
    const std::string ms = std::to_string(own_time_ms_);
    return Replaced(Replaced(text, "$MS", ms), "$S", ms.substr(0, ms.size() - 3) + ".25");
  }

  void Serve(const std::string& body, const char* type) {
    bodies_.push_back(body);
    fixtures_.push_back(std::make_unique<HttpFixture>(body, type));
  }

  void ServeAll() {
    for (const char* body : kTextBodies) Serve(WithTimes(body), kText);
    for (const char* body : kOpenMetricsBodies) Serve(WithTimes(body), kOpenMetrics);
    for (const char* text : kProtobufFamilies) {
      exposition::MetricFamily family;
      ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(WithTimes(text), &family)) << text;
      Serve(Delimited(family.SerializeAsString()), kProtobuf);
    }
    Serve("\x05", kProtobuf);
  }

  void StartBoth() {
    std::string config = "global:\n  scrape_interval: 1s\nscrape_configs:\n";
    for (size_t i = 0; i < fixtures_.size(); ++i) {
      config += "  - job_name: j" + std::to_string(i) + "\n    static_configs: [{targets: " +
                "['127.0.0.1:" + std::to_string(fixtures_[i]->port()) +
                "'], labels: {instance: i}}]\n";
    }
    prometheus_ = StartPrometheus(directory_, "prometheus", config);
    hearth_ = StartHearth(directory_, config);
    ASSERT_TRUE(prometheus_->WaitUntilOk("/-/ready")) << prometheus_->process().Output();
    ASSERT_TRUE(hearth_->WaitUntilOk("/-/ready")) << hearth_->process().Output();
    const auto all = static_cast<double>(fixtures_.size());
    for (const ServerProcess* server : {prometheus_.get(), hearth_.get()}) {
      ASSERT_TRUE(WaitFor(seconds(60), [&] {
        return server->Value("count(count_over_time(up[10m]) > 1)") == all;
      }));
    }
  }

  TempDir directory_;
  int64_t own_time_ms_ = 0;
  double own_time_s_ = 0;
  std::vector<std::string> bodies_;
  std::vector<std::unique_ptr<HttpFixture>> fixtures_;
  std::unique_ptr<ServerProcess> prometheus_, hearth_;
};

TEST_F(ExpositionPeersTest, BothMakeTheSameSeriesOfTheSameBodies) {
  ServeAll();
  StartBoth();
  int taken = 0;
  for (size_t i = 0; i < fixtures_.size(); ++i) {
    const std::string job = "j" + std::to_string(i);
    SCOPED_TRACE(bodies_[i]);
    const auto up = hearth_->Value("up{job=\"" + job + "\"}");
    EXPECT_EQ(up, prometheus_->Value("up{job=\"" + job + "\"}"));
    EXPECT_EQ(SeriesOf(*hearth_, job, own_time_s_), SeriesOf(*prometheus_, job, own_time_s_));
    for (const char* count : {"scrape_samples_scraped", "scrape_samples_post_metric_relabeling"}) {
      if (up != 1) continue;  // Of a refused body each counts what came before the error.
      const std::string query = std::string(count) + "{job=\"" + job + "\"}";
      EXPECT_EQ(hearth_->Value(query), prometheus_->Value(query)) << count;
    }
    taken += up == 1 ? 1 : 0;
  }
  EXPECT_GT(taken, 25);
  EXPECT_LT(taken, static_cast<int>(fixtures_.size()) - 25);

  // What vanishes goes stale in both, but for samples with times of their own.
  for (size_t i = 0; i < fixtures_.size(); ++i) {
    const bool open_metrics =
        i >= std::size(kTextBodies) && i < std::size(kTextBodies) + std::size(kOpenMetricsBodies);
    fixtures_[i]->Set(open_metrics ? "# EOF\n" : "");
  }
  const std::string left = "count({__name__!~\"up|scrape_.+\",job=~\"j.+\"})";
  ASSERT_TRUE(WaitFor(seconds(60),
                      [&] {
                        return hearth_->Value("min(up)") == 1.0 &&
                               prometheus_->Value("min(up)") == 1.0 && hearth_->Value(left) < 10 &&
                               hearth_->Value(left) == prometheus_->Value(left);
                      }))
      << hearth_->Value(left).value_or(-1) << " and " << prometheus_->Value(left).value_or(-1);
  for (size_t i = 0; i < fixtures_.size(); ++i) {
    SCOPED_TRACE(bodies_[i]);
    const std::string job = "j" + std::to_string(i);
    EXPECT_EQ(SeriesOf(*hearth_, job, own_time_s_), SeriesOf(*prometheus_, job, own_time_s_));
  }
}

}  // namespace
}  // namespace hearth::blackbox
