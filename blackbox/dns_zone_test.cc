// Targets from a zone that dnsmasq serves, in a network of the test's own: the server reads the
// system's /etc/resolv.conf, asks port 53, and follows what changes within the refresh interval.
// The targets of SRV records are scraped by the names that the records give.
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <iostream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "blackbox/http_fixture.h"
#include "blackbox/private_network.h"
#include "blackbox/server_process.h"

namespace hearth::blackbox {
namespace {

using Addresses = std::set<std::string>;

// How often a provider asks here, and the server takes over what it found.
constexpr double kRefreshSeconds = 1;
constexpr double kTakeOverSeconds = 5;

class DnsZoneTest : public testing::Test {
 protected:
  void SetUp() override {
    dnsmasq_path_ = FindProgram("dnsmasq");
    if (dnsmasq_path_.empty()) GTEST_SKIP() << "not installed: dnsmasq-base";
    const std::string refused = EnterPrivateNetwork(
        directory_.Write("resolv.conf", "nameserver 127.0.0.1\nsearch zone.test\n"));
    if (!refused.empty()) GTEST_SKIP() << "not permitted: " << refused;
    target_ = std::make_unique<HttpFixture>("a 1\n", "text/plain; version=0.0.4");
    port_ = std::to_string(target_->port());
  }

  // What is in the hosts file follows a signal; other records belong to a new process.
  void WriteHosts(const std::string& hosts) { directory_.Write("hosts", hosts); }
  void ChangeHosts(const std::string& hosts) {
    WriteHosts(hosts);
    dnsmasq_->Signal(SIGHUP);
  }
  void StartZone(const std::vector<std::string>& records) {
    dnsmasq_.reset();
    std::vector<std::string> argv = {dnsmasq_path_,
                                     "--no-daemon",
                                     "--conf-file=/dev/null",
                                     "--no-resolv",
                                     "--no-hosts",
                                     "--local=/test/",
                                     "--addn-hosts=" + directory_.Path("hosts")};
    argv.insert(argv.end(), records.begin(), records.end());
    dnsmasq_ = std::make_unique<Process>(argv, directory_.Path("dnsmasq.log"));
  }

  void StartServer() {
    const auto job = [&](const std::string& name, const std::string& names,
                         const std::string& type) {
      return "- {job_name: " + name + ", dns_sd_configs: [{names: [" + names + "], type: " + type +
             ", port: " + port_ + ", refresh_interval: 1s}]}\n";
    };
    hearth_ =
        StartHearth(directory_, "global: {scrape_interval: 1s}\nscrape_configs:\n" +
                                    job("a", "web.zone.test", "A") + job("short", "web", "A") +
                                    job("aaaa", "web.zone.test", "AAAA") +
                                    job("srv", "_metrics._tcp.zone.test", "SRV") +
                                    job("mx", "zone.test", "MX") + job("ns", "zone.test", "NS"));
    ASSERT_TRUE(hearth_->WaitUntilOk("/-/ready")) << hearth_->process().Output();
  }

  Addresses Discovered(const std::string& job) const {
    Addresses addresses;
    const nlohmann::json answer = hearth_->Get("/api/v1/targets?scrapePool=" + job).Json();
    if (!answer.is_object()) return addresses;
    for (const nlohmann::json& target : answer["data"]["activeTargets"]) {
      addresses.insert(target["discoveredLabels"]["__address__"].get<std::string>());
    }
    return addresses;
  }
  // Waits much longer than the interval, and says how long it took; a busy machine takes its time.
  void ExpectTargets(const std::string& job, const Addresses& expected) const {
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_TRUE(WaitFor(seconds(30), [&] { return Discovered(job) == expected; }))
        << job << ": " << nlohmann::json(Discovered(job)) << hearth_->process().Output()
        << dnsmasq_->Output();
    const double took =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    std::cout << job << ": followed in " << took << " s\n";
    EXPECT_LT(took, 2 * (kRefreshSeconds + kTakeOverSeconds)) << job;
  }
  // A label of the first target of a job.
  std::string Meta(const std::string& job, const std::string& label) const {
    return hearth_->Get("/api/v1/targets?scrapePool=" + job)
        .Json()["data"]["activeTargets"][0]["discoveredLabels"]
        .value(label, "");
  }
  void ExpectUp(const std::string& job, double number) const {
    EXPECT_TRUE(WaitFor(seconds(20),
                        [&] { return hearth_->Value("sum(up{job=\"" + job + "\"})") == number; }))
        << job << hearth_->Get("/api/v1/targets?scrapePool=" + job).body;
  }

