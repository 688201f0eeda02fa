#include "scrape/discovery/kubernetes_discovery.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "http/fake_api.h"
#include "model/text.h"
#include "scrape/discovery/kubernetes_access.h"

namespace hearth {
namespace {

constexpr std::string_view kPod = R"({
  "metadata": {"namespace": "shop", "name": "web-1", "uid": "u1", "resourceVersion": "5",
    "labels": {"app.kubernetes.io/name": "web"}, "annotations": {"scrape": ""},
    "ownerReferences": [{"kind": "ReplicaSet", "name": "web", "controller": true}]},
  "spec": {"nodeName": "n1",
    "containers": [
      {"name": "app", "image": "web:1", "ports": [
        {"name": "http", "containerPort": 8080, "protocol": "TCP"},
        {"name": "metrics", "containerPort": 9100, "protocol": "TCP"}]},
      {"name": "side", "image": "side:1"}],
    "initContainers": [{"name": "init", "image": "init:1"}]},
  "status": {"podIP": "10.1.0.5", "hostIP": "192.168.0.1", "phase": "Running",
    "conditions": [{"type": "Ready", "status": "True"}],
    "containerStatuses": [{"name": "app", "containerID": "containerd://abc"}]}})";
constexpr std::string_view kService = R"({
  "metadata": {"namespace": "shop", "name": "web", "labels": {"tier": "front"}},
  "spec": {"type": "ClusterIP", "clusterIP": "10.9.0.1",
           "ports": [{"name": "http", "port": 80, "protocol": "TCP"}]}})";
constexpr std::string_view kEndpoints = R"({
  "metadata": {"namespace": "shop", "name": "web"},
  "subsets": [{"ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
    "addresses": [{"ip": "10.1.0.5", "nodeName": "n1",
      "targetRef": {"kind": "Pod", "namespace": "shop", "name": "web-1"}}],
    "notReadyAddresses": [{"ip": "10.1.0.6", "hostname": "h"}]}]})";
constexpr std::string_view kSlice = R"({
  "metadata": {"namespace": "shop", "name": "web-x", "labels": {"kubernetes.io/service-name": "web"}},
  "addressType": "IPv4", "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
  "endpoints": [{"addresses": ["10.1.0.5"], "nodeName": "n1", "zone": "z",
    "conditions": {"ready": true, "terminating": false},
    "targetRef": {"kind": "Pod", "namespace": "shop", "name": "web-1"}}]})";
constexpr std::string_view kNode = R"({
  "metadata": {"name": "n1", "labels": {"zone": "z"}}, "spec": {"providerID": "cloud://1"},
  "status": {"addresses": [{"type": "Hostname", "address": "n1.local"},
                           {"type": "InternalIP", "address": "192.168.0.1"}],
             "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}}}})";
constexpr std::string_view kIngress = R"({
  "metadata": {"namespace": "shop", "name": "in"},
  "spec": {"ingressClassName": "nginx", "tls": [{"hosts": ["*.example.org"]}], "rules": [
    {"host": "a.example.org", "http": {"paths": [{"path": "/x"}, {"path": "/y"}]}},
    {"host": "plain.org"}]}})";

KubeObjects Objects(std::string_view text) {
  Json object = *ParseJson(text);
  const std::string key = KubeKey(object);
  return {{key, std::move(object)}};
}

