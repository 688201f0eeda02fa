// Exemplars from scrapes and remote write, asked for over HTTP: the same answers as a Prometheus
// gives, and still there after a kill.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "blackbox/exporters.h"
#include "blackbox/http_fixture.h"
#include "blackbox/remote_write_sender.h"
#include "blackbox/server_process.h"
#include "proto/exposition.pb.h"
#include "proto/remote_write.pb.h"

namespace hearth::blackbox {
namespace {

constexpr char kOpenMetrics[] = "application/openmetrics-text; version=1.0.0; charset=utf-8";
constexpr char kProtobuf[] =
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";
constexpr char kFeature[] = "--enable-feature=exemplar-storage";

int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

class ExemplarsTest : public testing::Test {
 protected:
  // Seconds before the test, as OpenMetrics writes them.
  std::string Ago(int64_t seconds) const { return std::to_string(now_s_ - seconds) + ".25"; }

  std::string OpenMetricsBody() const {
    return "# TYPE a counter\na_total{x=\"y\"} 5 # {trace_id=\"abc\"} 0.5 " + Ago(50) +
           "\n"
           "# TYPE h histogram\nh_bucket{le=\"1.0\"} 1 # {t=\"x\",s=\"1\"} 0.25 " +
           Ago(40) + "\nh_bucket{le=\"+Inf\"} 2 # {} NaN " + Ago(30) +
           "\nh_count 2\nh_sum 3\n"
           "# TYPE l counter\nl_total 1 # {long=\"" +
           std::string(200, 'x') + "\"} 1 " + Ago(20) + "\n# EOF\n";
  }

  std::string ProtobufBody() const {
    exposition::MetricFamily family;
    family.set_name("p_total");
    family.set_type(exposition::COUNTER);
    exposition::Counter* const counter = family.add_metric()->mutable_counter();
    counter->set_value(3);
    exposition::Exemplar* const exemplar = counter->mutable_exemplar();
    exemplar->set_value(2);
    exposition::LabelPair* const label = exemplar->add_label();
    label->set_name("trace_id");
    label->set_value("p");
    exemplar->mutable_timestamp()->set_seconds(now_s_ - 35);
    const std::string message = family.SerializeAsString();
    return std::string(1, static_cast<char>(message.size())) + message;
  }

  // Three exemplars of a series: the second is older than the first, the third newer.
  std::string WriteBody() const {
    prometheus::WriteRequest request;
    prometheus::TimeSeries* const series = request.add_timeseries();
    prometheus::Label* const name = series->add_labels();
    name->set_name("__name__");
    name->set_value("w_total");
    prometheus::Sample* const sample = series->add_samples();
    sample->set_timestamp(NowMs());
    sample->set_value(1);
    for (const int64_t ago : {30, 40, 20}) {
      prometheus::Exemplar* const exemplar = series->add_exemplars();
      exemplar->set_timestamp((now_s_ - ago) * 1000);
      exemplar->set_value(static_cast<double>(ago));
      prometheus::Label* const label = exemplar->add_labels();
      label->set_name("span_id");
      label->set_value(std::to_string(ago));
    }
    return request.SerializeAsString();
  }

  std::string Config(const std::vector<const HttpFixture*>& targets) const {
    // 0: as the peer, which takes nothing out of order.
    std::string config =
        "global: {scrape_interval: 1s}\nstorage: {tsdb: {out_of_order_time_window: 0s}}\n"
        "scrape_configs:\n";
    for (size_t i = 0; i < targets.size(); ++i) {
      config += "  - {job_name: j" + std::to_string(i) +
                ", static_configs: [{targets: ['127.0.0.1:" + std::to_string(targets[i]->port()) +
                "'], labels: {instance: i}}]}\n";
    }
    return config;
  }

  static std::string Ask(const ServerProcess& server, const std::string& query,
                         const std::string& more = "") {
    return server.Get("/api/v1/query_exemplars?query=" + UrlEncode(query) + more).body;
  }

  static double Metric(const ServerProcess& server, const std::string& name) {
    const std::string text = server.Get("/metrics").body;
    const size_t at = text.find("\n" + name + " ");
    return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
  }

