#include "scrape/discovery/dockerswarm_discovery.h"

#include <gtest/gtest.h>

#include "http/fake_api.h"

namespace hearth {
namespace {

constexpr std::string_view kServices = R"([
  {"ID": "s1", "Spec": {"Name": "mon_web", "Labels": {"com.docker.stack.namespace": "mon"},
    "TaskTemplate": {"ContainerSpec": {"Image": "web:1", "Hostname": "webhost"}},
    "Mode": {"Global": {}}},
   "UpdateStatus": {"State": "completed"},
   "Endpoint": {"Ports": [
      {"Name": "http", "Protocol": "tcp", "TargetPort": 80, "PublishedPort": 8080, "PublishMode": "ingress"},
      {"Protocol": "udp", "PublishedPort": 53}],
     "VirtualIPs": [{"NetworkID": "n1", "Addr": "10.0.1.2/24"}]}},
  {"ID": "s2", "Spec": {"Name": "mon_db", "Mode": {"Replicated": {"Replicas": 1}}},
   "Endpoint": {"VirtualIPs": [{"NetworkID": "n1", "Addr": "10.0.1.9/24"}]}}])";
constexpr std::string_view kTasks = R"([
  {"ID": "t1", "Slot": 2, "ServiceID": "s1", "NodeID": "d1", "DesiredState": "running",
   "Spec": {"ContainerSpec": {"Labels": {"team": "x"}}},
   "Status": {"State": "running", "ContainerStatus": {"ContainerID": "cc"},
     "PortStatus": {"Ports": [{"Protocol": "tcp", "PublishedPort": 82, "PublishMode": "host"}]}},
   "NetworksAttachments": [{"Network": {"ID": "n1"}, "Addresses": ["10.0.1.3/24"]}]},
  {"ID": "t2", "ServiceID": "s2", "NodeID": "d1", "DesiredState": "running",
   "Status": {"State": "starting"},
   "NetworksAttachments": [{"Network": {"ID": "n1"}, "Addresses": ["10.0.1.4/24"]}]}])";
constexpr std::string_view kNodes = R"([
  {"ID": "d1", "Spec": {"Role": "manager", "Availability": "active", "Labels": {"zone": "z"}},
   "Description": {"Hostname": "m1", "Platform": {"Architecture": "x86_64", "OS": "linux"},
                   "Engine": {"EngineVersion": "28.0"}},
   "Status": {"State": "ready", "Addr": "192.168.0.1"},
   "ManagerStatus": {"Leader": true, "Reachability": "reachable", "Addr": "192.168.0.1:2377"}}])";
constexpr std::string_view kNetworks =
    R"([{"Id": "n1", "Name": "mon_net", "Scope": "swarm", "Internal": false, "Ingress": false}])";

class DockerSwarmTest : public testing::Test {
 protected:
  DockerSwarmTest() {
    api_.Answer("/services", kServices);
    api_.Answer("/tasks", kTasks);
    api_.Answer("/nodes", kNodes);
    api_.Answer("/networks", kNetworks);
  }
  std::vector<Labels> Refresh(const std::string& role) {
    DockerSwarmSdConfig config;
    config.host = api_.Url();
    config.role = role;
    auto discovery = DockerSwarmDiscovery::Create(config, &io_);
    EXPECT_TRUE(discovery.ok()) << discovery.status();
    auto targets = (*discovery)->Refresh();
    EXPECT_TRUE(targets.ok()) << targets.status();
    return *std::move(targets);
  }
  http::FakeApi api_;
  http::IoThread io_;
};

TEST_F(DockerSwarmTest, Services) {
  const auto targets = Refresh("services");
  ASSERT_EQ(targets.size(), 2u);
  EXPECT_EQ(targets[0],
            (Labels{{"__address__", "10.0.1.2:8080"},
                    {"__meta_dockerswarm_network_id", "n1"},
                    {"__meta_dockerswarm_network_ingress", "false"},
                    {"__meta_dockerswarm_network_internal", "false"},
                    {"__meta_dockerswarm_network_name", "mon_net"},
                    {"__meta_dockerswarm_network_scope", "swarm"},
                    {"__meta_dockerswarm_service_endpoint_port_name", "http"},
                    {"__meta_dockerswarm_service_endpoint_port_publish_mode", "ingress"},
                    {"__meta_dockerswarm_service_id", "s1"},
                    {"__meta_dockerswarm_service_label_com_docker_stack_namespace", "mon"},
                    {"__meta_dockerswarm_service_mode", "global"},
                    {"__meta_dockerswarm_service_name", "mon_web"},
                    {"__meta_dockerswarm_service_task_container_hostname", "webhost"},
                    {"__meta_dockerswarm_service_task_container_image", "web:1"},
                    {"__meta_dockerswarm_service_updating_status", "completed"}}));
  EXPECT_EQ(targets[1].Get("__address__"), "10.0.1.9:80");
  EXPECT_EQ(targets[1].Get("__meta_dockerswarm_service_mode"), "replicated");
}

