#include "scrape/discovery/kubernetes_labels.h"

#include <algorithm>

#include "model/text.h"

namespace hearth {
namespace {

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

// The value and the presence of each entry: an empty value would leave no label.
void AddEntries(std::string_view kind, std::string_view what, const Json& entries,
                MetaLabels* labels) {
  if (!entries.is_object()) return;
  labels->SetEach(StrCat(kind, "_", what, "_"), entries);
  for (const auto& [key, value] : entries.items())
    labels->Set(StrCat(kind, "_", what, "present_", SanitizeLabelName(key)), "true");
}

std::string ReadyOf(const Json& pod) {
  for (const Json& condition : KubeList(Member(Member(pod, "status"), "conditions"))) {
    if (Text(condition, "type") == "Ready") return Lower(Text(condition, "status"));
  }
  return "unknown";
}

// The owner that controls an object, or a null value.
const Json& ControllerOf(const Json& object) {
  static const Json* const none = new Json();
  for (const Json& owner : KubeList(Member(Member(object, "metadata"), "ownerReferences"))) {
    if (TrueOrFalse(Member(owner, "controller")) == "true") return owner;
  }
  return *none;
}

// What controls the pod's controller: a ReplicaSet's Deployment, a Job's CronJob.
void AddControllers(const KubeCluster& cluster, const Json& pod, MetaLabels* labels) {
  const Json& controller = ControllerOf(pod);
  const std::string_view kind = Text(controller, "kind"), name = Text(controller, "name");
  const std::string_view namespace_name = Text(Member(pod, "metadata"), "namespace");
  labels->Set("pod_controller_kind", kind).Set("pod_controller_name", name);
  if (kind == "ReplicaSet") {
    const Json& above = ControllerOf(KubeFind(cluster.replicasets, namespace_name, name));
    if (Text(above, "kind") == "Deployment")
      labels->Set("pod_deployment_name", Text(above, "name"));
  } else if (kind == "Job") {
    if (cluster.attaches_jobs) labels->Set("pod_job_name", name);
    const Json& above = ControllerOf(KubeFind(cluster.jobs, namespace_name, name));
    if (Text(above, "kind") == "CronJob") labels->Set("pod_cronjob_name", Text(above, "name"));
  }
}

std::string_view ContainerId(const Json& pod, std::string_view list, std::string_view name) {
  for (const Json& status : KubeList(Member(Member(pod, "status"), list))) {
    if (Text(status, "name") == name) return Text(status, "containerID");
  }
  return "";
}

}  // namespace

const Json& KubeList(const Json& value) {
  static const Json* const empty = new Json(Json::array());
  return value.is_array() ? value : *empty;
}

std::string KubeKey(const Json& object) {
  const Json& metadata = Member(object, "metadata");
  return StrCat(Text(metadata, "namespace"), "/", Text(metadata, "name"));
}

const Json& KubeFind(const KubeObjects& objects, std::string_view namespace_name,
                     std::string_view name) {
  const auto it = objects.find(StrCat(namespace_name, "/", name));
  return it == objects.end() ? Member(Json(), "") : it->second;
}

void AddKubeMetadata(std::string_view kind, const Json& object, MetaLabels* labels) {
  const Json& metadata = Member(object, "metadata");
  labels->Set(StrCat(kind, "_name"), Text(metadata, "name"));
  AddEntries(kind, "label", Member(metadata, "labels"), labels);
  AddEntries(kind, "annotation", Member(metadata, "annotations"), labels);
}

void AddKubeNamespace(const KubeCluster& cluster, const Json& object, MetaLabels* labels) {
  const std::string_view name = Text(Member(object, "metadata"), "namespace");
  labels->Set("namespace", name);
  const Json& found = Member(KubeFind(cluster.namespaces, "", name), "metadata");
  AddEntries("namespace", "label", Member(found, "labels"), labels);
  AddEntries("namespace", "annotation", Member(found, "annotations"), labels);
}

void AddKubePod(const KubeCluster& cluster, const Json& pod, MetaLabels* labels) {
  const Json& metadata = Member(pod, "metadata");
  const Json& status = Member(pod, "status");
  const std::string_view node_name = Text(Member(pod, "spec"), "nodeName");
  AddKubeMetadata("pod", pod, labels);
  labels->Set("pod_ip", Text(status, "podIP"))
      .Set("pod_ready", ReadyOf(pod))
      .Set("pod_phase", Text(status, "phase"))
      .Set("pod_node_name", node_name)
      .Set("pod_host_ip", Text(status, "hostIP"))
      .Set("pod_uid", Text(metadata, "uid"));
  AddControllers(cluster, pod, labels);
  AddKubeNode(cluster, node_name, labels);
}

void AddKubeNode(const KubeCluster& cluster, std::string_view name, MetaLabels* labels) {
  const Json& node = KubeFind(cluster.nodes, "", name);
  if (node.is_object()) AddKubeMetadata("node", node, labels);
}

void AddKubeContainerId(const Json& pod, const Json& container, bool init, MetaLabels* labels) {
  labels->Set("pod_container_id",
              ContainerId(pod, init ? "initContainerStatuses" : "containerStatuses",
                          Text(container, "name")));
}

void AddKubeContainer(const Json& container, bool init, const Json& port, MetaLabels* labels) {
  labels->Set("pod_container_name", Text(container, "name"))
      .Set("pod_container_image", Text(container, "image"))
      .Set("pod_container_init", init ? "true" : "false");
  if (port.is_null()) return;
  const std::string_view protocol = Text(port, "protocol");
  labels->Set("pod_container_port_name", Text(port, "name"))
      .Set("pod_container_port_number", Digits(Member(port, "containerPort")))
      .Set("pod_container_port_protocol", protocol.empty() ? "TCP" : protocol);
}

void AddKubeService(const KubeCluster& cluster, std::string_view namespace_name,
                    std::string_view name, MetaLabels* labels) {
  const Json& service = KubeFind(cluster.services, namespace_name, name);
  if (service.is_object()) AddKubeMetadata("service", service, labels);
}

}  // namespace hearth