TEST(KubernetesTargetsTest, Pods) {
  KubeCluster cluster;
  cluster.pods = Objects(kPod);
  const auto targets = KubePodTargets(cluster);
  ASSERT_EQ(targets.size(), 4u);
  EXPECT_EQ(targets[0],
            (Labels{{"__address__", "10.1.0.5:8080"},
                    {"__meta_kubernetes_namespace", "shop"},
                    {"__meta_kubernetes_pod_annotationpresent_scrape", "true"},
                    {"__meta_kubernetes_pod_container_id", "containerd://abc"},
                    {"__meta_kubernetes_pod_container_image", "web:1"},
                    {"__meta_kubernetes_pod_container_init", "false"},
                    {"__meta_kubernetes_pod_container_name", "app"},
                    {"__meta_kubernetes_pod_container_port_name", "http"},
                    {"__meta_kubernetes_pod_container_port_number", "8080"},
                    {"__meta_kubernetes_pod_container_port_protocol", "TCP"},
                    {"__meta_kubernetes_pod_controller_kind", "ReplicaSet"},
                    {"__meta_kubernetes_pod_controller_name", "web"},
                    {"__meta_kubernetes_pod_host_ip", "192.168.0.1"},
                    {"__meta_kubernetes_pod_ip", "10.1.0.5"},
                    {"__meta_kubernetes_pod_label_app_kubernetes_io_name", "web"},
                    {"__meta_kubernetes_pod_labelpresent_app_kubernetes_io_name", "true"},
                    {"__meta_kubernetes_pod_name", "web-1"},
                    {"__meta_kubernetes_pod_node_name", "n1"},
                    {"__meta_kubernetes_pod_phase", "Running"},
                    {"__meta_kubernetes_pod_ready", "true"},
                    {"__meta_kubernetes_pod_uid", "u1"}}));
  EXPECT_EQ(targets[2].Get("__address__"), "10.1.0.5");
  EXPECT_EQ(targets[3].Get("__meta_kubernetes_pod_container_init"), "true");
  cluster.nodes = Objects(kNode);
  EXPECT_EQ(KubePodTargets(cluster)[0].Get("__meta_kubernetes_node_label_zone"), "z");
}

TEST(KubernetesTargetsTest, PodsHaveTheNamesOfWhatControlsTheirControllers) {
  const auto owned = [](std::string_view name, std::string_view kind, std::string_view owner) {
    return StrCat(R"({"metadata": {"namespace": "shop", "name": ")", name,
                  R"(", "ownerReferences": [{"kind": "X", "name": "x"}, {"kind": ")", kind,
                  R"(", "name": ")", owner, R"(", "controller": true}]},
        "spec": {"containers": [{"name": "c"}]}, "status": {"podIP": "10.1.0.7"}})");
  };
  KubeCluster cluster;
  cluster.pods = Objects(owned("a", "Job", "night-1"));
  EXPECT_FALSE(KubePodTargets(cluster)[0].Has("__meta_kubernetes_pod_job_name"));
  cluster.attaches_jobs = true;
  cluster.jobs = Objects(owned("night-1", "CronJob", "night"));
  Labels target = KubePodTargets(cluster)[0];
  EXPECT_EQ(target.Get("__meta_kubernetes_pod_controller_kind"), "Job");
  EXPECT_EQ(target.Get("__meta_kubernetes_pod_job_name"), "night-1");
  EXPECT_EQ(target.Get("__meta_kubernetes_pod_cronjob_name"), "night");
  cluster.pods = Objects(owned("a", "ReplicaSet", "web-1"));
  cluster.replicasets = Objects(owned("web-1", "Deployment", "web"));
  target = KubePodTargets(cluster)[0];
  EXPECT_EQ(target.Get("__meta_kubernetes_pod_deployment_name"), "web");
  EXPECT_FALSE(target.Has("__meta_kubernetes_pod_job_name"));
}

TEST(KubernetesTargetsTest, ServicesNodesAndIngresses) {
  KubeCluster cluster;
  cluster.services = Objects(kService);
  cluster.nodes = Objects(kNode);
  cluster.ingresses = Objects(kIngress);
  const auto services = KubeServiceTargets(cluster);
  ASSERT_EQ(services.size(), 1u);
  EXPECT_EQ(services[0], (Labels{{"__address__", "web.shop.svc:80"},
                                 {"__meta_kubernetes_namespace", "shop"},
                                 {"__meta_kubernetes_service_cluster_ip", "10.9.0.1"},
                                 {"__meta_kubernetes_service_label_tier", "front"},
                                 {"__meta_kubernetes_service_labelpresent_tier", "true"},
                                 {"__meta_kubernetes_service_name", "web"},
                                 {"__meta_kubernetes_service_port_name", "http"},
                                 {"__meta_kubernetes_service_port_number", "80"},
                                 {"__meta_kubernetes_service_port_protocol", "TCP"},
                                 {"__meta_kubernetes_service_type", "ClusterIP"}}));
  const auto nodes = KubeNodeTargets(cluster);
  ASSERT_EQ(nodes.size(), 1u);
  EXPECT_EQ(nodes[0], (Labels{{"__address__", "192.168.0.1:10250"},
                              {"__meta_kubernetes_node_address_Hostname", "n1.local"},
                              {"__meta_kubernetes_node_address_InternalIP", "192.168.0.1"},
                              {"__meta_kubernetes_node_label_zone", "z"},
                              {"__meta_kubernetes_node_labelpresent_zone", "true"},
                              {"__meta_kubernetes_node_name", "n1"},
                              {"__meta_kubernetes_node_provider_id", "cloud://1"},
                              {"instance", "n1"}}));
  const auto ingresses = KubeIngressTargets(cluster);
  ASSERT_EQ(ingresses.size(), 3u);
  EXPECT_EQ(ingresses[1].Get("__meta_kubernetes_ingress_path"), "/y");
  EXPECT_EQ(ingresses[1].Get("__meta_kubernetes_ingress_scheme"), "https");
  EXPECT_EQ(ingresses[2].Get("__address__"), "plain.org");
  EXPECT_EQ(ingresses[2].Get("__meta_kubernetes_ingress_scheme"), "http");
  EXPECT_EQ(ingresses[2].Get("__meta_kubernetes_ingress_path"), "/");
}

