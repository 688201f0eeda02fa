// config/sd_docker.h
//
// One item of docker_sd_configs (containers of one engine) and of dockerswarm_sd_configs (services,
// tasks or nodes of a swarm). Plain data.
#ifndef HEARTH_CONFIG_SD_DOCKER_H_
#define HEARTH_CONFIG_SD_DOCKER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/http_client_config.h"
#include "config/units.h"

namespace hearth {

// A filter of the Docker API: what is listed has one of `values`.
struct DockerFilter {
  static constexpr std::string_view kYamlType = "moby.plain";

  std::string name;
  std::vector<std::string> values;
  friend bool operator==(const DockerFilter&, const DockerFilter&) = default;
};

struct DockerSdConfig {
  static constexpr std::string_view kYamlType = "moby.plain";

  std::string host;   // `unix:///var/run/docker.sock`, `tcp://host:2375`, `http://…`.
  int64_t port = 80;  // Of containers that expose none.
  std::vector<DockerFilter> filters;
  std::string host_networking_host = "localhost";
  bool match_first_network = true;  // One target a container rather than one a network.
  Duration refresh_interval{60'000};
  HttpClientConfig http;
  friend bool operator==(const DockerSdConfig&, const DockerSdConfig&) = default;
};

struct DockerSwarmSdConfig {
  static constexpr std::string_view kYamlType = "moby.plain";

  std::string host;
  std::string role;   // "services", "tasks" or "nodes" after Load.
  int64_t port = 80;  // Of nodes, and of services and tasks that publish none.
  std::vector<DockerFilter> filters;
  Duration refresh_interval{60'000};
  HttpClientConfig http;
  friend bool operator==(const DockerSwarmSdConfig&, const DockerSwarmSdConfig&) = default;
};

}  // namespace hearth

#endif  // HEARTH_CONFIG_SD_DOCKER_H_
