#include "config/discovery_checks.h"

#include <algorithm>
#include <set>

#include "config/checking.h"
#include "config/checks.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth {
namespace {

using config_internal::CheckUrl;
using config_internal::EndsWith;
using config_internal::Invalid;
using config_internal::Lower;
using config_internal::Quoted;
using config_internal::SplitUrl;
using config_internal::Trimmed;

// Which roles' objects a role watches, and so may select.
struct KubernetesRole {
  std::string_view name;
  std::string_view selectors;
};
constexpr KubernetesRole kKubernetesRoles[] = {
    {"pod", "pod, node"},
    {"service", "service"},
    {"endpoints", "pod, service, endpoints"},
    {"endpointslice", "pod, service, endpointslice"},
    {"node", "node"},
    {"ingress", "ingress"},
};

const KubernetesRole* FindKubernetesRole(std::string_view name) {
  const auto it = std::find_if(std::begin(kKubernetesRoles), std::end(kKubernetesRoles),
                               [&](const KubernetesRole& role) { return role.name == name; });
  return it == std::end(kKubernetesRoles) ? nullptr : &*it;
}

bool Lists(std::string_view list, std::string_view word) {
  for (size_t at = 0; at < list.size();) {
    const size_t end = std::min(list.find(", ", at), list.size());
    if (list.substr(at, end - at) == word) return true;
    at = end + 2;
  }
  return false;
}

// `key=value`, `key==value` and `key!=value`, separated by commas.
absl::Status CheckFieldSelector(std::string_view selector) {
  while (!selector.empty()) {
    const size_t end = std::min(selector.find(','), selector.size());
    const std::string_view term = selector.substr(0, end);
    if (!term.empty() && term.find('=') == std::string_view::npos) {
      return Invalid(StrCat("invalid selector: '", selector, "'; can't understand '", term, "'"));
    }
    selector.remove_prefix(std::min(end + 1, selector.size()));
  }
  return absl::OkStatus();
}

absl::Status CheckKubernetesSelectors(const KubernetesSdConfig& config) {
  std::set<std::string_view> seen;
  const KubernetesRole& role = *FindKubernetesRole(config.role);
  for (const KubernetesSelector& selector : config.selectors) {
    if (FindKubernetesRole(selector.role) == nullptr)
      return Invalid(StrCat("unknown Kubernetes SD role ", Quoted(selector.role)));
    if (!seen.insert(selector.role).second)
      return Invalid(StrCat("duplicated selector role: ", selector.role));
    if (!Lists(role.selectors, selector.role)) {
      return Invalid(StrCat(config.role, " role supports only ", role.selectors, " selectors"));
    }
    HEARTH_RETURN_IF_ERROR(CheckFieldSelector(selector.field));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Check(TargetGroup& group) { return config_internal::CheckLabels(group.labels); }

absl::Status Check(FileSdConfig& config) {
  if (config.files.empty())
    return Invalid("file service discovery config must contain at least one path name");
  for (const std::string& file : config.files) {
    const std::string lower = Lower(file);
    const size_t star = file.find('*');
    const bool suffix =
        EndsWith(lower, ".json") || EndsWith(lower, ".yml") || EndsWith(lower, ".yaml");
    if (!suffix || (star != std::string::npos && file.find('/', star) != std::string::npos)) {
      return Invalid(StrCat("path name ", Quoted(file), " is not valid for file discovery"));
    }
  }
  return absl::OkStatus();
}

absl::Status Check(ConsulSdConfig& config) {
  if (Trimmed(config.server).empty())
    return Invalid("consul SD configuration requires a server address");
  if (!config.username.empty() || !config.password.empty()) {
    if (config.http.basic_auth) {
      return Invalid(
          "at most one of consul SD configuration username and password and basic auth can be "
          "configured");
    }
    config.http.basic_auth =
        BasicAuthConfig{.username = config.username, .password = config.password};
    config.username.clear();
    config.password = {};
  }
  if (!config.token.empty() && (config.http.authorization || config.http.oauth2)) {
    return Invalid("at most one of consul SD token, authorization, or oauth2 can be configured");
  }
  return Check(config.http);
}

absl::Status Check(DnsSdConfig& config) {
  if (config.names.empty())
    return Invalid("DNS-SD config must contain at least one SRV record name");
  const std::string type = Lower(config.type);
  if (type == "srv") return absl::OkStatus();
  if (type != "a" && type != "aaaa" && type != "mx" && type != "ns")
    return Invalid(StrCat("invalid DNS-SD records type ", config.type));
  if (config.port == 0) {
    return Invalid("a port is required in DNS-SD configs for all record types except SRV");
  }
  return absl::OkStatus();
}

absl::Status Check(DockerSdConfig& config) {
  if (config.host.empty()) return Invalid("host missing");
  HEARTH_RETURN_IF_ERROR(CheckUrl(config.host));
  return Check(config.http);
}

absl::Status Check(DockerSwarmSdConfig& config) {
  if (config.host.empty()) return Invalid("host missing");
  HEARTH_RETURN_IF_ERROR(CheckUrl(config.host));
  if (config.role.empty()) return Invalid("role missing (one of: tasks, services, nodes)");
  if (!Lists("tasks, services, nodes", config.role)) {
    return Invalid(StrCat("invalid role ", config.role, ", expected tasks, services, or nodes"));
  }
  return Check(config.http);
}

absl::Status Check(HttpSdConfig& config) {
  if (config.url.empty()) return Invalid("URL is missing");
  HEARTH_RETURN_IF_ERROR(CheckUrl(config.url));
  const config_internal::UrlParts url = *SplitUrl(config.url);
  if (url.scheme != "http" && url.scheme != "https")
    return Invalid("URL scheme must be 'http' or 'https'");
  if (url.host.empty()) return Invalid("host is missing in URL");
  return Check(config.http);
}

absl::Status Check(KubernetesSdConfig& config) {
  if (config.role.empty()) {
    return Invalid("role missing (one of: pod, service, endpoints, endpointslice, node, ingress)");
  }
  if (FindKubernetesRole(config.role) == nullptr)
    return Invalid(StrCat("unknown Kubernetes SD role ", Quoted(config.role)));
  HEARTH_RETURN_IF_ERROR(Check(config.http));
  HEARTH_RETURN_IF_ERROR(CheckUrl(config.api_server));
  const bool api_server = !config.api_server.empty();
  const bool kubeconfig = !config.kubeconfig_file.empty();
  const bool custom_http = !(config.http == HttpClientConfig{});
  if (api_server && kubeconfig)
    return Invalid("cannot use 'kubeconfig_file' and 'api_server' simultaneously");
  if (kubeconfig && custom_http) {
    return Invalid("cannot use a custom HTTP client configuration together with 'kubeconfig_file'");
  }
  if (!api_server && custom_http) {
    return Invalid(
        "to use custom HTTP client configuration please provide the 'api_server' URL explicitly");
  }
  if (api_server && config.namespaces.own_namespace)
    return Invalid("cannot use 'api_server' and 'namespaces.own_namespace' simultaneously");
  if (kubeconfig && config.namespaces.own_namespace)
    return Invalid("cannot use 'kubeconfig_file' and 'namespaces.own_namespace' simultaneously");
  return CheckKubernetesSelectors(config);
}

}  // namespace hearth