TEST(KubernetesTargetsTest, EndpointsHaveTheirPodsAndTheOtherPortsOfThose) {
  KubeCluster cluster;
  cluster.endpoints = Objects(kEndpoints);
  cluster.endpointslices = Objects(kSlice);
  cluster.services = Objects(kService);
  cluster.pods = Objects(kPod);
  const auto targets = KubeEndpointsTargets(cluster);
  ASSERT_EQ(targets.size(), 3u);
  EXPECT_EQ(targets[0].Get("__address__"), "10.1.0.5:8080");
  EXPECT_EQ(targets[0].Get("__meta_kubernetes_endpoint_ready"), "true");
  EXPECT_EQ(targets[0].Get("__meta_kubernetes_endpoint_address_target_name"), "web-1");
  EXPECT_EQ(targets[0].Get("__meta_kubernetes_service_label_tier"), "front");
  EXPECT_EQ(targets[0].Get("__meta_kubernetes_pod_container_port_name"), "http");
  EXPECT_EQ(targets[1].Get("__address__"), "10.1.0.6:8080");
  EXPECT_EQ(targets[1].Get("__meta_kubernetes_endpoint_ready"), "false");
  EXPECT_EQ(targets[1].Get("__meta_kubernetes_endpoint_hostname"), "h");
  EXPECT_EQ(targets[2].Get("__address__"), "10.1.0.5:9100") << "no endpoint names it";
  EXPECT_FALSE(targets[2].Has("__meta_kubernetes_endpoint_ready"));
  EXPECT_FALSE(targets[0].Has("__meta_kubernetes_node_name"));

  const auto slices = KubeEndpointSliceTargets(cluster);
  ASSERT_EQ(slices.size(), 2u);
  EXPECT_EQ(slices[0].Get("__meta_kubernetes_endpointslice_address_type"), "IPv4");
  EXPECT_EQ(slices[0].Get("__meta_kubernetes_endpointslice_endpoint_conditions_ready"), "true");
  EXPECT_FALSE(slices[0].Has("__meta_kubernetes_endpointslice_endpoint_conditions_serving"));
  EXPECT_EQ(slices[0].Get("__meta_kubernetes_endpointslice_endpoint_zone"), "z");
  EXPECT_EQ(slices[0].Get("__meta_kubernetes_service_name"), "web");
  EXPECT_EQ(slices[1].Get("__address__"), "10.1.0.5:9100");

  cluster.pods.clear();
  cluster.nodes = Objects(kNode);
  EXPECT_EQ(KubeEndpointsTargets(cluster)[0].Get("__meta_kubernetes_node_label_zone"), "z")
      << "the endpoint's node, though its pod is not known";
}

