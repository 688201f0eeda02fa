// config/sd_clouds.h
//
// The sections of service discovery at other hosting providers. No provider asks them in this
// build: the keys are read, checked and shown. Plain data.
#ifndef HEARTH_CONFIG_SD_CLOUDS_H_
#define HEARTH_CONFIG_SD_CLOUDS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/http_client_config.h"
#include "config/units.h"

namespace hearth {

// azure_sd_configs.
struct AzureSdConfig {
  static constexpr std::string_view kYamlType = "azure.plain";

  std::string environment = "AzurePublicCloud";
  int64_t port = 80;
  std::string subscription_id;
  std::string tenant_id;
  std::string client_id;
  Secret client_secret;
  Duration refresh_interval{300'000};
  std::string authentication_method = "OAuth";
  std::string resource_group;
  HttpClientConfig http;
  friend bool operator==(const AzureSdConfig&, const AzureSdConfig&) = default;
};

// digitalocean_sd_configs.
struct DigitaloceanSdConfig {
  static constexpr std::string_view kYamlType = "digitalocean.plain";

  std::string role;
  Duration refresh_interval{60'000};
  int64_t port = 80;
  HttpClientConfig http;
  friend bool operator==(const DigitaloceanSdConfig&, const DigitaloceanSdConfig&) = default;
};

// gce_sd_configs.
struct GceSdConfig {
  static constexpr std::string_view kYamlType = "gce.plain";

  std::string project;
  std::string zone;
  std::string filter;
  Duration refresh_interval{60'000};
  int64_t port = 80;
  std::string tag_separator = ",";
  friend bool operator==(const GceSdConfig&, const GceSdConfig&) = default;
};

// hetzner_sd_configs.
struct HetznerSdConfig {
  static constexpr std::string_view kYamlType = "hetzner.plain";

  Duration refresh_interval{60'000};
  int64_t port = 80;
  std::string role;
  std::string label_selector;
  HttpClientConfig http;
  friend bool operator==(const HetznerSdConfig&, const HetznerSdConfig&) = default;
};

// ionos_sd_configs.
struct IonosSdConfig {
  static constexpr std::string_view kYamlType = "ionos.plain";

  std::string datacenter_id;
  Duration refresh_interval{60'000};
  int64_t port = 80;
  HttpClientConfig http;
  friend bool operator==(const IonosSdConfig&, const IonosSdConfig&) = default;
};

// linode_sd_configs.
struct LinodeSdConfig {
  static constexpr std::string_view kYamlType = "linode.plain";

  Duration refresh_interval{60'000};
  int64_t port = 80;
  std::string tag_separator = ",";
  std::string region;
  HttpClientConfig http;
  friend bool operator==(const LinodeSdConfig&, const LinodeSdConfig&) = default;
};

// oci_sd_configs.
struct OciSdConfig {
  static constexpr std::string_view kYamlType = "oci.plain";

  std::string auth = "api_key";
  std::string tenancy;
  std::string user;
  std::string fingerprint;
  std::string key_file;
  Secret key_passphrase;
  std::string key_passphrase_file;
  std::string region;
  std::vector<std::string> compartments;
  int64_t port = 80;
  Duration refresh_interval{60'000};
  HttpClientConfig http;
  friend bool operator==(const OciSdConfig&, const OciSdConfig&) = default;
};

// openstack_sd_configs.
struct OpenstackSdConfig {
  static constexpr std::string_view kYamlType = "openstack.plain";

  std::string identity_endpoint;
  std::string username;
  std::string userid;
  Secret password;
  std::string project_name;
  std::string project_id;
  std::string domain_name;
  std::string domain_id;
  std::string application_credential_name;
  std::string application_credential_id;
  Secret application_credential_secret;
  std::string role;
  std::string region;
  Duration refresh_interval{60'000};
  int64_t port = 80;
  bool all_tenants = false;
  TlsConfig tls_config;
  std::string availability = "public";
  friend bool operator==(const OpenstackSdConfig&, const OpenstackSdConfig&) = default;
};

// outscale_sd_configs.
struct OutscaleSdConfig {
  static constexpr std::string_view kYamlType = "outscale.plain";

  std::string region;
  std::string access_key;
  Secret secret_key;
  std::string secret_key_file;
  std::string endpoint;
  Duration refresh_interval{60'000};
  int64_t port = 80;
  HttpClientConfig http;
  friend bool operator==(const OutscaleSdConfig&, const OutscaleSdConfig&) = default;
};

// ovhcloud_sd_configs.
struct OvhcloudSdConfig {
  static constexpr std::string_view kYamlType = "ovhcloud.plain";

  std::string endpoint = "ovh-eu";
  std::string application_key;
  Secret application_secret;
  Secret consumer_key;
  Duration refresh_interval{60'000};
  std::string service;
  friend bool operator==(const OvhcloudSdConfig&, const OvhcloudSdConfig&) = default;
};

// scaleway_sd_configs.
struct ScalewaySdConfig {
  static constexpr std::string_view kYamlType = "scaleway.plain";

  std::string project_id;
  std::string api_url = "https://api.scaleway.com";
  std::string zone = "fr-par-1";
  std::string access_key;
  Secret secret_key;
  std::string secret_key_file;
  std::string name_filter;
  std::vector<std::string> tags_filter;
  Duration refresh_interval{60'000};
  int64_t port = 80;
  std::string role;
  HttpClientConfig http;
  friend bool operator==(const ScalewaySdConfig&, const ScalewaySdConfig&) = default;
};

// stackit_sd_configs.
struct StackitSdConfig {
  static constexpr std::string_view kYamlType = "stackit.plain";

  std::string project;
  std::string region = "eu01";
  std::string endpoint;
  Secret private_key;
  std::string private_key_path;
  Secret service_account_key;
  std::string service_account_key_path;
  std::string credentials_file_path;
  Duration refresh_interval{60'000};
  int64_t port = 80;
  HttpClientConfig http;
  friend bool operator==(const StackitSdConfig&, const StackitSdConfig&) = default;
};

// triton_sd_configs.
struct TritonSdConfig {
  static constexpr std::string_view kYamlType = "triton.plain";

  std::string account;
  std::string role = "container";
  std::string dns_suffix;
  std::string endpoint;
  std::vector<std::string> groups;
  int64_t port = 9163;
  Duration refresh_interval{60'000};
  TlsConfig tls_config;
  int64_t version = 1;
  friend bool operator==(const TritonSdConfig&, const TritonSdConfig&) = default;
};

// vultr_sd_configs.
struct VultrSdConfig {
  static constexpr std::string_view kYamlType = "vultr.plain";

  Duration refresh_interval{60'000};
  int64_t port = 80;
  HttpClientConfig http;
  friend bool operator==(const VultrSdConfig&, const VultrSdConfig&) = default;
};

}  // namespace hearth

#endif  // HEARTH_CONFIG_SD_CLOUDS_H_
