// Targets that come from a Kubernetes API: listed, followed by watches, listed again when the API
// has forgotten where a watch stood.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "blackbox/fake_kubernetes.h"
#include "blackbox/server_process.h"
#include "http/fake_tls.h"

namespace hearth::blackbox {
namespace {

using nlohmann::json;
using Addresses = std::set<std::string>;

constexpr char kPods[] = "/api/v1/pods";
constexpr char kServices[] = "/api/v1/services";
constexpr char kEndpoints[] = "/api/v1/endpoints";
constexpr char kSlices[] = "/apis/discovery.k8s.io/v1/endpointslices";
constexpr char kIngresses[] = "/apis/networking.k8s.io/v1/ingresses";
constexpr char kNodes[] = "/api/v1/nodes";

json Metadata(const std::string& name, const json& labels = json::object()) {
  return {{"namespace", "shop"}, {"name", name}, {"labels", labels}};
}

json Pod(const std::string& name, const std::string& ip, const std::string& app = "web") {
  return {{"metadata", Metadata(name, {{"app", app}})},
          {"spec",
           {{"nodeName", "n1"},
            {"containers", {{{"name", "c"}, {"ports", {{{"containerPort", 1}}}}}}}}},
          {"status", {{"podIP", ip}, {"phase", "Running"}}}};
}

std::string Base64(const std::string& text) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < text.size(); i += 3) {
    const size_t n = std::min<size_t>(3, text.size() - i);
    unsigned bits = 0;
    for (size_t j = 0; j < 3; ++j) {
      bits = bits << 8 | (j < n ? static_cast<unsigned char>(text[i + j]) : 0);
    }
    for (size_t j = 0; j < 4; ++j) {
      out.push_back(j <= n ? kDigits[bits >> (18 - 6 * j) & 63] : '=');
    }
  }
  return out;
}

class KubernetesTest : public testing::Test {
 protected:
  // One job for each role, called as that; `more` are keys of every section.
  void Start(const std::vector<std::string>& roles, const std::string& more) {
    std::string config = "global: {scrape_interval: 1s}\nscrape_configs:\n";
    for (const std::string& role : roles) {
      config += "- job_name: " + role + "\n  kubernetes_sd_configs:\n  - {role: " + role +
                ", api_server: '" + api_.Url() + "', authorization: {credentials: t0ken}" + more +
                "}\n  relabel_configs:\n"
                "  - {source_labels: [__meta_kubernetes_pod_name], target_label: pod}\n"
                "  - {source_labels: [__meta_kubernetes_node_label_zone], target_label: zone}\n";
    }
    hearth_ = StartHearth(directory_, config);
    ASSERT_TRUE(hearth_->WaitUntilOk("/-/ready")) << hearth_->process().Output();
  }
  // `__address__` of the active targets of a job.
  Addresses Discovered(const std::string& job) const {
    Addresses addresses;
    const json answer = hearth_->Get("/api/v1/targets?state=active").Json();
    if (!answer.is_object()) return addresses;
    for (const json& target : answer["data"]["activeTargets"]) {
      if (target["scrapePool"] == job)
        addresses.insert(target["discoveredLabels"]["__address__"].get<std::string>());
    }
    return addresses;
  }
  void ExpectTargets(const std::string& job, const Addresses& expected) const {
    EXPECT_TRUE(WaitFor(seconds(40), [&] { return Discovered(job) == expected; }))
        << job << ": " << json(Discovered(job)) << hearth_->process().Output();
  }

  TempDir directory_;
  FakeKubernetes api_{"t0ken"};
  std::unique_ptr<ServerProcess> hearth_;
};

TEST_F(KubernetesTest, TargetsFollowTheWatch) {
  api_.Put(kPods, Pod("web-1", "127.0.0.1"));
  api_.Put(kPods, Pod("web-2", "127.0.0.2"));
  api_.Put(kPods, Pod("db-1", "127.0.0.3", "db"));
  api_.Put(kNodes, {{"metadata", {{"name", "n1"}, {"labels", {{"zone", "z"}}}}}});
  Start({"pod"},
        ", namespaces: {names: [shop]}, selectors: [{role: pod, label: app=web}]"
        ", attach_metadata: {node: true}");
  ExpectTargets("pod", {"127.0.0.1:1", "127.0.0.2:1"});
  EXPECT_TRUE(WaitFor(seconds(30), [&] {
    return hearth_->Value("up{pod=\"web-1\",zone=\"z\",instance=\"127.0.0.1:1\"}") == 0.0;
  }));
  const int pages = api_.counts().pages;
  api_.Put(kPods, Pod("web-3", "127.0.0.4"));
  api_.Put(kPods, Pod("web-1", "127.0.0.5"));
  ExpectTargets("pod", {"127.0.0.2:1", "127.0.0.4:1", "127.0.0.5:1"});
  api_.Remove(kPods, "shop", "web-2");
  ExpectTargets("pod", {"127.0.0.4:1", "127.0.0.5:1"});
  EXPECT_EQ(api_.counts().pages, pages) << "nothing was listed again";

  api_.PutAndForget(kPods, Pod("web-4", "127.0.0.6"));
  ExpectTargets("pod", {"127.0.0.4:1", "127.0.0.5:1", "127.0.0.6:1"});
  EXPECT_GT(api_.counts().gone, 0);
  EXPECT_GT(api_.counts().pages, pages);
  const std::string metrics = hearth_->Get("/metrics").body;
  EXPECT_NE(
      metrics.find("prometheus_sd_kubernetes_events_total{event=\"delete\",role=\"pod\"} 1\n"),
      std::string::npos)
      << metrics;
  EXPECT_NE(metrics.find("prometheus_sd_kubernetes_failures_total 0\n"), std::string::npos);
}

