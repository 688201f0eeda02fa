#include "config/idle_discovery_checks.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "config/checking.h"
#include "config/checks.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth {
namespace {

using config_internal::CheckUrl;
using config_internal::Invalid;
using config_internal::Quoted;
using config_internal::SplitUrl;
using config_internal::Trimmed;

// A value that must not be empty, and what is said when it is.
using Required = std::pair<const std::string&, std::string_view>;

absl::Status CheckRequired(std::initializer_list<Required> values) {
  for (const auto& [value, message] : values) {
    if (value.empty()) return Invalid(message);
  }
  return absl::OkStatus();
}

bool IsOneOf(std::string_view value, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), value) != words.end();
}

// That at most one of a secret and the file with it is given.
absl::Status CheckSecretKey(const Secret& secret, const std::string& file) {
  if (secret.empty() || file.empty()) return absl::OkStatus();
  return Invalid("at most one of secret_key & secret_key_file must be configured");
}

}  // namespace

absl::Status Check(AwsFilter& filter) {
  if (filter.values.empty()) return Invalid("EC2 SD configuration filter values cannot be empty");
  return absl::OkStatus();
}

absl::Status Check(AwsSdConfig& config) {
  if (!IsOneOf(config.role, {"ec2", "lightsail", "ecs", "msk", "rds", "elasticache"}))
    return Invalid(StrCat("unknown AWS SD role ", Quoted(config.role)));
  return Check(config.access.http);
}

absl::Status Check(Ec2SdConfig& config) { return Check(config.access.http); }

absl::Status Check(LightsailSdConfig& config) { return Check(config.access.http); }

absl::Status Check(AwsClusterSdConfig& config) { return Check(config.access.http); }

absl::Status Check(AzureSdConfig& config) {
  HEARTH_RETURN_IF_ERROR(CheckRequired(
      {{config.subscription_id, "azure SD configuration requires a subscription_id"}}));
  if (config.authentication_method == "OAuth") {
    HEARTH_RETURN_IF_ERROR(CheckRequired(
        {{config.tenant_id, "azure SD configuration requires a tenant_id"},
         {config.client_id, "azure SD configuration requires a client_id"},
         {config.client_secret.value, "azure SD configuration requires a client_secret"}}));
  }
  if (!IsOneOf(config.authentication_method,
               {"OAuth", "ManagedIdentity", "SDK", "WorkloadIdentity"})) {
    return Invalid(StrCat("unknown authentication_type ", Quoted(config.authentication_method),
                          ". Supported types are \"OAuth\", \"ManagedIdentity\", \"SDK\" or "
                          "\"WorkloadIdentity\""));
  }
  return Check(config.http);
}

absl::Status Check(DigitaloceanSdConfig& config) { return Check(config.http); }

absl::Status Check(EurekaSdConfig& config) {
  if (config.server.empty()) return Invalid("eureka_sd: empty or null eureka server");
  HEARTH_RETURN_IF_ERROR(CheckUrl(config.server));
  const config_internal::UrlParts url = *SplitUrl(config.server);
  if (url.scheme.empty() || url.host.empty())
    return Invalid("eureka_sd: invalid eureka server URL");
  return Check(config.http);
}

absl::Status Check(GceSdConfig& config) {
  return CheckRequired({{config.project, "GCE SD configuration requires a project"},
                        {config.zone, "GCE SD configuration requires a zone"}});
}

absl::Status Check(HetznerSdConfig& config) {
  HEARTH_RETURN_IF_ERROR(CheckRequired({{config.role, "role missing (one of: robot, hcloud)"}}));
  if (!IsOneOf(config.role, {"robot", "hcloud"}))
    return Invalid(StrCat("unknown role ", Quoted(config.role)));
  return Check(config.http);
}

absl::Status Check(IonosSdConfig& config) {
  HEARTH_RETURN_IF_ERROR(CheckRequired({{config.datacenter_id, "datacenter id can't be empty"}}));
  return Check(config.http);
}

absl::Status Check(KumaSdConfig& config) {
  HEARTH_RETURN_IF_ERROR(CheckRequired({{config.server, "kuma SD server must not be empty: "}}));
  HEARTH_RETURN_IF_ERROR(CheckUrl(config.server));
  const config_internal::UrlParts url = *SplitUrl(config.server);
  if (url.scheme.empty() || url.host.empty()) {
    return Invalid(StrCat("kuma SD server must not be empty and have a scheme: ", config.server));
  }
  return Check(config.http);
}

absl::Status Check(LinodeSdConfig& config) { return Check(config.http); }

absl::Status Check(MarathonSdConfig& config) {
  if (config.servers.empty())
    return Invalid("marathon_sd: must contain at least one Marathon server");
  if (!config.auth_token.empty() && !config.auth_token_file.empty()) {
    return Invalid("marathon_sd: at most one of auth_token & auth_token_file must be configured");
  }
  if (!config.auth_token.empty() || !config.auth_token_file.empty()) {
    if (!config.http.bearer_token.empty() || !config.http.bearer_token_file.empty()) {
      return Invalid(
          "marathon_sd: at most one of bearer_token, bearer_token_file, auth_token & "
          "auth_token_file must be configured");
    }
    if (config.http.authorization) {
      return Invalid(
          "marathon_sd: at most one of auth_token, auth_token_file & authorization must be "
          "configured");
    }
  }
  return Check(config.http);
}

