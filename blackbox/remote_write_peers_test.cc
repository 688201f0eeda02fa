// Real senders: a Debian Prometheus with remote_write to Hearth, and a vmagent that writes to
// Hearth and to a VictoriaMetrics. count_over_time is equal on both sides. HEARTH_SOAK_SECONDS as
// in exporters_test.cc.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "blackbox/exporters.h"
#include "blackbox/server_process.h"

namespace hearth::blackbox {
namespace {

double NowSeconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

double SoakSeconds() {
  const char* text = std::getenv("HEARTH_SOAK_SECONDS");
  return text == nullptr ? 30 : std::atof(text);
}

constexpr const char* kSeries[] = {
    "node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"}",
    "node_memory_MemFree_bytes",
    "node_memory_MemAvailable_bytes",
    "node_load1",
    "node_load5",
    "node_context_switches_total",
    "node_intr_total",
    "node_forks_total",
    "process_cpu_seconds_total",
    "up",
};

class RemoteWritePeersTest : public testing::Test {
 protected:
  void StartNodeExporter() {
    node_port_ = FreePort();
    node_ = std::make_unique<Process>(
        std::vector<std::string>{"prometheus-node-exporter",
                                 "--web.listen-address=127.0.0.1:" + std::to_string(node_port_)},
        directory_.Path("node.log"));
    ASSERT_TRUE(WaitFor(seconds(20), [&] {
      return Http("GET", "http://127.0.0.1:" + std::to_string(node_port_) + "/metrics").status ==
             200;
    }));
  }
  std::string ScrapeConfig() const {
    return "scrape_configs:\n  - job_name: node\n    scrape_interval: 1s\n    static_configs:\n    "
           "  - targets: ['127.0.0.1:" +
           std::to_string(node_port_) + "']\n";
  }
  // Lets them run, then compares the counts of a span that both sides have in full.
  void Compare(const ServerProcess& hearth, const ServerProcess& peer) {
    ASSERT_TRUE(WaitFor(seconds(30), [&] {
      return hearth.Value("up").has_value() && peer.Value("up").has_value();
    }));
    const double start = NowSeconds();
    WaitFor(milliseconds(static_cast<int64_t>(SoakSeconds() * 1000)), [&] { return false; });
    const double end = std::floor(start + SoakSeconds()) - 2.0;
    const auto arrived = [&](const ServerProcess& server) {
      return server.Value("timestamp(up)").value_or(0) > end + 2;
    };
    ASSERT_TRUE(WaitFor(seconds(60), [&] { return arrived(hearth) && arrived(peer); }));
    const std::string window = "[" + std::to_string(static_cast<int>(SoakSeconds()) - 5) + "s]";
    for (const char* series : kSeries) {
      const std::string query = std::string("count_over_time(") + series + window + ")";
      // Half a scrape interval off the sample, so that an open or closed window edge decides
      // nothing.
      const double phase =
          peer.Value(std::string("timestamp(") + series + ") % 1", end).value_or(0);
      const double t = std::floor(end) + phase + 0.5;
      const std::optional<double> expected = peer.Value(query, t), actual = hearth.Value(query, t);
      ASSERT_TRUE(expected.has_value()) << query;
      EXPECT_GT(*expected, 0);
      EXPECT_EQ(expected, actual) << query;
    }
  }
  TempDir directory_;
  uint16_t node_port_ = 0;
  std::unique_ptr<Process> node_;
};

TEST_F(RemoteWritePeersTest, PrometheusRemoteWriteArrivesComplete) {
  for (const char* program : {"prometheus", "prometheus-node-exporter"}) {
    if (FindProgram(program).empty()) GTEST_SKIP() << program << " is not installed";
  }
  StartNodeExporter();
  std::unique_ptr<ServerProcess> hearth = StartHearth(directory_);
  ASSERT_TRUE(hearth->WaitUntilOk("/-/ready")) << hearth->process().Output();
  std::unique_ptr<ServerProcess> prometheus =
      StartPrometheus(directory_, "prometheus",
                      ScrapeConfig() + "remote_write:\n  - url: " + hearth->Url("/api/v1/write") +
                          "\n    queue_config: {batch_send_deadline: 1s}\n");
  ASSERT_TRUE(prometheus->WaitUntilOk("/-/ready")) << prometheus->process().Output();
  Compare(*hearth, *prometheus);
}

TEST_F(RemoteWritePeersTest, VmagentWritesTheSameToHearthAndToVictoriaMetrics) {
  for (const char* program : {"victoria-metrics", "vmagent", "prometheus-node-exporter"}) {
    if (FindProgram(program).empty()) GTEST_SKIP() << program << " is not installed";
  }
  StartNodeExporter();
  std::unique_ptr<ServerProcess> hearth = StartHearth(directory_);
  ASSERT_TRUE(hearth->WaitUntilOk("/-/ready")) << hearth->process().Output();
  const uint16_t vm_port = FreePort(), agent_port = FreePort();
  ServerProcess victoria({"victoria-metrics", "-storageDataPath=" + directory_.Path("vm"),
                          "-httpListenAddr=127.0.0.1:" + std::to_string(vm_port),
                          "-search.latencyOffset=0s", "-search.disableCache"},
                         vm_port, directory_.Path("vm.log"));
  ASSERT_TRUE(victoria.WaitUntilOk("/health")) << victoria.process().Output();
  ServerProcess agent(
      {"vmagent", "-promscrape.config=" + directory_.Write("vmagent.yml", ScrapeConfig()),
       "-remoteWrite.url=" + hearth->Url("/api/v1/write"),
       "-remoteWrite.url=" + victoria.Url("/api/v1/write"),
       "-remoteWrite.tmpDataPath=" + directory_.Path("vmagent"),
       "-httpListenAddr=127.0.0.1:" + std::to_string(agent_port)},
      agent_port, directory_.Path("vmagent.log"));
  ASSERT_TRUE(agent.WaitUntilOk("/health")) << agent.process().Output();
  Compare(*hearth, victoria);
}

}  // namespace
}  // namespace hearth::blackbox