TEST_F(KubernetesTest, EveryRoleFindsItsTargets) {
  api_.Put(kPods, Pod("web-1", "127.0.0.1"));
  api_.Put(kServices, {{"metadata", Metadata("web")},
                       {"spec", {{"type", "ClusterIP"}, {"ports", {{{"port", 80}}}}}}});
  const json pod_ref = {{"kind", "Pod"}, {"namespace", "shop"}, {"name", "web-1"}};
  api_.Put(kEndpoints, {{"metadata", Metadata("web")},
                        {"subsets",
                         {{{"ports", {{{"port", 1}}}},
                           {"addresses", {{{"ip", "127.0.0.1"}, {"targetRef", pod_ref}}}}}}}});
  api_.Put(kSlices, {{"metadata", Metadata("web-x", {{"kubernetes.io/service-name", "web"}})},
                     {"addressType", "IPv4"},
                     {"ports", {{{"port", 1}}}},
                     {"endpoints", {{{"addresses", {"127.0.0.1"}}, {"targetRef", pod_ref}}}}});
  api_.Put(kIngresses,
           {{"metadata", Metadata("in")}, {"spec", {{"rules", {{{"host", "shop.test"}}}}}}});
  api_.Put(kNodes, {{"metadata", {{"name", "n1"}}},
                    {"status",
                     {{"addresses", {{{"type", "InternalIP"}, {"address", "127.0.0.9"}}}},
                      {"daemonEndpoints", {{"kubeletEndpoint", {{"Port", 10250}}}}}}}});
  Start({"pod", "service", "endpoints", "endpointslice", "ingress", "node"}, "");
  ExpectTargets("pod", {"127.0.0.1:1"});
  ExpectTargets("service", {"web.shop.svc:80"});
  ExpectTargets("endpoints", {"127.0.0.1:1"});
  ExpectTargets("endpointslice", {"127.0.0.1:1"});
  ExpectTargets("ingress", {"shop.test"});
  ExpectTargets("node", {"127.0.0.9:10250"});
  EXPECT_TRUE(WaitFor(
      seconds(30), [&] { return hearth_->Value("up{job=\"endpoints\",pod=\"web-1\"}") == 0.0; }));
}

// As clusters are: the API speaks TLS, wants a certificate of its clients, and its own is signed by
// nobody that the system knows.
TEST_F(KubernetesTest, TheApiIsAskedOverTls) {
  api_.Put(kPods, Pod("web-1", "127.0.0.1"));
  const http::SelfSigned cluster, client;
  const std::string url = api_.Url();
  const http::FakeTls tls(cluster, {.backend_port = std::stoi(url.substr(url.rfind(':') + 1)),
                                    .client_ca_pem = client.cert_pem});
  const std::string ca = directory_.Write("ca.pem", cluster.cert_pem);
  const std::string server = "https://" + tls.HostPort();
  const std::string kubeconfig = directory_.Write(
      "kubeconfig",
      "apiVersion: v1\nkind: Config\ncurrent-context: main\n"
      "contexts: [{name: main, context: {cluster: shop, user: me}}]\n"
      "clusters: [{name: shop, cluster: {server: '" +
          server + "', certificate-authority: ca.pem}}]\nusers:\n- name: me\n  user:\n" +
          "    token: t0ken\n    client-certificate-data: " + Base64(client.cert_pem) +
          "\n    client-key-data: " + Base64(client.key_pem) + "\n");
  const std::string section = "  kubernetes_sd_configs:\n  - role: pod\n    ";
  const std::string direct =
      "api_server: '" + server +
      "'\n    authorization: {credentials: t0ken}\n    tls_config: {cert_file: " +
      directory_.Write("c.pem", client.cert_pem) +
      ", key_file: " + directory_.Write("k.pem", client.key_pem);
  hearth_ =
      StartHearth(directory_, "scrape_configs:\n- job_name: kubeconfig\n" + section +
                                  "kubeconfig_file: " + kubeconfig + "\n- job_name: direct\n" +
                                  section + direct + ", ca_file: " + ca +
                                  "}\n- job_name: stranger\n" + section + direct + "}\n");
  ASSERT_TRUE(hearth_->WaitUntilOk("/-/ready")) << hearth_->process().Output();
  ExpectTargets("kubeconfig", {"127.0.0.1:1"});
  ExpectTargets("direct", {"127.0.0.1:1"});
  api_.Put(kPods, Pod("web-2", "127.0.0.2"));
  ExpectTargets("kubeconfig", {"127.0.0.1:1", "127.0.0.2:1"});
  ExpectTargets("direct", {"127.0.0.1:1", "127.0.0.2:1"});
  EXPECT_EQ(Discovered("stranger"), Addresses{});
  EXPECT_TRUE(WaitFor(seconds(20), [&] {
    return hearth_->process().Output().find("tls: failed to verify certificate") !=
           std::string::npos;
  })) << hearth_->process().Output();
}

}  // namespace
}  // namespace hearth::blackbox
