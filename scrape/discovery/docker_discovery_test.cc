#include "scrape/discovery/docker_discovery.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "http/fake_api.h"
#include "scrape/discovery/docker_api.h"

namespace hearth {
namespace {

constexpr std::string_view kNetworks = R"([
  {"Id": "n1", "Name": "app_default", "Scope": "local", "Internal": false, "Ingress": false,
   "Labels": {"com.docker.compose.network": "default"}},
  {"Id": "n2", "Name": "zone", "Scope": "local", "Internal": true, "Ingress": false, "Labels": {}}])";

constexpr std::string_view kContainers = R"([
  {"Id": "c1", "Names": ["/app_web_1"], "Labels": {"prometheus-job": "web"},
   "Ports": [{"PrivatePort": 80, "PublicPort": 8080, "IP": "0.0.0.0", "Type": "tcp"},
             {"PrivatePort": 53, "Type": "udp"}],
   "HostConfig": {"NetworkMode": "app_default"},
   "NetworkSettings": {"Networks": {
     "zone": {"NetworkID": "n2", "IPAddress": "10.2.0.9"},
     "app_default": {"NetworkID": "n1", "IPAddress": "10.1.0.2"}}}},
  {"Id": "c2", "Names": ["/sidecar"], "Labels": {}, "Ports": [],
   "HostConfig": {"NetworkMode": "container:c1"}, "NetworkSettings": {"Networks": {}}},
  {"Id": "c3", "Names": ["/onhost"], "Labels": {}, "Ports": [],
   "HostConfig": {"NetworkMode": "host"},
   "NetworkSettings": {"Networks": {"host": {"NetworkID": "n9", "IPAddress": ""}}}},
  {"Id": "c4", "Names": ["/six"], "Labels": {}, "Ports": [{"PrivatePort": 81, "Type": "tcp"}],
   "HostConfig": {"NetworkMode": "zone"},
   "NetworkSettings": {"Networks": {"zone": {"NetworkID": "n2", "IPAddress": "",
                                             "GlobalIPv6Address": "fc00::2"}}}}])";

std::vector<Labels> Targets(const DockerSdConfig& config, std::string_view containers,
                            std::string_view networks) {
  return DockerTargets(config, *ParseJson(containers), *ParseJson(networks));
}

std::vector<std::string> Addresses(const std::vector<Labels>& targets) {
  std::vector<std::string> addresses;
  for (const Labels& labels : targets) addresses.emplace_back(labels.Get("__address__"));
  return addresses;
}

TEST(DockerTargetsTest, ATargetForThePortsOfTheFirstNetwork) {
  const auto targets = Targets({}, kContainers, kNetworks);
  EXPECT_EQ(Addresses(targets),
            (std::vector<std::string>{"10.1.0.2:80", "10.1.0.2:80", "localhost", "[fc00::2]:81"}));
  EXPECT_EQ(targets[0],
            (Labels{{"__address__", "10.1.0.2:80"},
                    {"__meta_docker_container_id", "c1"},
                    {"__meta_docker_container_label_prometheus_job", "web"},
                    {"__meta_docker_container_name", "/app_web_1"},
                    {"__meta_docker_container_network_mode", "app_default"},
                    {"__meta_docker_network_id", "n1"},
                    {"__meta_docker_network_ingress", "false"},
                    {"__meta_docker_network_internal", "false"},
                    {"__meta_docker_network_ip", "10.1.0.2"},
                    {"__meta_docker_network_label_com_docker_compose_network", "default"},
                    {"__meta_docker_network_name", "app_default"},
                    {"__meta_docker_network_scope", "local"},
                    {"__meta_docker_port_private", "80"},
                    {"__meta_docker_port_public", "8080"},
                    {"__meta_docker_port_public_ip", "0.0.0.0"}}));
  EXPECT_EQ(targets[1].Get("__meta_docker_network_name"), "app_default") << "shared with c1";
  EXPECT_EQ(targets[1].Get("__meta_docker_port_private"), "");
  EXPECT_EQ(targets[3].Get("__meta_docker_network_internal"), "true");
}

TEST(DockerTargetsTest, AllNetworksAndOtherPortsWhenAskedFor) {
  DockerSdConfig config;
  config.match_first_network = false;
  config.port = 9999;
  config.host_networking_host = "box";
  EXPECT_EQ(Addresses(Targets(config, kContainers, kNetworks)),
            (std::vector<std::string>{"10.1.0.2:80", "10.2.0.9:80", "10.1.0.2:9999",
                                      "10.2.0.9:9999", "box", "[fc00::2]:81"}));
}

