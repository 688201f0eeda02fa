// What providers are answered with: the first byte chooses the decoder.
#include <cstdlib>

#include "scrape/discovery/consul_discovery.h"
#include "scrape/discovery/dns_resolver.h"
#include "scrape/discovery/docker_discovery.h"
#include "scrape/discovery/dockerswarm_discovery.h"
#include "scrape/discovery/http_discovery.h"
#include "scrape/discovery/kubernetes_discovery.h"
#include "tools/fuzz/fuzz.h"

namespace hearth {
namespace {

using Targets = std::vector<Labels>;

// A target takes at least a byte of the answer, for each of the parts it is a combination of.
void Check(const Targets& targets, size_t bytes) {
  if (targets.size() > bytes * bytes) std::abort();
  for (const Labels& labels : targets) {
    if (!IsCanonical(labels.bytes())) std::abort();
  }
}

// A watch's answer, with the objects as of every kind.
void DecodeWatch(std::string_view body) {
  KubeFeed feed;
  std::vector<std::string> events;
  ApplyKubeEvents(body, &feed, &events).IgnoreError();
  if (events.size() > body.size()) std::abort();
  KubeCluster cluster;
  cluster.pods = cluster.services = cluster.endpoints = cluster.endpointslices = cluster.nodes =
      cluster.ingresses = cluster.namespaces = cluster.replicasets = cluster.jobs = feed.found;
  for (const auto targets : {KubeNodeTargets, KubeServiceTargets, KubePodTargets,
                             KubeEndpointsTargets, KubeEndpointSliceTargets, KubeIngressTargets}) {
    Check(targets(cluster), body.size());
  }
}

void DecodeJson(char kind, std::string_view text) {
  const auto json = ParseJson(text);
  if (!json.ok()) return;
  SwarmAnswers swarm;
  switch (kind) {
    case 'd':
      return Check(DockerTargets({}, Member(*json, "containers"), Member(*json, "networks")),
                   text.size());
    case 's':
      swarm.services = Member(*json, "services");
      swarm.tasks = Member(*json, "tasks");
      swarm.nodes = Member(*json, "nodes");
      swarm.networks = Member(*json, "networks");
      Check(SwarmServiceTargets(swarm, 80), text.size());
      Check(SwarmTaskTargets(swarm, 80), text.size());
      return Check(SwarmNodeTargets(swarm, 80), text.size());
    default:
      for (const std::string& name : ConsulServices({}, *json)) {
        if (name.size() > text.size()) std::abort();
      }
      return Check(ConsulTargets({}, "web", *json), text.size());
  }
}

}  // namespace

std::vector<std::string> fuzz::Corpus() {
  const std::string dns("\0\1\x81\x80\0\1\0\1\0\0\0\0\1a\0\0\1\0\1\xc0\x0c\0\1\0\1\0\0\0\1\0\4abcd",
                        35);
  return {
      R"(h[{"targets": ["a:1", "b:2"], "labels": {"x": "y"}}, {"targets": []}])",
      R"(d{"containers": [{"Id": "c", "Names": ["/c"], "Labels": {"a-b": "x"}, "Ports": [)"
      R"({"PrivatePort": 80, "PublicPort": 8080, "IP": "0.0.0.0", "Type": "tcp"}],)"
      R"("HostConfig": {"NetworkMode": "container:c"}, "NetworkSettings": {"Networks": )"
      R"({"n": {"NetworkID": "n", "IPAddress": "10.0.0.1"}}}}], "networks": [)"
      R"({"Id": "n", "Name": "n", "Scope": "local", "Ingress": true, "Labels": {"x": "y"}}]})",
      R"(s{"services": [{"ID": "s", "Spec": {"Name": "w", "Mode": {"Global": {}}}, "Endpoint": )"
      R"({"Ports": [{"Protocol": "tcp", "PublishedPort": 1}], "VirtualIPs": [{"NetworkID": "n", )"
      R"("Addr": "10.0.0.1/24"}]}}], "tasks": [{"ID": "t", "ServiceID": "s", "NodeID": "d", )"
      R"("NetworksAttachments": [{"Network": {"ID": "n"}, "Addresses": ["10.0.0.2/24"]}]}], )"
      R"("nodes": [{"ID": "d", "Status": {"Addr": "1.1.1.1"}, "ManagerStatus": {}}]})",
      R"(c[{"Node": {"Node": "n", "Address": "10.0.0.1", "Meta": {"a": "b"}}, "Service": )"
      R"({"ID": "w", "Tags": ["a"], "Port": 80}, "Checks": [{"Status": "passing"}]}])",
      R"(c{"web": ["a"], "db": null})",
      R"(k{"type": "ADDED", "object": {"metadata": {"namespace": "n", "name": "p", "labels": {"a": )"
      R"("b"}, "ownerReferences": [{"kind": "Job", "name": "p", "controller": true}]}, "spec": )"
      R"({"nodeName": "p", "containers": [{"ports": [{"containerPort": 1}]}], "ports": [{"port": 1)"
      R"(}], "rules": [{"host": "h"}]}, "status": {"podIP": "1.1.1.1"}, "ports": [{"port": 2}], )"
      R"("endpoints": [{"addresses": ["1.1.1.1"], "targetRef": {"kind": "Pod", "namespace": "n", )"
      R"("name": "p"}}], "subsets": [{"ports": [{"port": 1}], "addresses": [{"ip": "1.1.1.1"}]}]}})",
      "0" + dns,
      "2" + dns,
  };
}

}  // namespace hearth

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const char kind = static_cast<char>(data[0]);
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (kind >= '0' && kind <= '4') {
    const auto records = hearth::ParseDnsAnswer(static_cast<hearth::DnsType>(kind - '0'), text);
    if (records.ok() && records->size() > text.size()) std::abort();
  } else if (kind == 'h') {
    const auto targets = hearth::HttpTargets("http://sd/", text);
    if (targets.ok()) hearth::Check(*targets, text.size());
  } else if (kind == 'k') {
    hearth::DecodeWatch(text);
  } else {
    hearth::DecodeJson(kind, text);
  }
  return 0;
}
