// scrape/discovery/kubernetes_targets.h
//
// Objects of a Kubernetes API as targets: one function for each role of kubernetes_sd_configs, with
// Prometheus' `__meta_kubernetes_*`.
//
// Thread safety: pure functions.
#ifndef HEARTH_SCRAPE_DISCOVERY_KUBERNETES_TARGETS_H_
#define HEARTH_SCRAPE_DISCOVERY_KUBERNETES_TARGETS_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "model/labels.h"
#include "scrape/discovery/json.h"

namespace hearth {

// Objects of one resource by "namespace/name" ("/name" where there is no namespace).
using KubeObjects = std::map<std::string, Json, std::less<>>;

// What a role looks at; empty where it does not. `nodes`, `namespaces`, `replicasets` and `jobs`
// are also there to attach their metadata to other objects' targets.
struct KubeCluster {
  KubeObjects pods, services, endpoints, endpointslices, nodes, ingresses, namespaces, replicasets,
      jobs;
  bool attaches_jobs = false;  // Pods have the names of the jobs that control them.
};

// "namespace/name" of an object.
std::string KubeKey(const Json& object);

std::vector<Labels> KubeNodeTargets(const KubeCluster& cluster);
std::vector<Labels> KubeServiceTargets(const KubeCluster& cluster);
std::vector<Labels> KubePodTargets(const KubeCluster& cluster);
std::vector<Labels> KubeEndpointsTargets(const KubeCluster& cluster);
std::vector<Labels> KubeEndpointSliceTargets(const KubeCluster& cluster);
std::vector<Labels> KubeIngressTargets(const KubeCluster& cluster);

}  // namespace hearth

#endif  // HEARTH_SCRAPE_DISCOVERY_KUBERNETES_TARGETS_H_
