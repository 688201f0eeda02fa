// The roles endpoints and endpointslice: addresses of a service, with the pods behind them.
#include <map>
#include <set>
#include <string>

#include "model/text.h"
#include "scrape/discovery/kubernetes_labels.h"
#include "scrape/discovery/kubernetes_targets.h"

namespace hearth {
namespace {

// One object's targets. Container ports of its pods that no endpoint names become targets, too.
class EndpointTargets {
 public:
  EndpointTargets(const KubeCluster& cluster, MetaLabels common, std::vector<Labels>* out)
      : cluster_(cluster), common_(std::move(common)), out_(out) {}

  // `labels`: of this endpoint and port alone. `target`: the object that the address belongs to.
  void Add(const MetaLabels& labels, std::string_view ip, int64_t port, std::string_view node_name,
           const Json& target) {
    MetaLabels all = common_;
    all.Add(labels);
    AddKubeNode(cluster_, Text(target, "kind") == "Node" ? Text(target, "name") : node_name, &all);
    if (Text(target, "kind") == "Pod") {
      const Json& pod = KubeFind(cluster_.pods, Text(target, "namespace"), Text(target, "name"));
      if (pod.is_object()) {
        AddKubePod(cluster_, pod, &all);
        AddServedPort(pod, port, &all);
      }
    }
    out_->push_back(all.Build(JoinHostPort(ip, port)));
  }

  void AddOtherPorts() {
    for (const auto& [key, pod] : pods_) {
      const std::string_view ip = Text(Member(*pod, "status"), "podIP");
      if (ip.empty()) continue;
      ForEachKubeContainer(*pod, [&, &key = key, &pod = pod](const Json& container, bool init) {
        for (const Json& port : KubeList(Member(container, "ports"))) {
          const int64_t number = Number(Member(port, "containerPort"));
          if (served_[key].count(number) > 0) continue;
          MetaLabels labels = common_;
          AddKubePod(cluster_, *pod, &labels);
          AddKubeContainer(container, init, port, &labels);
          out_->push_back(labels.Build(JoinHostPort(ip, number)));
        }
      });
    }
  }

 private:
  void AddServedPort(const Json& pod, int64_t port, MetaLabels* labels) {
    const std::string key = KubeKey(pod);
    pods_[key] = &pod;
    served_[key].insert(port);
    ForEachKubeContainer(pod, [&](const Json& container, bool init) {
      for (const Json& candidate : KubeList(Member(container, "ports"))) {
        if (Number(Member(candidate, "containerPort")) != port) continue;
        return AddKubeContainer(container, init, candidate, labels);
      }
    });
  }

  const KubeCluster& cluster_;
  const MetaLabels common_;
  std::vector<Labels>* const out_;
  std::map<std::string, const Json*> pods_;
  std::map<std::string, std::set<int64_t>> served_;
};

void AddIfPresent(std::string_view name, const Json& flag, MetaLabels* labels) {
  if (flag.is_boolean()) labels->Set(name, TrueOrFalse(flag));
}

void AddSubset(const Json& subset, std::string_view list, std::string_view ready,
               EndpointTargets* targets) {
  for (const Json& port : KubeList(Member(subset, "ports"))) {
    for (const Json& address : KubeList(Member(subset, list))) {
      const Json& target = Member(address, "targetRef");
      MetaLabels labels(kKubePrefix);
      labels.Set("endpoint_port_name", Text(port, "name"))
          .Set("endpoint_port_protocol", Text(port, "protocol"))
          .Set("endpoint_ready", ready)
          .Set("endpoint_address_target_kind", Text(target, "kind"))
          .Set("endpoint_address_target_name", Text(target, "name"))
          .Set("endpoint_node_name", Text(address, "nodeName"))
          .Set("endpoint_hostname", Text(address, "hostname"));
      targets->Add(labels, Text(address, "ip"), Number(Member(port, "port")),
                   Text(address, "nodeName"), target);
    }
  }
}

void AddSlicePort(const Json& slice, const Json& port, EndpointTargets* targets) {
  for (const Json& endpoint : KubeList(Member(slice, "endpoints"))) {
    const Json& target = Member(endpoint, "targetRef");
    const Json& conditions = Member(endpoint, "conditions");
    MetaLabels labels(kKubePrefix);
    labels.Set("endpointslice_port_name", Text(port, "name"))
        .Set("endpointslice_port_protocol", Text(port, "protocol"))
        .Set("endpointslice_port", Digits(Member(port, "port")))
        .Set("endpointslice_port_app_protocol", Text(port, "appProtocol"))
        .Set("endpointslice_endpoint_hostname", Text(endpoint, "hostname"))
        .Set("endpointslice_endpoint_node_name", Text(endpoint, "nodeName"))
        .Set("endpointslice_endpoint_zone", Text(endpoint, "zone"))
        .Set("endpointslice_address_target_kind", Text(target, "kind"))
        .Set("endpointslice_address_target_name", Text(target, "name"));
    AddIfPresent("endpointslice_endpoint_conditions_ready", Member(conditions, "ready"), &labels);
    AddIfPresent("endpointslice_endpoint_conditions_serving", Member(conditions, "serving"),
                 &labels);
    AddIfPresent("endpointslice_endpoint_conditions_terminating", Member(conditions, "terminating"),
                 &labels);
    const Json& topology = Member(endpoint, "deprecatedTopology");
    labels.SetEach("endpointslice_endpoint_topology_", topology);
    if (topology.is_object()) {
      for (const auto& [key, value] : topology.items()) {
        labels.Set(StrCat("endpointslice_endpoint_topology_present_", SanitizeLabelName(key)),
                   "true");
      }
    }
    for (const Json& address : KubeList(Member(endpoint, "addresses"))) {
      targets->Add(labels, Text(address), Number(Member(port, "port")), Text(endpoint, "nodeName"),
                   target);
    }
  }
}

}  // namespace

std::vector<Labels> KubeEndpointsTargets(const KubeCluster& cluster) {
  std::vector<Labels> targets;
  for (const auto& [key, endpoints] : cluster.endpoints) {
    const Json& metadata = Member(endpoints, "metadata");
    MetaLabels common(kKubePrefix);
    AddKubeNamespace(cluster, endpoints, &common);
    AddKubeMetadata("endpoints", endpoints, &common);
    AddKubeService(cluster, Text(metadata, "namespace"), Text(metadata, "name"), &common);
    EndpointTargets builder(cluster, std::move(common), &targets);
    for (const Json& subset : KubeList(Member(endpoints, "subsets"))) {
      AddSubset(subset, "addresses", "true", &builder);
      AddSubset(subset, "notReadyAddresses", "false", &builder);
    }
    builder.AddOtherPorts();
  }
  return targets;
}

std::vector<Labels> KubeEndpointSliceTargets(const KubeCluster& cluster) {
  std::vector<Labels> targets;
  for (const auto& [key, slice] : cluster.endpointslices) {
    const Json& metadata = Member(slice, "metadata");
    MetaLabels common(kKubePrefix);
    AddKubeNamespace(cluster, slice, &common);
    AddKubeMetadata("endpointslice", slice, &common);
    common.Set("endpointslice_address_type", Text(slice, "addressType"));
    AddKubeService(cluster, Text(metadata, "namespace"),
                   Text(Member(metadata, "labels"), "kubernetes.io/service-name"), &common);
    EndpointTargets builder(cluster, std::move(common), &targets);
    for (const Json& port : KubeList(Member(slice, "ports"))) AddSlicePort(slice, port, &builder);
    builder.AddOtherPorts();
  }
  return targets;
}

}  // namespace hearth
