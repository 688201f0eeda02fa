#include "scrape/discovery/kubernetes_targets.h"

#include "model/text.h"
#include "scrape/discovery/kubernetes_labels.h"

namespace hearth {
namespace {

constexpr std::string_view kNodeAddressTypes[] = {"InternalIP",  "InternalDNS",  "ExternalIP",
                                                  "ExternalDNS", "LegacyHostIP", "Hostname"};

// The first address of a type, or "".
std::string_view NodeAddress(const Json& node, std::string_view type) {
  for (const Json& address : KubeList(Member(Member(node, "status"), "addresses"))) {
    if (Text(address, "type") == type) return Text(address, "address");
  }
  return "";
}

std::string_view NodeAddress(const Json& node) {
  for (const std::string_view type : kNodeAddressTypes) {
    if (const std::string_view address = NodeAddress(node, type); !address.empty()) return address;
  }
  return "";
}

void AddServiceSpec(const Json& spec, MetaLabels* labels) {
  const std::string_view type = Text(spec, "type");
  labels->Set("service_type", type);
  if (type == "ExternalName") {
    labels->Set("service_external_name", Text(spec, "externalName"));
    return;
  }
  labels->Set("service_cluster_ip", Text(spec, "clusterIP"));
  if (type == "LoadBalancer") labels->Set("service_loadbalancer_ip", Text(spec, "loadBalancerIP"));
}

// The host of a TLS entry covers a rule's host: the same, or `*.` for its first part.
bool Covers(std::string_view pattern, std::string_view host) {
  if (pattern == host) return true;
  const size_t dot = host.find('.');
  return pattern.substr(0, 2) == "*." && dot != std::string_view::npos && dot > 0 &&
         pattern.substr(1) == host.substr(dot);
}

std::string_view SchemeOf(const Json& ingress, std::string_view host) {
  for (const Json& tls : KubeList(Member(Member(ingress, "spec"), "tls"))) {
    const Json& hosts = KubeList(Member(tls, "hosts"));
    if (hosts.empty() && host.empty()) return "https";
    for (const Json& pattern : hosts) {
      if (Covers(Text(pattern), host)) return "https";
    }
  }
  return "http";
}

}  // namespace

std::vector<Labels> KubeNodeTargets(const KubeCluster& cluster) {
  std::vector<Labels> targets;
  for (const auto& [key, node] : cluster.nodes) {
    const std::string_view address = NodeAddress(node);
    if (address.empty()) continue;
    MetaLabels labels(kKubePrefix);
    AddKubeMetadata("node", node, &labels);
    labels.Set("node_provider_id", Text(Member(node, "spec"), "providerID"));
    for (const Json& entry : KubeList(Member(Member(node, "status"), "addresses"))) {
      const std::string_view type = Text(entry, "type");
      labels.Set(StrCat("node_address_", SanitizeLabelName(type)), NodeAddress(node, type));
    }
    const Json& kubelet =
        Member(Member(Member(node, "status"), "daemonEndpoints"), "kubeletEndpoint");
    MetaLabels plain;
    plain.Set("instance", Text(Member(node, "metadata"), "name"));
    labels.Add(plain);
    targets.push_back(labels.Build(JoinHostPort(address, Number(Member(kubelet, "Port")))));
  }
  return targets;
}

std::vector<Labels> KubeServiceTargets(const KubeCluster& cluster) {
  std::vector<Labels> targets;
  for (const auto& [key, service] : cluster.services) {
    const Json& metadata = Member(service, "metadata");
    MetaLabels common(kKubePrefix);
    AddKubeNamespace(cluster, service, &common);
    AddKubeMetadata("service", service, &common);
    AddServiceSpec(Member(service, "spec"), &common);
    const std::string host =
        StrCat(Text(metadata, "name"), ".", Text(metadata, "namespace"), ".svc");
    for (const Json& port : KubeList(Member(Member(service, "spec"), "ports"))) {
      MetaLabels labels = common;
      labels.Set("service_port_name", Text(port, "name"))
          .Set("service_port_number", Digits(Member(port, "port")))
          .Set("service_port_protocol", Text(port, "protocol"));
      targets.push_back(labels.Build(JoinHostPort(host, Number(Member(port, "port")))));
    }
  }
  return targets;
}

std::vector<Labels> KubePodTargets(const KubeCluster& cluster) {
  std::vector<Labels> targets;
  for (const auto& [key, pod] : cluster.pods) {
    const std::string_view ip = Text(Member(pod, "status"), "podIP");
    if (ip.empty()) continue;  // It starts, or it was evicted.
    MetaLabels common(kKubePrefix);
    AddKubeNamespace(cluster, pod, &common);
    AddKubePod(cluster, pod, &common);
    ForEachKubeContainer(pod, [&, &pod = pod](const Json& container, bool init) {
      const Json& ports = KubeList(Member(container, "ports"));
      MetaLabels own = common;
      AddKubeContainerId(pod, container, init, &own);
      if (ports.empty()) {  // Relabelling may add a port.
        AddKubeContainer(container, init, Json(), &own);
        targets.push_back(own.Build(ip));
      }
      for (const Json& port : ports) {
        MetaLabels labels = own;
        AddKubeContainer(container, init, port, &labels);
        targets.push_back(labels.Build(JoinHostPort(ip, Number(Member(port, "containerPort")))));
      }
    });
  }
  return targets;
}

std::vector<Labels> KubeIngressTargets(const KubeCluster& cluster) {
  std::vector<Labels> targets;
  for (const auto& [key, ingress] : cluster.ingresses) {
    const Json& spec = Member(ingress, "spec");
    MetaLabels common(kKubePrefix);
    AddKubeNamespace(cluster, ingress, &common);
    AddKubeMetadata("ingress", ingress, &common);
    common.Set("ingress_class_name", Text(spec, "ingressClassName"));
    for (const Json& rule : KubeList(Member(spec, "rules"))) {
      const std::string_view host = Text(rule, "host");
      const auto add = [&, &ingress = ingress](std::string_view path) {
        MetaLabels labels = common;
        labels.Set("ingress_scheme", SchemeOf(ingress, host))
            .Set("ingress_host", host)
            .Set("ingress_path", path.empty() ? "/" : path);
        targets.push_back(labels.Build(host));
      };
      const Json& paths = KubeList(Member(Member(rule, "http"), "paths"));
      if (paths.empty()) add("/");
      for (const Json& path : paths) add(Text(path, "path"));
    }
  }
  return targets;
}

}  // namespace hearth
