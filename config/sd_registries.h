// config/sd_registries.h
//
// The sections of service discovery in registries of services and machines that no provider asks in
// this build: the keys are read, checked and shown. Plain data.
#ifndef HEARTH_CONFIG_SD_REGISTRIES_H_
#define HEARTH_CONFIG_SD_REGISTRIES_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/http_client_config.h"
#include "config/units.h"

namespace hearth {

// eureka_sd_configs.
struct EurekaSdConfig {
  static constexpr std::string_view kYamlType = "eureka.plain";

  std::string server;
  Duration refresh_interval{30'000};
  HttpClientConfig http;
  friend bool operator==(const EurekaSdConfig&, const EurekaSdConfig&) = default;
};

// kuma_sd_configs.
struct KumaSdConfig {
  static constexpr std::string_view kYamlType = "xds.plain";

  std::string server;
  std::string client_id;
  Duration refresh_interval{15'000};
  Duration fetch_timeout{120'000};
  HttpClientConfig http;
  friend bool operator==(const KumaSdConfig&, const KumaSdConfig&) = default;
};

// marathon_sd_configs.
struct MarathonSdConfig {
  static constexpr std::string_view kYamlType = "marathon.plain";

  std::vector<std::string> servers;
  Duration refresh_interval{30'000};
  Secret auth_token;
  std::string auth_token_file;
  HttpClientConfig http;
  friend bool operator==(const MarathonSdConfig&, const MarathonSdConfig&) = default;
};

// nerve_sd_configs and serverset_sd_configs.
struct ZookeeperSdConfig {
  static constexpr std::string_view kYamlType = "zookeeper.plain";

  std::vector<std::string> servers;
  std::vector<std::string> paths;
  Duration timeout{10'000};
  friend bool operator==(const ZookeeperSdConfig&, const ZookeeperSdConfig&) = default;
};

// nomad_sd_configs.
struct NomadSdConfig {
  static constexpr std::string_view kYamlType = "nomad.plain";

  bool allow_stale = true;
  std::string namespace_name = "default";
  Duration refresh_interval{60'000};
  std::string region = "global";
  std::string server = "http://localhost:4646";
  std::string tag_separator = ",";
  HttpClientConfig http;
  friend bool operator==(const NomadSdConfig&, const NomadSdConfig&) = default;
};

// puppetdb_sd_configs.
struct PuppetdbSdConfig {
  static constexpr std::string_view kYamlType = "puppetdb.plain";

  std::string url;
  std::string query;
  bool include_parameters = false;
  Duration refresh_interval{60'000};
  int64_t port = 80;
  HttpClientConfig http;
  friend bool operator==(const PuppetdbSdConfig&, const PuppetdbSdConfig&) = default;
};

// uyuni_sd_configs.
struct UyuniSdConfig {
  static constexpr std::string_view kYamlType = "uyuni.plain";

  std::string server;
  std::string username;
  Secret password;
  std::string entitlement = "monitoring_entitled";
  std::string separator = ",";
  Duration refresh_interval{60'000};
  HttpClientConfig http;
  friend bool operator==(const UyuniSdConfig&, const UyuniSdConfig&) = default;
};

}  // namespace hearth

#endif  // HEARTH_CONFIG_SD_REGISTRIES_H_
