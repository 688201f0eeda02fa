// scrape/discovery/kubernetes_access.h
//
// How to reach a Kubernetes API: `api_server` with its http_config, a kubeconfig file, or the
// service account of the pod that the server runs in.
//
// Thread safety: pure, but for files and environment variables.
#ifndef HEARTH_SCRAPE_DISCOVERY_KUBERNETES_ACCESS_H_
#define HEARTH_SCRAPE_DISCOVERY_KUBERNETES_ACCESS_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "config/sd_kubernetes.h"
#include "scrape/discovery/api_client.h"

namespace hearth {

// kInvalidArgument: there is no cluster around, or the kubeconfig is wrong.
absl::StatusOr<ApiClient::Options> KubernetesAccess(const KubernetesSdConfig& config);

// What the text of a kubeconfig file says for its current context: server, CA, client certificate,
// token, or user and password. Relative paths start at `folder` ("/etc/kube/"). kInvalidArgument:
// no YAML, no such context, cluster or user, broken base64.
absl::StatusOr<ApiClient::Options> ParseKubeconfig(std::string_view text,
                                                   const std::string& folder);

// The namespace of the pod that the server runs in.
absl::StatusOr<std::string> OwnKubernetesNamespace();

}  // namespace hearth

#endif  // HEARTH_SCRAPE_DISCOVERY_KUBERNETES_ACCESS_H_