  TempDir directory_;
  const int64_t now_s_ = NowMs() / 1000;
};

TEST_F(ExemplarsTest, AnswersAreThoseOfPrometheus) {
  if (FindProgram("prometheus").empty()) GTEST_SKIP() << "not installed: prometheus";
  const HttpFixture lines(OpenMetricsBody(), kOpenMetrics), protobuf(ProtobufBody(), kProtobuf);
  const std::string config = Config({&lines, &protobuf});
  const auto peer = StartPrometheus(directory_, "prometheus", config, {kFeature});
  const auto server = StartHearth(directory_, config, {kFeature});
  for (ServerProcess* one : {peer.get(), server.get()}) {
    ASSERT_TRUE(one->WaitUntilOk("/-/ready")) << one->process().Output();
    EXPECT_EQ(SendRemoteWrite(*one, WriteBody()).status, 204);
    // Every exemplar has been seen again.
    ASSERT_TRUE(WaitFor(seconds(30),
                        [&] { return one->Value("count(count_over_time(up[5m]) > 2)") == 2.0; }));
  }
  const std::string start = "&start=" + Ago(40), end = "&end=" + Ago(40);
  const std::pair<const char*, std::string> questions[] = {
      {"{__name__=~\".+\"}", ""},
      {"a_total", ""},
      {"rate(a_total[5m]) + on() h_bucket{le=\"1.0\"}", ""},
      {"histogram_quantile(0.9, sum by (le) (rate(h_bucket[5m])))", ""},
      {"p_total", ""},
      {"w_total", ""},
      {"l_total", ""},
      {"none", ""},
      {"sum(", ""},
      {"", ""},
      {"{__name__=~\".+\"}", start},
      {"{__name__=~\".+\"}", end},
      {"{__name__=~\".+\"}", start + end},
      {"a_total", "&start=2&end=1"},
  };
  for (const auto& [query, more] : questions) {
    EXPECT_EQ(Ask(*server, query, more), Ask(*peer, query, more)) << query << " " << more;
  }
  EXPECT_NE(Ask(*server, "a_total").find("abc"), std::string::npos);
  EXPECT_EQ(Ask(*server, "1"), R"({"status":"success"})") << "Prometheus 2 answers with nothing";
  for (const char* name : {"exemplars_appended_total", "exemplars_in_storage",
                           "series_with_exemplars_in_storage", "max_exemplars"}) {
    const std::string full = std::string("prometheus_tsdb_exemplar_") + name;
    EXPECT_EQ(Metric(*server, full), Metric(*peer, full)) << name;
  }
}

TEST_F(ExemplarsTest, SurviveAKillAndFollowTheLimit) {
  const std::string limit = "storage: {exemplars: {max_exemplars: ";
  auto server = StartHearth(directory_, limit + "2}}\n", {kFeature});
  ASSERT_TRUE(server->WaitUntilOk("/-/ready")) << server->process().Output();
  EXPECT_EQ(SendRemoteWrite(*server, WriteBody()).status, 204);
  const std::string before = Ask(*server, "w_total");
  EXPECT_EQ(
      server->Get("/api/v1/query_exemplars?query=w_total").Json()["data"][0]["exemplars"].size(),
      2u)
      << before;
  server->process().Kill();
  server = StartHearth(directory_, limit + "2}}\n", {kFeature});
  ASSERT_TRUE(server->WaitUntilOk("/-/ready")) << server->process().Output();
  EXPECT_EQ(Ask(*server, "w_total"), before);

  directory_.Write("prometheus.yml", limit + "1}}\n");
  ASSERT_EQ(server->Post("/-/reload").status, 200);
  EXPECT_EQ(Metric(*server, "prometheus_tsdb_exemplar_exemplars_in_storage"), 1);
}

TEST_F(ExemplarsTest, WithoutTheFeatureNoneAreKept) {
  const auto server = StartHearth(directory_);
  ASSERT_TRUE(server->WaitUntilOk("/-/ready")) << server->process().Output();
  EXPECT_EQ(SendRemoteWrite(*server, WriteBody()).status, 204);
  EXPECT_EQ(Ask(*server, "w_total"), R"({"status":"success","data":[]})");
  EXPECT_EQ(Metric(*server, "hearth_tsdb_exemplars_dropped_total"), 3);
}

}  // namespace
}  // namespace hearth::blackbox
