#include "scrape/discovery/dns_discovery.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "http/fake_dns.h"

namespace hearth {
namespace {

using http::FakeDns;

class DnsDiscoveryTest : public testing::Test {
 protected:
  std::unique_ptr<Discovery> Make(const std::string& type, std::vector<std::string> names) {
    DnsSdConfig config;
    config.names = std::move(names);
    config.type = type;
    config.port = 9100;
    auto discovery = DnsDiscovery::Create(
        config, &registry_, [this](const std::string& text) { warnings_.push_back(text); },
        dns_.Address());
    EXPECT_TRUE(discovery.ok()) << discovery.status();
    return *std::move(discovery);
  }
  std::string Metrics() const {
    std::string text;
    registry_.Render(&text);
    return text;
  }

  FakeDns dns_;
  metrics::Registry registry_;
  std::vector<std::string> warnings_;
};

TEST_F(DnsDiscoveryTest, AddressesHaveTheConfiguredPort) {
  dns_.SetAddresses("tasks.web.test", FakeDns::Type::kA, {"10.0.0.2", "10.0.0.1"});
  dns_.SetAddresses("tasks.web.test", FakeDns::Type::kAaaa, {"fd00::1"});
  const auto v4 = Make("A", {"tasks.web.test"})->Refresh();
  ASSERT_TRUE(v4.ok()) << v4.status();
  EXPECT_EQ(*v4, (std::vector<Labels>{
                     {{"__address__", "10.0.0.1:9100"}, {"__meta_dns_name", "tasks.web.test"}},
                     {{"__address__", "10.0.0.2:9100"}, {"__meta_dns_name", "tasks.web.test"}}}));
  const auto v6 = Make("aaaa", {"tasks.web.test"})->Refresh();
  ASSERT_EQ(v6->size(), 1u);
  EXPECT_EQ((*v6)[0].Get("__address__"), "[fd00::1]:9100");
}

TEST_F(DnsDiscoveryTest, RecordsThatNameHosts) {
  dns_.SetHosts("_web._tcp.test", FakeDns::Type::kSrv, {{"a.test", 8080}, {"b.test", 8081}});
  const auto srv = Make("SRV", {"_web._tcp.test"})->Refresh();
  ASSERT_TRUE(srv.ok()) << srv.status();
  ASSERT_EQ(srv->size(), 2u);
  EXPECT_EQ((*srv)[0], (Labels{{"__address__", "a.test:8080"},
                               {"__meta_dns_name", "_web._tcp.test"},
                               {"__meta_dns_srv_record_port", "8080"},
                               {"__meta_dns_srv_record_target", "a.test."}}));
  dns_.SetHosts("test.test", FakeDns::Type::kMx, {{"mail.test", 0}});
  const auto mx = Make("MX", {"test.test"})->Refresh();
  ASSERT_EQ(mx->size(), 1u);
  EXPECT_EQ((*mx)[0], (Labels{{"__address__", "mail.test:9100"},
                              {"__meta_dns_mx_record_target", "mail.test."},
                              {"__meta_dns_name", "test.test"}}));
  dns_.SetHosts("test.test", FakeDns::Type::kNs, {{"ns.test", 0}});
  const auto ns = Make("NS", {"test.test"})->Refresh();
  ASSERT_EQ(ns->size(), 1u);
  EXPECT_EQ((*ns)[0].Get("__meta_dns_ns_record_target"), "ns.test.");
}

TEST_F(DnsDiscoveryTest, ANameThatFailsKeepsItsTargetsAndTheOthersAreFollowed) {
  dns_.SetAddresses("one.test", FakeDns::Type::kA, {"10.0.0.1"});
  dns_.SetAddresses("two.test", FakeDns::Type::kA, {"10.0.0.2"});
  const auto discovery = Make("A", {"one.test", "two.test"});
  ASSERT_EQ(discovery->Refresh()->size(), 2u);
  dns_.Fail("one.test", FakeDns::kServerFailure);
  dns_.SetAddresses("two.test", FakeDns::Type::kA, {"10.0.0.3"});
  for (int i = 0; i < 2; ++i) {
    const auto targets = discovery->Refresh();
    ASSERT_TRUE(targets.ok());
    ASSERT_EQ(targets->size(), 2u);
    EXPECT_EQ((*targets)[0].Get("__address__"), "10.0.0.1:9100");
    EXPECT_EQ((*targets)[1].Get("__address__"), "10.0.0.3:9100");
  }
  ASSERT_EQ(warnings_.size(), 1u);
  EXPECT_NE(warnings_[0].find("could not resolve \"one.test\""), std::string::npos);
  dns_.Fail("one.test", FakeDns::kNoSuchName);
  EXPECT_EQ(discovery->Refresh()->size(), 1u) << "it is gone";
  EXPECT_NE(Metrics().find("prometheus_sd_dns_lookups_total 8\n"), std::string::npos) << Metrics();
  EXPECT_NE(Metrics().find("prometheus_sd_dns_lookup_failures_total 2\n"), std::string::npos);
}

TEST_F(DnsDiscoveryTest, CancelEndsAQuestionThatWaits) {
  dns_.Hold();
  const auto discovery = Make("A", {"one.test"});
  auto status = std::async(std::launch::async, [&] { return discovery->Refresh().status(); });
  while (dns_.questions() == 0) std::this_thread::yield();
  discovery->Cancel();
  EXPECT_TRUE(absl::IsCancelled(status.get()));
  EXPECT_TRUE(absl::IsCancelled(discovery->Refresh().status()));
}

TEST_F(DnsDiscoveryTest, AServerThatIsNotThereIsAFailure) {
  DnsResolver resolver("127.0.0.1:1");
  const auto answers = resolver.Resolve({"one.test"}, DnsType::kA);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_TRUE(absl::IsUnavailable(answers[0].records.status())) << answers[0].records.status();
}

TEST_F(DnsDiscoveryTest, RefusesATypeItDoesNotKnow) {
  DnsSdConfig config;
  config.type = "TXT";
  EXPECT_EQ(
      std::string(
          DnsDiscovery::Create(config, &registry_, [](const std::string&) {}).status().message()),
      "invalid DNS-SD records type TXT");
}

}  // namespace
}  // namespace hearth
