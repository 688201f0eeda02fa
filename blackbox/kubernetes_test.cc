// Targets that come from a Kubernetes API: listed, followed by watches, listed again when the API
// has forgotten where a watch stood.
#include <gtest/gtest.h>

#include <set>

#include "blackbox/fake_kubernetes.h"
#include "blackbox/server_process.h"

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

}  // namespace
}  // namespace hearth::blackbox
