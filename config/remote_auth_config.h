// config/remote_auth_config.h
//
// How remote write and Alertmanagers are authenticated to at hosting providers, beside what
// http_client_config.h has. Plain data.
#ifndef HEARTH_CONFIG_REMOTE_AUTH_CONFIG_H_
#define HEARTH_CONFIG_REMOTE_AUTH_CONFIG_H_

#include <optional>
#include <string>
#include <string_view>

#include "config/http_client_config.h"

namespace hearth {

struct Sigv4Config {
  static constexpr std::string_view kYamlType = "sigv4.plain";

  std::string region, access_key;
  Secret secret_key;
  std::string profile, role_arn, external_id;
  bool use_fips_sts_endpoint = false;
  std::string service_name;
  friend bool operator==(const Sigv4Config&, const Sigv4Config&) = default;
};

struct AzureManagedIdentity {
  std::string client_id;
};

struct AzureWorkloadIdentity {
  std::string client_id, tenant_id, token_file_path;
};

struct AzureOauth {
  std::string client_id;
  Secret client_secret;
  std::string tenant_id;
};

struct AzureSdk {
  std::string tenant_id;
};

struct AzureAdConfig {
  static constexpr std::string_view kYamlType = "azuread.plain";

  std::optional<AzureManagedIdentity> managed_identity;
  std::optional<AzureWorkloadIdentity> workload_identity;
  std::optional<AzureOauth> oauth;
  std::optional<AzureSdk> sdk;
  std::string cloud;  // "AzurePublic" unless given.
  std::string scope;
};

struct GoogleIamConfig {
  static constexpr std::string_view kYamlType = "googleiam.plain";

  std::string credentials_file;
};

}  // namespace hearth

#endif  // HEARTH_CONFIG_REMOTE_AUTH_CONFIG_H_
