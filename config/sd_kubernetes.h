// config/sd_kubernetes.h
//
// One item of kubernetes_sd_configs: objects of one role in a Kubernetes API. Plain data.
#ifndef HEARTH_CONFIG_SD_KUBERNETES_H_
#define HEARTH_CONFIG_SD_KUBERNETES_H_

#include <string>
#include <string_view>
#include <vector>

#include "config/http_client_config.h"
#include "config/units.h"

namespace hearth {

// Which namespaces are looked at; neither set = all.
struct KubernetesNamespaces {
  static constexpr std::string_view kYamlType = "kubernetes.plain";

  bool own_namespace = false;  // The one that the server's own pod is in.
  std::vector<std::string> names;
  friend bool operator==(const KubernetesNamespaces&, const KubernetesNamespaces&) = default;
};

// Label and field selectors for the objects of one role.
struct KubernetesSelector {
  static constexpr std::string_view kYamlType = "kubernetes.plain";

  std::string role, label, field;
  friend bool operator==(const KubernetesSelector&, const KubernetesSelector&) = default;
};

// Whose metadata is attached to the targets besides their own.
struct KubernetesAttachMetadata {
  static constexpr std::string_view kYamlType = "kubernetes.plain";

  bool node = false;
  bool namespace_metadata = false;  // The key is `namespace`.
  bool deployment = false;
  bool job = false;
  bool cronjob = false;
  friend bool operator==(const KubernetesAttachMetadata&,
                         const KubernetesAttachMetadata&) = default;
};

struct KubernetesSdConfig {
  static constexpr std::string_view kYamlType = "kubernetes.plain";

  std::string api_server;  // A URL; empty = inside the cluster, or as kubeconfig_file says.
  std::string role;        // node, service, pod, endpoints, endpointslice or ingress after Load.
  std::string kubeconfig_file;
  HttpClientConfig http;  // The default unless api_server is given.
  KubernetesNamespaces namespaces;
  std::vector<KubernetesSelector> selectors;  // At most one for a role.
  KubernetesAttachMetadata attach_metadata;
  friend bool operator==(const KubernetesSdConfig&, const KubernetesSdConfig&) = default;
};

}  // namespace hearth

#endif  // HEARTH_CONFIG_SD_KUBERNETES_H_
