// config/sd_consul.h
//
// One item of consul_sd_configs: services of a Consul catalogue. Plain data; after Load, username
// and password stand in http.basic_auth.
#ifndef HEARTH_CONFIG_SD_CONSUL_H_
#define HEARTH_CONFIG_SD_CONSUL_H_

#include <string>
#include <string_view>
#include <vector>

#include "config/http_client_config.h"
#include "config/units.h"

namespace hearth {

struct ConsulSdConfig {
  static constexpr std::string_view kYamlType = "consul.plain";

  std::string server = "localhost:8500";  // host:port; never blank after Load.
  std::string path_prefix;
  Secret token;
  std::string datacenter;
  std::string namespace_name;  // The key is `namespace`.
  std::string partition;
  std::string tag_separator = ",";
  std::string scheme = "http";
  std::string username;  // Deprecated.
  Secret password;       // Likewise.
  bool allow_stale = true;
  Duration refresh_interval{30'000};
  std::vector<std::string> services;  // Empty = all.
  std::vector<std::string> tags;      // A service must have each of them. Deprecated for `filter`.
  StringMapConfig node_meta;
  std::string filter;         // On the catalogue.
  std::string health_filter;  // On the health endpoint.
  HttpClientConfig http;
  friend bool operator==(const ConsulSdConfig&, const ConsulSdConfig&) = default;
};

}  // namespace hearth

#endif  // HEARTH_CONFIG_SD_CONSUL_H_