  TempDir directory_;
  std::string dnsmasq_path_, port_;
  std::unique_ptr<HttpFixture> target_;
  std::unique_ptr<Process> dnsmasq_;
  std::unique_ptr<ServerProcess> hearth_;
};

TEST_F(DnsZoneTest, TargetsFollowTheZone) {
  const auto at = [&](const std::string& host) { return host + ":" + port_; };
  WriteHosts(
      "127.0.0.1 web.zone.test\n127.0.0.2 web.zone.test\n::1 web.zone.test\n"
      "127.0.0.1 n1.zone.test\n127.0.0.1 n2.zone.test\n127.0.0.3 n3.zone.test\n");
  // NS records of its own dnsmasq only knows as type 2 with their bytes: the name ns1.test.
  const std::string ns = "--dns-rr=zone.test,2,03:6e:73:31:04:74:65:73:74:00";
  StartZone({"--srv-host=_metrics._tcp.zone.test,n1.zone.test," + port_,
             "--srv-host=_metrics._tcp.zone.test,n3.zone.test,1",
             "--mx-host=zone.test,mail1.zone.test,10", ns});
  ASSERT_NO_FATAL_FAILURE(StartServer());
  ExpectTargets("a", {at("127.0.0.1"), at("127.0.0.2")});
  ExpectTargets("short", {at("127.0.0.1"), at("127.0.0.2")});
  ExpectTargets("aaaa", {at("[::1]")});
  ExpectTargets("srv", {at("n1.zone.test"), "n3.zone.test:1"});
  ExpectTargets("mx", {at("mail1.zone.test")});
  ExpectTargets("ns", {at("ns1.test")});
  EXPECT_EQ(Meta("mx", "__meta_dns_mx_record_target"), "mail1.zone.test.");
  EXPECT_EQ(Meta("ns", "__meta_dns_ns_record_target"), "ns1.test.");
  EXPECT_EQ(Meta("short", "__meta_dns_name"), "web");
  ExpectUp("srv", 1);

  ChangeHosts(
      "127.0.0.1 web.zone.test\n127.0.0.5 web.zone.test\n127.0.0.6 web.zone.test\n"
      "127.0.0.1 n1.zone.test\n127.0.0.1 n2.zone.test\n");
  ExpectTargets("a", {at("127.0.0.1"), at("127.0.0.5"), at("127.0.0.6")});
  ExpectTargets("short", {at("127.0.0.1"), at("127.0.0.5"), at("127.0.0.6")});
  ExpectTargets("aaaa", {});

  StartZone({"--srv-host=_metrics._tcp.zone.test,n1.zone.test," + port_,
             "--srv-host=_metrics._tcp.zone.test,n2.zone.test," + port_,
             "--mx-host=zone.test,mail2.zone.test,10", "--mx-host=zone.test,mail3.zone.test,20"});
  ExpectTargets("srv", {at("n1.zone.test"), at("n2.zone.test")});
  ExpectTargets("mx", {at("mail2.zone.test"), at("mail3.zone.test")});
  ExpectTargets("ns", {});
  ExpectUp("srv", 2);

  // Nobody answers: the targets stay.
  dnsmasq_->Terminate();
  const auto failures = [&] {
    const std::string text = hearth_->Get("/metrics").body;
    const std::string name = "\nprometheus_sd_dns_lookup_failures_total ";
    const size_t at = text.find(name);
    return at == std::string::npos ? 0.0 : std::stod(text.substr(at + name.size()));
  };
  const double so_far = failures();
  EXPECT_TRUE(WaitFor(seconds(60), [&] { return failures() >= so_far + 12; }));
  EXPECT_EQ(Discovered("a").size(), 3u);
  EXPECT_EQ(Discovered("srv").size(), 2u);
}

}  // namespace
}  // namespace hearth::blackbox
