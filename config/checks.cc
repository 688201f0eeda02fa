#include "config/checks.h"

#include <algorithm>
#include <set>

#include "config/checking.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth {
namespace {

using config_internal::CheckLabels;
using config_internal::Invalid;
using config_internal::Lower;
using config_internal::Quoted;

absl::Status CheckProxy(const ProxyConfig& proxy) {
  if (proxy.proxy_from_environment && !proxy.proxy_url.empty()) {
    return Invalid("if proxy_from_environment is configured, proxy_url must not be configured");
  }
  if (proxy.proxy_from_environment && !proxy.no_proxy.empty()) {
    return Invalid("if proxy_from_environment is configured, no_proxy must not be configured");
  }
  if (proxy.proxy_url.empty() && !proxy.no_proxy.empty()) {
    return Invalid("if no_proxy is configured, proxy_url must also be configured");
  }
  return absl::OkStatus();
}

absl::Status CheckTlsVersion(std::string_view version) {
  for (const std::string_view known : {"", "TLS10", "TLS11", "TLS12", "TLS13"}) {
    if (version == known) return absl::OkStatus();
  }
  return Invalid(StrCat("unknown TLS version: ", version));
}

// Headers that the protocols set themselves.
absl::Status CheckHeaders(const StringMapConfig& headers, std::string_view authorization_message) {
  static constexpr std::string_view kReserved[] = {"content-encoding",
                                                   "content-length",
                                                   "content-type",
                                                   "x-prometheus-remote-write-version",
                                                   "user-agent",
                                                   "connection",
                                                   "keep-alive",
                                                   "proxy-authenticate",
                                                   "proxy-authorization",
                                                   "www-authenticate",
                                                   "accept-encoding",
                                                   "x-prometheus-remote-read-version",
                                                   "host",
                                                   "transfer-encoding",
                                                   "upgrade",
                                                   "te",
                                                   "trailer"};
  for (const auto& [name, value] : headers) {
    const std::string lower = Lower(name);
    if (lower == "authorization") return Invalid(authorization_message);
    if (std::find(std::begin(kReserved), std::end(kReserved), lower) != std::end(kReserved)) {
      return Invalid(StrCat(name, " is a reserved header. It must not be changed"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckBasicAuth(const BasicAuthConfig& auth) {
  if (!auth.username.empty() && !auth.username_file.empty()) {
    return Invalid("at most one of basic_auth username & username_file must be configured");
  }
  if (!auth.password.empty() && !auth.password_file.empty()) {
    return Invalid("at most one of basic_auth password & password_file must be configured");
  }
  return absl::OkStatus();
}

absl::Status CheckAuthorization(AuthorizationConfig* auth) {
  if (!auth->credentials.empty() && !auth->credentials_file.empty()) {
    return Invalid(
        "at most one of authorization credentials & credentials_file must be configured");
  }
  const size_t first = auth->type.find_first_not_of(' ');
  const size_t last = auth->type.find_last_not_of(' ');
  auth->type = first == std::string::npos ? "Bearer" : auth->type.substr(first, last - first + 1);
  if (Lower(auth->type) == "basic") {
    return Invalid("authorization type cannot be set to \"basic\", use \"basic_auth\" instead");
  }
  return absl::OkStatus();
}

absl::Status CheckOneAuthentication(const RemoteWriteConfig& config) {
  const std::pair<std::string_view, bool> methods[] = {
      {"basic_auth", config.http.basic_auth.has_value()},
      {"authorization", config.http.authorization.has_value()},
      {"oauth2", config.http.oauth2.has_value()},
      {"sigv4", config.sigv4.has_value()},
      {"azuread", config.azuread.has_value()},
      {"google_iam", config.google_iam.has_value()}};
  std::string given;
  int count = 0;
  for (const auto& [name, present] : methods) {
    if (!present) continue;
    StrAppend(&given, count++ == 0 ? "" : " ", name);
  }
  if (count <= 1) return absl::OkStatus();
  return Invalid(
      StrCat("at most one of basic_auth, authorization, oauth2, sigv4, azuread or google_iam must "
             "be configured. Currently configured: [",
             given, "]"));
}

bool IsProtobufMessage(std::string_view name) {
  return name == "prometheus.WriteRequest" || name == "io.prometheus.write.v2.Request";
}

}  // namespace

absl::Status Check(RelabelConfig& config) { return ValidateRelabelConfig(config); }

absl::Status Check(TlsConfig& config) {
  if (!config.ca.empty() && !config.ca_file.empty())
    return Invalid("at most one of ca and ca_file must be configured");
  if (!config.cert.empty() && !config.cert_file.empty()) {
    return Invalid("at most one of cert and cert_file must be configured");
  }
  if (!config.key.empty() && !config.key_file.empty()) {
    return Invalid("at most one of key and key_file must be configured");
  }
  const bool has_cert = !config.cert.empty() || !config.cert_file.empty();
  const bool has_key = !config.key.empty() || !config.key_file.empty();
  if (has_cert && !has_key) {
    return Invalid(
        "exactly one of key or key_file must be configured when a client certificate is "
        "configured");
  }
  if (has_key && !has_cert) {
    return Invalid(
        "exactly one of cert or cert_file must be configured when a client key is configured");
  }
  HEARTH_RETURN_IF_ERROR(CheckTlsVersion(config.min_version));
  return CheckTlsVersion(config.max_version);
}

absl::Status Check(OAuth2Config& config) {
  if (config.client_id.empty()) return Invalid("oauth2 client_id must be configured");
  if (config.token_url.empty()) return Invalid("oauth2 token_url must be configured");
  if (!config.client_secret.empty() && !config.client_secret_file.empty()) {
    return Invalid("at most one of oauth2 client_secret & client_secret_file must be configured");
  }
  return CheckProxy(config.proxy);
}

absl::Status Check(HttpClientConfig& config) {
  const bool bearer = !config.bearer_token.empty() || !config.bearer_token_file.empty();
  if (!config.bearer_token.empty() && !config.bearer_token_file.empty()) {
    return Invalid("at most one of bearer_token & bearer_token_file must be configured");
  }
  if ((config.basic_auth || config.oauth2) && bearer) {
    return Invalid(
        "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured");
  }
  if (config.basic_auth) HEARTH_RETURN_IF_ERROR(CheckBasicAuth(*config.basic_auth));
  if (config.authorization) {
    if (bearer)
      return Invalid("authorization is not compatible with bearer_token & bearer_token_file");
    HEARTH_RETURN_IF_ERROR(CheckAuthorization(&*config.authorization));
    if (config.basic_auth || config.oauth2) {
      return Invalid("at most one of basic_auth, oauth2 & authorization must be configured");
    }
  }
  if (config.basic_auth && config.oauth2) {
    return Invalid("at most one of basic_auth, oauth2 & authorization must be configured");
  }
  if (bearer) {
    config.authorization =
        AuthorizationConfig{"Bearer", config.bearer_token, config.bearer_token_file};
    config.bearer_token = {};
    config.bearer_token_file.clear();
  }
  for (const auto& [name, header] : config.http_headers) {
    static constexpr std::string_view kReserved[] = {"authorization",
                                                     "host",
                                                     "content-encoding",
                                                     "content-length",
                                                     "content-type",
                                                     "user-agent",
                                                     "connection",
                                                     "keep-alive",
                                                     "proxy-authenticate",
                                                     "proxy-authorization",
                                                     "www-authenticate",
                                                     "accept-encoding",
                                                     "x-prometheus-remote-write-version",
                                                     "x-prometheus-remote-read-version",
                                                     "x-prometheus-scrape-timeout-seconds"};
    if (std::find(std::begin(kReserved), std::end(kReserved), Lower(name)) != std::end(kReserved)) {
      return Invalid(StrCat("setting header ", Quoted(name), " is not allowed"));
    }
  }
  return CheckProxy(config.proxy);
}

absl::Status Check(Sigv4Config& config) {
  if (config.access_key.empty() != config.secret_key.empty()) {
    return Invalid(
        "must provide a AWS SigV4 Access key and Secret Key if credentials are specified in the "
        "SigV4 config");
  }
  return absl::OkStatus();
}

absl::Status Check(AzureAdConfig& config) {
  if (config.cloud.empty()) config.cloud = "AzurePublic";
  if (config.cloud != "AzurePublic" && config.cloud != "AzureChina" &&
      config.cloud != "AzureGovernment") {
    return Invalid("must provide a cloud in the Azure AD config");
  }
  const int methods = config.managed_identity.has_value() + config.workload_identity.has_value() +
                      config.oauth.has_value() + config.sdk.has_value();
  if (methods == 0) {
    return Invalid(
        "must provide an Azure Managed Identity, Azure Workload Identity, Azure OAuth or Azure SDK "
        "in the Azure AD config");
  }
  if (methods > 1)
    return Invalid("cannot provide multiple authentication methods in the Azure AD config");
  return absl::OkStatus();
}

absl::Status Check(GlobalConfig& config) {
  constexpr Duration kMinute{60'000}, kTimeout{10'000};
  if (config.scrape_interval.ms == 0) config.scrape_interval = kMinute;
  if (config.scrape_timeout.ms > config.scrape_interval.ms) {
    return Invalid("global scrape timeout greater than scrape interval");
  }
  if (config.scrape_timeout.ms == 0) {
    config.scrape_timeout.ms = std::min(kTimeout.ms, config.scrape_interval.ms);
  }
  if (config.evaluation_interval.ms == 0) config.evaluation_interval = kMinute;
  return CheckLabels(config.external_labels);
}

absl::Status Check(ScrapeConfig& config) {
  if (config.job_name.empty()) return Invalid("job_name is empty");
  HEARTH_RETURN_IF_ERROR(Check(config.http));
  if (config.scheme != "http" && config.scheme != "https") {
    return Invalid(StrCat("unsupported scheme ", Quoted(config.scheme),
                          " for scrape config with job name ", Quoted(config.job_name)));
  }
  if (!config.relabel_configs.empty()) return absl::OkStatus();
  for (const TargetGroup& group : config.discovery.static_configs) {
    for (const std::string& target : group.targets) {
      if (target.find('/') != std::string::npos)
        return Invalid(StrCat(Quoted(target), " is not a valid hostname"));
    }
  }
  return absl::OkStatus();
}

absl::Status Check(AlertmanagerConfig& config) {
  HEARTH_RETURN_IF_ERROR(Check(config.http));
  const bool authenticated =
      config.http.basic_auth || config.http.authorization || config.http.oauth2;
  if (authenticated && config.sigv4) {
    return Invalid("at most one of basic_auth, authorization, oauth2, & sigv4 must be configured");
  }
  if (config.api_version != "v2") {
    return Invalid(
        StrCat("expected Alertmanager api version to be one of [v2] but got ", config.api_version));
  }
  if (!config.relabel_configs.empty()) return absl::OkStatus();
  for (const TargetGroup& group : config.discovery.static_configs) {
    for (const std::string& target : group.targets) {
      if (target.find('/') != std::string::npos)
        return Invalid(StrCat(Quoted(target), " is not a valid hostname"));
    }
  }
  return absl::OkStatus();
}

absl::Status Check(QueueConfig& config) {
  if (config.max_samples_per_send <= 0)
    return Invalid("remote write queue max_samples_per_send must be positive");
  if (config.max_shards <= 0) return Invalid("remote write queue max_shards must be positive");
  if (config.min_shards <= 0) return Invalid("remote write queue min_shards must be positive");
  if (config.capacity <= 0) return Invalid("remote write queue capacity must be positive");
  if (config.max_backoff.ms < config.min_backoff.ms) {
    return Invalid("remote write queue max_backoff must not be less than min_backoff");
  }
  return absl::OkStatus();
}

absl::Status Check(RemoteWriteConfig& config) {
  if (config.url.empty()) return Invalid("url for remote_write is empty");
  HEARTH_RETURN_IF_ERROR(
      CheckHeaders(config.headers,
                   "authorization header must be changed via the basic_auth, authorization, "
                   "oauth2, sigv4, azuread or google_iam parameter"));
  if (!IsProtobufMessage(config.protobuf_message)) {
    return Invalid(
        StrCat("invalid protobuf_message value: unknown type for remote write protobuf message ",
               config.protobuf_message,
               ", supported: prometheus.WriteRequest, io.prometheus.write.v2.Request"));
  }
  HEARTH_RETURN_IF_ERROR(Check(config.http));
  return CheckOneAuthentication(config);
}

absl::Status Check(RemoteReadConfig& config) {
  if (config.url.empty()) return Invalid("url for remote_read is empty");
  HEARTH_RETURN_IF_ERROR(CheckHeaders(config.headers,
                                      "authorization header must be changed via the basic_auth, "
                                      "authorization, or oauth2 parameter"));
  return Check(config.http);
}

absl::Status Check(RetentionConfig& config) {
  if (config.size.bytes < 0)
    return Invalid("'storage.tsdb.retention.size' must be greater than or equal to 0");
  if (!(config.percentage >= 0 && config.percentage <= 100)) {
    return Invalid("'storage.tsdb.retention.percentage' must be in the range [0, 100]");
  }
  return absl::OkStatus();
}

absl::Status Check(ChunkEncodingConfig& config) {
  if (config.floats && *config.floats != "xor" && *config.floats != "xor2") {
    return Invalid(
        StrCat("'storage.tsdb.chunk_encoding.floats' must be 'xor' or 'xor2', or the field must be "
               "omitted ",
               "entirely, got ", Quoted(*config.floats)));
  }
  return absl::OkStatus();
}

absl::Status Check(OtlpConfig& config) {
  static constexpr std::string_view kStrategies[] = {"UnderscoreEscapingWithSuffixes",
                                                     "UnderscoreEscapingWithoutSuffixes",
                                                     "NoUTF8EscapingWithSuffixes", "NoTranslation"};
  if (std::find(std::begin(kStrategies), std::end(kStrategies), config.translation_strategy) ==
      std::end(kStrategies)) {
    return Invalid(
        StrCat("unsupported OTLP translation strategy ", Quoted(config.translation_strategy)));
  }
  if (config.promote_all_resource_attributes && !config.promote_resource_attributes.empty()) {
    return Invalid(
        "'promote_all_resource_attributes' and 'promote_resource_attributes' cannot be configured "
        "simultaneously");
  }
  if (!config.promote_all_resource_attributes && !config.ignore_resource_attributes.empty()) {
    return Invalid(
        "'ignore_resource_attributes' cannot be configured unless "
        "'promote_all_resource_attributes' is true");
  }
  const auto sanitize = [](std::string_view key, std::string_view what,
                           std::vector<std::string>* list) -> absl::Status {
    std::set<std::string> seen;
    std::string problems;
    for (std::string& attribute : *list) {
      const size_t first = attribute.find_first_not_of(" \t");
      attribute = first == std::string::npos
                      ? ""
                      : attribute.substr(first, attribute.find_last_not_of(" \t") - first + 1);
      if (attribute.empty()) {
        StrAppend(&problems, problems.empty() ? "" : "; ", "empty ", what,
                  " OTel resource attribute");
      } else if (!seen.insert(attribute).second) {
        StrAppend(&problems, problems.empty() ? "" : "; ", "duplicated ", what,
                  " OTel resource attribute ", Quoted(attribute));
      }
    }
    return problems.empty() ? absl::OkStatus() : Invalid(StrCat("invalid '", key, "': ", problems));
  };
  HEARTH_RETURN_IF_ERROR(
      sanitize("promote_resource_attributes", "promoted", &config.promote_resource_attributes));
  return sanitize("ignore_resource_attributes", "ignored", &config.ignore_resource_attributes);
}

absl::Status Check(TracingConfig& config) {
  HEARTH_RETURN_IF_ERROR(
      CheckHeaders(config.headers, "authorization header configuration is not yet supported"));
  if (config.endpoint.empty()) return Invalid("tracing endpoint must be set");
  if (config.client_type != "grpc" && config.client_type != "http") {
    return Invalid(StrCat("expected tracing client type to be of type grpc or http, got ",
                          Quoted(config.client_type)));
  }
  if (!config.compression.empty() && config.compression != "gzip") {
    return Invalid(
        StrCat("invalid compression type ", config.compression, " provided, valid options: gzip"));
  }
  return absl::OkStatus();
}

}  // namespace hearth