TEST(DockerTargetsTest, ContainersThatShareInARingHaveNoTargets) {
  EXPECT_TRUE(
      Targets({}, R"([{"Id": "a", "Names": ["/a"], "HostConfig": {"NetworkMode": "container:b"}},
                              {"Id": "b", "Names": ["/b"], "HostConfig": {"NetworkMode": "container:a"}}])",
              "[]")
          .empty());
  EXPECT_TRUE(Targets({}, R"([1, null, {"Names": 5}, {"Names": [null]}])", "{}").empty());
}

// Recorded answers of an engine.
TEST(DockerTargetsTest, RecordedAnswersGiveTheDocumentedTargets) {
  const char* shared = std::getenv("HEARTH_SHARED");
  const std::string folder = std::string(shared == nullptr ? "../shared" : shared) +
                             "/conformance/discovery/moby/testdata/dockerprom/";
  const auto read = [&](const std::string& name) {
    std::ostringstream text;
    text << std::ifstream(folder + name).rdbuf();
    return text.str();
  };
  const std::string containers = read("containers/json.json");
  if (containers.empty()) GTEST_SKIP() << "upstream data not found: set HEARTH_SHARED";
  const auto targets = Targets({}, containers, read("networks.json"));
  EXPECT_EQ(Addresses(targets),
            (std::vector<std::string>{"172.19.0.2:9100", "172.19.0.3:80", "localhost",
                                      "172.20.0.2:3306", "172.20.0.2:33060", "172.20.0.2:9104",
                                      "172.20.0.3:3306", "172.20.0.3:33060"}));
  EXPECT_EQ(targets[0].Get("__meta_docker_container_label_com_docker_compose_service"), "node");
  EXPECT_EQ(targets[0].Get("__meta_docker_network_name"), "dockersd_default");
}

class DockerDiscoveryTest : public testing::Test {
 protected:
  std::unique_ptr<Discovery> Make(DockerSdConfig config) {
    auto discovery = DockerDiscovery::Create(config, &io_);
    EXPECT_TRUE(discovery.ok()) << discovery.status();
    return *std::move(discovery);
  }
  http::IoThread io_;
};

TEST_F(DockerDiscoveryTest, AsksThroughAUnixSocket) {
  const std::string path = "/tmp/hearth-docker-test-" + std::to_string(::getpid());
  DockerSdConfig config;
  config.host = "unix://" + path;
  config.filters = {{"name", {"web", "db"}}};
  const auto discovery = Make(config);
  EXPECT_NE(std::string(discovery->Refresh().status().message()).find("dial unix " + path),
            std::string::npos);
  http::FakeApi api(path);
  api.Answer("/containers/json?filters=%7B%22name%22%3A%7B%22db%22%3Atrue%2C%22web%22%3Atrue%7D%7D",
             kContainers);
  const auto failed = discovery->Refresh();
  EXPECT_EQ(std::string(failed.status().message()),
            "Get \"http://docker/networks\": server returned HTTP status 404 Not Found");
  api.Answer("/networks", kNetworks);
  const auto targets = discovery->Refresh();
  ASSERT_TRUE(targets.ok()) << targets.status();
  EXPECT_EQ(targets->size(), 4u);
}

TEST_F(DockerDiscoveryTest, AsksOverTcp) {
  http::FakeApi api;
  api.Answer("/containers/json", kContainers);
  api.Answer("/networks", kNetworks);
  DockerSdConfig config;
  config.host = "tcp://127.0.0.1:" + std::to_string(api.port()) + "/";
  const auto targets = Make(config)->Refresh();
  ASSERT_TRUE(targets.ok()) << targets.status();
  EXPECT_EQ(targets->size(), 4u);
  api.Answer("/containers/json", "<html>");
  EXPECT_NE(std::string(Make(config)->Refresh().status().message()).find("invalid JSON in 6 bytes"),
            std::string::npos);
}

TEST_F(DockerDiscoveryTest, RefusesAHostItCannotSpeakTo) {
  DockerSdConfig config;
  config.host = "ssh://box";
  EXPECT_EQ(std::string(DockerDiscovery::Create(config, &io_).status().message()),
            "Docker host \"ssh://box\": want unix://, tcp://, http:// or https://");
}

}  // namespace
}  // namespace hearth
