// Targets that come from an HTTP endpoint, a Docker engine's socket and DNS: found, followed, and
// kept when the source fails.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <set>

#include "blackbox/server_process.h"
#include "http/fake_api.h"
#include "http/fake_dns.h"

namespace hearth::blackbox {
namespace {

using Addresses = std::set<std::string>;

class DiscoveryTest : public testing::Test {
 protected:
  void Start(const std::string& scrape_configs) {
    hearth_ = StartHearth(directory_,
                          "global: {scrape_interval: 1s}\nscrape_configs:\n" + scrape_configs);
    ASSERT_TRUE(hearth_->WaitUntilOk("/-/ready")) << hearth_->process().Output();
  }
  // `__address__` of the active targets of a job.
  Addresses Discovered(const std::string& job) const {
    Addresses addresses;
    const nlohmann::json answer = hearth_->Get("/api/v1/targets?state=active").Json();
    if (!answer.is_object()) return addresses;
    for (const nlohmann::json& target : answer["data"]["activeTargets"]) {
      if (target["scrapePool"] == job)
        addresses.insert(target["discoveredLabels"]["__address__"].get<std::string>());
    }
    return addresses;
  }
  // Providers refresh every second here, and the server follows them every five.
  void ExpectTargets(const std::string& job, const Addresses& expected) const {
    EXPECT_TRUE(WaitFor(seconds(30), [&] { return Discovered(job) == expected; }))
        << job << ": " << nlohmann::json(Discovered(job)) << hearth_->process().Output();
  }
  double Metric(const std::string& line_start) const {
    const std::string text = hearth_->Get("/metrics").body;
    const size_t at = text.find("\n" + line_start);
    if (at == std::string::npos) return -1;
    return std::atof(text.c_str() + at + 1 + line_start.size());
  }

  TempDir directory_;
  http::FakeApi api_;
  std::unique_ptr<ServerProcess> hearth_;
};

TEST_F(DiscoveryTest, HttpTargetsAreFollowedAndKeptWhenTheEndpointFails) {
  api_.Answer("/sd", R"([{"targets": ["127.0.0.1:1", "127.0.0.1:2"], "labels": {"env": "x"}}])");
  Start("- {job_name: web, http_sd_configs: [{url: '" + api_.Url() +
        "/sd', refresh_interval: 1s}]}\n");
  ExpectTargets("web", {"127.0.0.1:1", "127.0.0.1:2"});
  api_.Answer("/sd", R"([{"targets": ["127.0.0.1:3"]}])");
  ExpectTargets("web", {"127.0.0.1:3"});
  api_.Answer("/sd", "gone", 500);
  const std::string failures =
      "prometheus_sd_refresh_failures_total{config=\"web\",mechanism=\"http\"} ";
  EXPECT_TRUE(WaitFor(seconds(30), [&] { return Metric(failures) >= 7; }));
  EXPECT_EQ(Discovered("web"), Addresses{"127.0.0.1:3"});
  EXPECT_GE(Metric("prometheus_sd_http_failures_total "), 7);
  EXPECT_EQ(Metric("prometheus_sd_discovered_targets{name=\"scrape\",config=\"web\"} "), 1);
  const std::string output = hearth_->process().Output();
  const size_t said = output.find("server returned HTTP status 500");
  ASSERT_NE(said, std::string::npos);
  EXPECT_EQ(output.find("server returned HTTP status 500", said + 1), std::string::npos)
      << "said once";
}

TEST_F(DiscoveryTest, ContainersOfADockerSocketBecomeJobsByTheirLabels) {
  const std::string socket = "/tmp/hearth-blackbox-docker-" + std::to_string(::getpid());
  http::FakeApi engine(socket);
  const auto container = [](const std::string& id, const std::string& ip) {
    return R"({"Id": ")" + id + R"(", "Names": ["/)" + id +
           R"("], "Labels": {"prometheus-job": "shop"},
        "Ports": [{"PrivatePort": 1, "Type": "tcp"}], "HostConfig": {"NetworkMode": "app"},
        "NetworkSettings": {"Networks": {"app": {"NetworkID": "n1", "IPAddress": ")" +
           ip + "\"}}}}";
  };
  engine.Answer("/networks", R"([{"Id": "n1", "Name": "app", "Scope": "local"}])");
  engine.Answer("/containers/json", "[" + container("a", "127.0.0.1") + "]");
  Start("- job_name: docker\n  docker_sd_configs: [{host: 'unix://" + socket +
        "', refresh_interval: 1s}]\n  relabel_configs:\n"
        "  - {source_labels: [__meta_docker_container_label_prometheus_job], target_label: job}\n"
        "  - {source_labels: [__meta_docker_network_name], target_label: network}\n");
  ExpectTargets("docker", {"127.0.0.1:1"});
  EXPECT_TRUE(WaitFor(seconds(30), [&] {
    return hearth_->Value("up{job=\"shop\",network=\"app\",instance=\"127.0.0.1:1\"}") == 0.0;
  }));
  engine.Answer("/containers/json",
                "[" + container("a", "127.0.0.1") + "," + container("b", "127.0.0.2") + "]");
  ExpectTargets("docker", {"127.0.0.1:1", "127.0.0.2:1"});
}

TEST_F(DiscoveryTest, DnsNamesAreFollowed) {
  http::FakeDns dns;
  dns.SetAddresses("tasks.web.test", http::FakeDns::Type::kA, {"127.0.0.1", "127.0.0.2"});
  dns.SetHosts("_m._tcp.test", http::FakeDns::Type::kSrv, {{"localhost", 9100}});
  ::setenv("HEARTH_DNS_SERVERS", dns.Address().c_str(), 1);
  Start(
      "- {job_name: a, dns_sd_configs: [{names: [tasks.web.test], type: A, port: 1, "
      "refresh_interval: 1s}]}\n"
      "- {job_name: srv, dns_sd_configs: [{names: [_m._tcp.test], refresh_interval: 1s}]}\n");
  ::unsetenv("HEARTH_DNS_SERVERS");
  ExpectTargets("a", {"127.0.0.1:1", "127.0.0.2:1"});
  ExpectTargets("srv", {"localhost:9100"});
  dns.SetAddresses("tasks.web.test", http::FakeDns::Type::kA, {"127.0.0.3"});
  ExpectTargets("a", {"127.0.0.3:1"});
  dns.Fail("tasks.web.test", http::FakeDns::kServerFailure);
  EXPECT_TRUE(WaitFor(seconds(30),
                      [&] { return Metric("prometheus_sd_dns_lookup_failures_total ") >= 7; }));
  EXPECT_EQ(Discovered("a"), Addresses{"127.0.0.3:1"});
}

}  // namespace
}  // namespace hearth::blackbox
