#include "scrape/discovery/kubernetes_access.h"

#include <cstdlib>

#include "absl/strings/escaping.h"
#include "config/yaml.h"
#include "model/status.h"
#include "model/text.h"
#include "scrape/discovery/meta_labels.h"
#include "scrape/http_settings.h"

namespace hearth {
namespace {

constexpr std::string_view kServiceAccount = "/var/run/secrets/kubernetes.io/serviceaccount/";

std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

absl::StatusOr<ApiClient::Options> InCluster() {
  const std::string host = Variable("KUBERNETES_SERVICE_HOST");
  const std::string port = Variable("KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty()) {
    return absl::InvalidArgumentError(
        "unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and "
        "KUBERNETES_SERVICE_PORT must be defined");
  }
  ApiClient::Options options;
  options.base = StrCat("https://", JoinHostPort(host, std::atoi(port.c_str())));
  options.http.authorization.emplace();
  options.http.authorization->type = "Bearer";
  options.http.authorization->credentials_file = StrCat(kServiceAccount, "token");
  options.http.tls_config.emplace();
  options.http.tls_config->ca_file = StrCat(kServiceAccount, "ca.crt");
  return options;
}

// The text of a key, or "".
std::string Scalar(const YamlNode& node, std::string_view key) {
  const YamlNode* const value = node.Find(key);
  return value == nullptr ? "" : value->scalar;
}

// A path of a kubeconfig: relative ones start at its folder.
std::string Below(const std::string& folder, const std::string& path) {
  return path.empty() || path.front() == '/' ? path : StrCat(folder, path);
}

// The entry called `name` of a kubeconfig's list: its part `part`.
absl::StatusOr<YamlNode> Entry(const YamlNode& root, std::string_view list, std::string_view part,
                               std::string_view name) {
  if (const YamlNode* const items = root.Find(list)) {
    for (const YamlNode& item : items->items) {
      const YamlNode* const found = item.Find(part);
      if (found != nullptr && Scalar(item, "name") == name) return *found;
    }
  }
  return absl::InvalidArgumentError(StrCat("kubeconfig: no ", part, " \"", name, "\" in ", list));
}

// PEM text that a kubeconfig holds in base64 as `key`-data, or else the path of a file that has it.
struct Pem {
  std::string text, path;
};
absl::StatusOr<Pem> FindPem(const YamlNode& node, std::string_view key, const std::string& folder) {
  Pem pem;
  const std::string data = StrCat(key, "-data");
  if (!absl::Base64Unescape(Scalar(node, data), &pem.text))
    return absl::InvalidArgumentError(StrCat("kubeconfig: ", data, " is not base64"));
  if (pem.text.empty()) pem.path = Below(folder, Scalar(node, key));
  return pem;
}

absl::StatusOr<TlsConfig> TlsOf(const YamlNode& cluster, const YamlNode& user,
                                const std::string& folder) {
  HEARTH_ASSIGN_OR_RETURN(Pem ca, FindPem(cluster, "certificate-authority", folder));
  HEARTH_ASSIGN_OR_RETURN(Pem cert, FindPem(user, "client-certificate", folder));
  HEARTH_ASSIGN_OR_RETURN(Pem key, FindPem(user, "client-key", folder));
  TlsConfig tls;
  tls.ca = std::move(ca.text);
  tls.ca_file = std::move(ca.path);
  tls.cert = std::move(cert.text);
  tls.cert_file = std::move(cert.path);
  tls.key.value = std::move(key.text);
  tls.key_file = std::move(key.path);
  tls.server_name = Scalar(cluster, "tls-server-name");
  tls.insecure_skip_verify = Scalar(cluster, "insecure-skip-tls-verify") == "true";
  return tls;
}

// "/etc/kube/" of "/etc/kube/config"; "" when there is no folder.
std::string FolderOf(const std::string& path) { return path.substr(0, path.rfind('/') + 1); }

}  // namespace

absl::StatusOr<ApiClient::Options> ParseKubeconfig(std::string_view text,
                                                   const std::string& folder) {
  HEARTH_ASSIGN_OR_RETURN(const YamlNode root, ParseYaml(text));
  HEARTH_ASSIGN_OR_RETURN(const YamlNode context,
                          Entry(root, "contexts", "context", Scalar(root, "current-context")));
  HEARTH_ASSIGN_OR_RETURN(const YamlNode cluster,
                          Entry(root, "clusters", "cluster", Scalar(context, "cluster")));
  HEARTH_ASSIGN_OR_RETURN(const YamlNode user,
                          Entry(root, "users", "user", Scalar(context, "user")));
  ApiClient::Options options;
  options.base = Scalar(cluster, "server");
  HEARTH_ASSIGN_OR_RETURN(const TlsConfig tls, TlsOf(cluster, user, folder));
  if (tls != TlsConfig()) options.http.tls_config = tls;
  const std::string token = Scalar(user, "token"), token_file = Scalar(user, "tokenFile");
  if (!token.empty() || !token_file.empty()) {
    options.http.authorization.emplace();
    options.http.authorization->type = "Bearer";
    options.http.authorization->credentials.value = token;
    if (token.empty()) options.http.authorization->credentials_file = Below(folder, token_file);
  } else if (const std::string name = Scalar(user, "username"); !name.empty()) {
    options.http.basic_auth.emplace();
    options.http.basic_auth->username = name;
    options.http.basic_auth->password.value = Scalar(user, "password");
  }
  return options;
}

absl::StatusOr<ApiClient::Options> KubernetesAccess(const KubernetesSdConfig& config) {
  ApiClient::Options options;
  if (!config.kubeconfig_file.empty()) {
    HEARTH_ASSIGN_OR_RETURN(const std::string text, ReadSecretFile(config.kubeconfig_file));
    HEARTH_ASSIGN_OR_RETURN(options, ParseKubeconfig(text, FolderOf(config.kubeconfig_file)));
  } else if (!config.api_server.empty()) {
    options.base = config.api_server;
    options.http = config.http;
  } else {
    HEARTH_ASSIGN_OR_RETURN(options, InCluster());
  }
  while (options.base.ends_with('/')) options.base.pop_back();
  return options;
}

absl::StatusOr<std::string> OwnKubernetesNamespace() {
  return ReadSecretFile(StrCat(kServiceAccount, "namespace"));
}

}  // namespace hearth