TEST_F(DockerSwarmTest, Tasks) {
  const auto targets = Refresh("tasks");
  ASSERT_EQ(targets.size(), 3u);
  EXPECT_EQ(targets[0].Get("__address__"), "192.168.0.1:82") << "a port of the node";
  EXPECT_FALSE(targets[0].Has("__meta_dockerswarm_network_id"));
  EXPECT_EQ(targets[0].Get("__meta_dockerswarm_task_port_publish_mode"), "host");
  EXPECT_EQ(targets[1],
            (Labels{{"__address__", "10.0.1.3:8080"},
                    {"__meta_dockerswarm_container_label_team", "x"},
                    {"__meta_dockerswarm_network_id", "n1"},
                    {"__meta_dockerswarm_network_ingress", "false"},
                    {"__meta_dockerswarm_network_internal", "false"},
                    {"__meta_dockerswarm_network_name", "mon_net"},
                    {"__meta_dockerswarm_network_scope", "swarm"},
                    {"__meta_dockerswarm_node_address", "192.168.0.1"},
                    {"__meta_dockerswarm_node_availability", "active"},
                    {"__meta_dockerswarm_node_hostname", "m1"},
                    {"__meta_dockerswarm_node_id", "d1"},
                    {"__meta_dockerswarm_node_label_zone", "z"},
                    {"__meta_dockerswarm_node_platform_architecture", "x86_64"},
                    {"__meta_dockerswarm_node_platform_os", "linux"},
                    {"__meta_dockerswarm_node_role", "manager"},
                    {"__meta_dockerswarm_node_status", "ready"},
                    {"__meta_dockerswarm_service_id", "s1"},
                    {"__meta_dockerswarm_service_label_com_docker_stack_namespace", "mon"},
                    {"__meta_dockerswarm_service_mode", "global"},
                    {"__meta_dockerswarm_service_name", "mon_web"},
                    {"__meta_dockerswarm_task_container_id", "cc"},
                    {"__meta_dockerswarm_task_desired_state", "running"},
                    {"__meta_dockerswarm_task_id", "t1"},
                    {"__meta_dockerswarm_task_port_publish_mode", "ingress"},
                    {"__meta_dockerswarm_task_slot", "2"},
                    {"__meta_dockerswarm_task_state", "running"}}));
  EXPECT_EQ(targets[2].Get("__address__"), "10.0.1.4:80");
  EXPECT_EQ(targets[2].Get("__meta_dockerswarm_task_slot"), "0");
}

TEST_F(DockerSwarmTest, Nodes) {
  const auto targets = Refresh("nodes");
  ASSERT_EQ(targets.size(), 1u);
  EXPECT_EQ(targets[0], (Labels{{"__address__", "192.168.0.1:80"},
                                {"__meta_dockerswarm_node_address", "192.168.0.1"},
                                {"__meta_dockerswarm_node_availability", "active"},
                                {"__meta_dockerswarm_node_engine_version", "28.0"},
                                {"__meta_dockerswarm_node_hostname", "m1"},
                                {"__meta_dockerswarm_node_id", "d1"},
                                {"__meta_dockerswarm_node_label_zone", "z"},
                                {"__meta_dockerswarm_node_manager_address", "192.168.0.1:2377"},
                                {"__meta_dockerswarm_node_manager_leader", "true"},
                                {"__meta_dockerswarm_node_manager_reachability", "reachable"},
                                {"__meta_dockerswarm_node_platform_architecture", "x86_64"},
                                {"__meta_dockerswarm_node_platform_os", "linux"},
                                {"__meta_dockerswarm_node_role", "manager"},
                                {"__meta_dockerswarm_node_status", "ready"}}));
  EXPECT_EQ(api_.Requests().size(), 1u) << "asks for no more than it needs";
}

TEST_F(DockerSwarmTest, AFailureOfOneListIsAFailure) {
  api_.Answer("/tasks", "This node is not a swarm manager", 503);
  DockerSwarmSdConfig config;
  config.host = api_.Url();
  config.role = "tasks";
  const auto failed = (*DockerSwarmDiscovery::Create(config, &io_))->Refresh();
  EXPECT_EQ(
      std::string(failed.status().message()),
      "Get \"" + api_.Url() + "/tasks\": server returned HTTP status 503 Service Unavailable");
  config.role = "pods";
  EXPECT_EQ(std::string(DockerSwarmDiscovery::Create(config, &io_).status().message()),
            "invalid role pods, expected tasks, services, or nodes");
}

}  // namespace
}  // namespace hearth