absl::Status Check(NomadSdConfig& config) {
  if (Trimmed(config.server).empty())
    return Invalid("nomad SD configuration requires a server address");
  return Check(config.http);
}

absl::Status Check(OciSdConfig& config) {
  if (!IsOneOf(config.auth, {"api_key", "instance_principal"})) {
    return Invalid(StrCat("oci_sd: unknown auth method ", Quoted(config.auth),
                          ", expected \"api_key\" or \"instance_principal\""));
  }
  return Check(config.http);
}

absl::Status Check(OpenstackSdConfig& config) {
  if (!IsOneOf(config.availability, {"public", "internal", "admin"})) {
    return Invalid(StrCat("unknown availability ", config.availability,
                          ", must be one of admin, internal or public"));
  }
  HEARTH_RETURN_IF_ERROR(
      CheckRequired({{config.role, "role missing (one of: instance, hypervisor, loadbalancer)"}}));
  if (!IsOneOf(config.role, {"instance", "hypervisor", "loadbalancer"}))
    return Invalid(StrCat("unknown OpenStack SD role ", Quoted(config.role)));
  return CheckRequired({{config.region, "openstack SD configuration requires a region"}});
}

absl::Status Check(OutscaleSdConfig& config) {
  HEARTH_RETURN_IF_ERROR(
      CheckRequired({{config.region, "outscale SD configuration requires a region"}}));
  HEARTH_RETURN_IF_ERROR(CheckSecretKey(config.secret_key, config.secret_key_file));
  return Check(config.http);
}

absl::Status Check(OvhcloudSdConfig& config) {
  HEARTH_RETURN_IF_ERROR(
      CheckRequired({{config.endpoint, "endpoint can not be empty"},
                     {config.application_key, "application key can not be empty"},
                     {config.application_secret.value, "application secret can not be empty"},
                     {config.consumer_key.value, "consumer key can not be empty"}}));
  if (!IsOneOf(config.service, {"vps", "dedicated_server"}))
    return Invalid(StrCat("unknown service: ", config.service));
  return absl::OkStatus();
}

absl::Status Check(PuppetdbSdConfig& config) {
  HEARTH_RETURN_IF_ERROR(CheckRequired({{config.url, "URL is missing"}}));
  HEARTH_RETURN_IF_ERROR(CheckUrl(config.url));
  const config_internal::UrlParts url = *SplitUrl(config.url);
  if (url.scheme != "http" && url.scheme != "https")
    return Invalid("URL scheme must be 'http' or 'https'");
  if (url.host.empty()) return Invalid("host is missing in URL");
  HEARTH_RETURN_IF_ERROR(CheckRequired({{config.query, "query missing"}}));
  return Check(config.http);
}

absl::Status Check(ScalewaySdConfig& config) {
  HEARTH_RETURN_IF_ERROR(
      CheckRequired({{config.role, "role missing (one of: instance, baremetal)"}}));
  if (!IsOneOf(config.role, {"instance", "baremetal"}))
    return Invalid(StrCat("unknown role ", Quoted(config.role)));
  HEARTH_RETURN_IF_ERROR(CheckRequired({{config.project_id, "project_id is mandatory"}}));
  if (config.secret_key.empty() && config.secret_key_file.empty())
    return Invalid("one of secret_key & secret_key_file must be configured");
  HEARTH_RETURN_IF_ERROR(CheckSecretKey(config.secret_key, config.secret_key_file));
  HEARTH_RETURN_IF_ERROR(CheckRequired({{config.access_key, "access_key is mandatory"}}));
  return Check(config.http);
}

absl::Status Check(StackitSdConfig& config) {
  if (!config.endpoint.empty()) {
    const auto url = SplitUrl(config.endpoint);
    if (!url || url->scheme.empty() || url->host.empty())
      return Invalid(StrCat("invalid endpoint ", Quoted(config.endpoint)));
  }
  return Check(config.http);
}

absl::Status Check(TritonSdConfig& config) {
  HEARTH_RETURN_IF_ERROR(
      CheckRequired({{config.account, "triton SD configuration requires an account"},
                     {config.dns_suffix, "triton SD configuration requires a dns_suffix"},
                     {config.endpoint, "triton SD configuration requires an endpoint"}}));
  if (config.refresh_interval.ms <= 0) {
    return Invalid("triton SD configuration requires RefreshInterval to be a positive integer");
  }
  return absl::OkStatus();
}

absl::Status Check(UyuniSdConfig& config) {
  HEARTH_RETURN_IF_ERROR(
      CheckRequired({{config.server, "Uyuni SD configuration requires server host"}}));
  if (!SplitUrl(config.server)) return Invalid("Uyuni Server URL is not valid");
  HEARTH_RETURN_IF_ERROR(
      CheckRequired({{config.username, "Uyuni SD configuration requires a username"},
                     {config.password.value, "Uyuni SD configuration requires a password"}}));
  return Check(config.http);
}

absl::Status Check(VultrSdConfig& config) { return Check(config.http); }

absl::Status Check(ZookeeperSdConfig& config) {
  if (config.servers.empty())
    return Invalid("serverset SD config must contain at least one Zookeeper server");
  if (config.paths.empty()) return Invalid("serverset SD config must contain at least one path");
  for (const std::string& path : config.paths) {
    if (path.empty() || path.front() != '/')
      return Invalid(StrCat("serverset SD config paths must begin with '/': ", path));
  }
  return absl::OkStatus();
}

}  // namespace hearth