TEST(KubernetesDiscoveryTest, ListsByPagesThenWatchesAndListsAgainWhenTheApiForgot) {
  http::FakeApi api;
  http::IoThread io;
  metrics::Registry registry;
  KubernetesSdConfig config;
  config.api_server = api.Url() + "/";
  config.role = "pod";
  config.namespaces.names = {"shop"};
  config.selectors = {{"pod", "app=web", ""}};
  config.http.authorization = AuthorizationConfig{.type = "Bearer", .credentials = {"t0ken"}};
  const auto created = KubernetesDiscovery::Create(config, &io, &registry);
  ASSERT_TRUE(created.ok()) << created.status();
  Discovery& discovery = **created;
  const std::string pods = "/api/v1/namespaces/shop/pods";
  const auto watch = [&](const std::string& version) {
    return pods + "?watch=1&allowWatchBookmarks=true&timeoutSeconds=5&resourceVersion=" + version +
           "&labelSelector=app%3Dweb";
  };
  const std::string list = pods + "?limit=250&labelSelector=app%3Dweb";
  EXPECT_FALSE(discovery.Refresh().ok()) << "nothing is there yet";
  const std::string pod(kPod);
  api.Answer(list, R"({"metadata": {"continue": "c 1"}, "items": [)" + pod + "]}");
  api.Answer(list + "&continue=c%201", R"({"metadata": {"resourceVersion": "7"}, "items": []})");
  ASSERT_TRUE(discovery.Refresh().ok());
  EXPECT_EQ(discovery.Refresh().status().code(), absl::StatusCode::kUnknown) << "no watch";
  ASSERT_TRUE(discovery.Refresh().ok()) << "listed again";
  std::string one_line = pod;
  std::erase(one_line, '\n');
  api.Answer(watch("7"),
             R"({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "8"}}})");
  EXPECT_EQ(discovery.Refresh()->size(), 4u);
  api.Answer(watch("8"), "{\"type\": \"DELETED\", \"object\": " + one_line + "}\n");
  EXPECT_TRUE(discovery.Refresh()->empty());
  api.Answer(watch("5"), "{\"type\": \"ADDED\", \"object\": " + one_line +
                             "}\n{\"type\": \"ERROR\", \"object\": {\"message\": \"too old\"}}\n");
  EXPECT_EQ(discovery.Refresh()->size(), 4u) << "listed again at once";
  api.Answer(watch("7"), "", 410);
  EXPECT_EQ(discovery.Refresh()->size(), 4u);
  EXPECT_EQ(api.Requests().back().find("GET " + list), 0u) << "listed again at once";
  EXPECT_NE(api.Requests()[0].find("\r\nAuthorization: Bearer t0ken\r\n"), std::string::npos);
  std::string text;
  registry.Render(&text);
  EXPECT_NE(text.find("prometheus_sd_kubernetes_failures_total 2\n"), std::string::npos) << text;
  EXPECT_NE(text.find("prometheus_sd_kubernetes_events_total{event=\"delete\",role=\"pod\"} 1\n"),
            std::string::npos)
      << text;
}

TEST(KubernetesAccessTest, AKubeconfigNamesServerAndCredentials) {
  const auto options = ParseKubeconfig(R"(
current-context: c
contexts: [{name: c, context: {cluster: k, user: u}}]
clusters: [{name: k, cluster: {server: 'https://api:6443', certificate-authority-data: UEVN}}]
users: [{name: u, user: {token: t0ken, client-certificate: c.pem, client-key: /k.pem}}]
)",
                                       "/etc/kube/");
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->base, "https://api:6443");
  EXPECT_EQ(options->http.tls_config->ca, "PEM");
  EXPECT_EQ(options->http.tls_config->cert_file, "/etc/kube/c.pem");
  EXPECT_EQ(options->http.tls_config->key_file, "/k.pem");
  EXPECT_EQ(options->http.authorization->credentials.value, "t0ken");
  EXPECT_EQ(std::string(ParseKubeconfig("current-context: x", "").status().message()),
            "kubeconfig: no context \"x\" in contexts");
  EXPECT_FALSE(ParseKubeconfig("[", "").ok());
}

TEST(KubernetesAccessTest, AServerOutsideOfAClusterSaysWhatIsMissing) {
  ::unsetenv("KUBERNETES_SERVICE_HOST");
  KubernetesSdConfig config;
  EXPECT_NE(std::string(KubernetesAccess(config).status().message())
                .find("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined"),
            std::string::npos);
  ::setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
  ::setenv("KUBERNETES_SERVICE_PORT", "443", 1);
  const auto options = KubernetesAccess(config);
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->base, "https://[fd00::1]:443");
  EXPECT_EQ(options->http.tls_config->ca_file,
            "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt");
  EXPECT_EQ(options->http.authorization->credentials_file,
            "/var/run/secrets/kubernetes.io/serviceaccount/token");
}

}  // namespace
}  // namespace hearth
