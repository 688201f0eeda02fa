// scrape/discovery/kubernetes_labels.h
//
// The labels that an object of a Kubernetes API gives to targets. Internal to kubernetes_*.cc.
//
// Thread safety: pure functions.
#ifndef HEARTH_SCRAPE_DISCOVERY_KUBERNETES_LABELS_H_
#define HEARTH_SCRAPE_DISCOVERY_KUBERNETES_LABELS_H_

#include <string>
#include <string_view>

#include "scrape/discovery/kubernetes_targets.h"
#include "scrape/discovery/meta_labels.h"

namespace hearth {

inline constexpr std::string_view kKubePrefix = "__meta_kubernetes_";

// `value` when it is an array, else an empty one.
const Json& KubeList(const Json& value);
// The object of a key, or a null value.
const Json& KubeFind(const KubeObjects& objects, std::string_view namespace_name,
                     std::string_view name);

// Name, labels and annotations of an object: `__meta_kubernetes_` + `kind` + `_name` …
void AddKubeMetadata(std::string_view kind, const Json& object, MetaLabels* labels);
void AddKubeNamespace(const KubeCluster& cluster, const Json& object, MetaLabels* labels);
// A node's metadata, if the cluster has it.
void AddKubeNode(const KubeCluster& cluster, std::string_view name, MetaLabels* labels);
// What all targets of a pod have, the metadata of its node and the names of what controls it
// included where the cluster has those.
void AddKubePod(const KubeCluster& cluster, const Json& pod, MetaLabels* labels);
// One container and, unless it is null, one of its ports.
void AddKubeContainer(const Json& container, bool init, const Json& port, MetaLabels* labels);
// The id that the runtime gave a container.
void AddKubeContainerId(const Json& pod, const Json& container, bool init, MetaLabels* labels);
// The service that endpoints belong to, if the cluster has it.
void AddKubeService(const KubeCluster& cluster, std::string_view namespace_name,
                    std::string_view name, MetaLabels* labels);

// Calls fn(container, init) for each container of a pod.
template <typename Fn>
void ForEachKubeContainer(const Json& pod, Fn fn) {
  const Json& spec = Member(pod, "spec");
  for (const Json& container : KubeList(Member(spec, "containers"))) fn(container, false);
  for (const Json& container : KubeList(Member(spec, "initContainers"))) fn(container, true);
}

}  // namespace hearth

#endif  // HEARTH_SCRAPE_DISCOVERY_KUBERNETES_LABELS_H_
