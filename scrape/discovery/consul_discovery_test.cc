#include "scrape/discovery/consul_discovery.h"

#include <gtest/gtest.h>

#include "http/fake_api.h"

namespace hearth {
namespace {

constexpr std::string_view kWeb = R"([
  {"Node": {"Node": "n1", "Address": "10.0.0.1", "Datacenter": "dc1",
            "TaggedAddresses": {"lan": "10.0.0.1"}, "Meta": {"rack-no": "7"}},
   "Service": {"ID": "web-1", "Service": "web", "Tags": ["a", "b"], "Address": "10.9.0.1",
               "Port": 8080, "Meta": {"version": "2"}, "Partition": "p"},
   "Checks": [{"CheckID": "x", "Status": "passing"}, {"CheckID": "y", "Status": "warning"}]},
  {"Node": {"Node": "n2", "Address": "fd00::2", "Datacenter": "dc1"},
   "Service": {"ID": "web-2", "Service": "web", "Tags": [], "Address": "", "Port": 81},
   "Checks": [{"CheckID": "_node_maintenance", "Status": "critical"}]}])";

class ConsulDiscoveryTest : public testing::Test {
 protected:
  absl::StatusOr<std::vector<Labels>> Refresh(ConsulSdConfig config) {
    config.server = "127.0.0.1:" + std::to_string(api_.port());
    auto discovery = ConsulDiscovery::Create(config, &io_, &registry_);
    EXPECT_TRUE(discovery.ok()) << discovery.status();
    return (*discovery)->Refresh();
  }
  http::FakeApi api_;
  http::IoThread io_;
  metrics::Registry registry_;
};

TEST_F(ConsulDiscoveryTest, FollowsEveryServiceOfTheCatalogue) {
  api_.Answer("/v1/catalog/services?stale=", R"({"consul": [], "web": ["a", "b"]})");
  api_.Answer("/v1/health/service/web?stale=", kWeb);
  api_.Answer("/v1/health/service/consul?stale=", "[]");
  const auto targets = Refresh({});
  ASSERT_TRUE(targets.ok()) << targets.status();
  ASSERT_EQ(targets->size(), 2u);
  EXPECT_EQ((*targets)[0], (Labels{{"__address__", "10.9.0.1:8080"},
                                   {"__meta_consul_address", "10.0.0.1"},
                                   {"__meta_consul_dc", "dc1"},
                                   {"__meta_consul_health", "warning"},
                                   {"__meta_consul_metadata_rack_no", "7"},
                                   {"__meta_consul_node", "n1"},
                                   {"__meta_consul_partition", "p"},
                                   {"__meta_consul_service", "web"},
                                   {"__meta_consul_service_address", "10.9.0.1"},
                                   {"__meta_consul_service_id", "web-1"},
                                   {"__meta_consul_service_metadata_version", "2"},
                                   {"__meta_consul_service_port", "8080"},
                                   {"__meta_consul_tagged_address_lan", "10.0.0.1"},
                                   {"__meta_consul_tags", ",a,b,"}}));
  EXPECT_EQ((*targets)[1].Get("__address__"), "[fd00::2]:81");
  EXPECT_EQ((*targets)[1].Get("__meta_consul_health"), "maintenance");
  EXPECT_EQ((*targets)[1].Get("__meta_consul_tags"), ",,");
}

TEST_F(ConsulDiscoveryTest, AsksForWhatTheConfigurationNames) {
  ConsulSdConfig config;
  config.services = {"web"};
  config.token = {"t0ken"};
  config.datacenter = "dc1";
  config.allow_stale = false;
  config.path_prefix = "/gate/";
  config.health_filter = "Service.Port == 1";
  config.node_meta = {{"rack", "1"}};
  const std::string health =
      "/gate/v1/health/service/web?dc=dc1&node-meta=rack%3A1&filter=Service.Port%20%3D%3D%201";
  api_.Answer(health, kWeb);
  const auto targets = Refresh(config);
  ASSERT_TRUE(targets.ok()) << targets.status();
  EXPECT_EQ(targets->size(), 2u);
  ASSERT_EQ(api_.Requests().size(), 1u) << "named services need no catalogue";
  EXPECT_NE(api_.Requests()[0].find("\r\nX-Consul-Token: t0ken\r\n"), std::string::npos);
}

TEST_F(ConsulDiscoveryTest, TagsChooseServices) {
  ConsulSdConfig config;
  config.tags = {"a", "b"};
  const Json catalog = *ParseJson(R"({"one": ["a"], "two": ["b", "a"], "none": null})");
  EXPECT_EQ(ConsulServices(config, catalog), std::vector<std::string>{"two"});
  config.services = {"one"};
  EXPECT_TRUE(ConsulServices(config, catalog).empty());
  config.tags = {};
  EXPECT_EQ(ConsulServices(config, catalog), std::vector<std::string>{"one"});
  EXPECT_TRUE(ConsulServices(config, *ParseJson("[]")).empty());
}

TEST_F(ConsulDiscoveryTest, AFailedCallFailsTheRefreshAndCounts) {
  EXPECT_NE(std::string(Refresh({}).status().message()).find("HTTP status 404 Not Found"),
            std::string::npos);
  api_.Answer("/v1/catalog/services?stale=", R"({"web": []})");
  api_.Answer("/v1/health/service/web?stale=", "nope", 500);
  EXPECT_FALSE(Refresh({}).ok());
  std::string text;
  registry_.Render(&text);
  EXPECT_NE(text.find("prometheus_sd_consul_rpc_failures_total 2\n"), std::string::npos) << text;
  EXPECT_NE(text.find("prometheus_sd_consul_rpc_duration_seconds_count{call=\"services\","
                      "endpoint=\"catalog\"} 2\n"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace hearth
