// scrape/discovery/docker_discovery.h
//
// The running containers of a Docker engine (docker_sd_configs): a target for each network of a
// container and each TCP port that it exposes, with `__meta_docker_*`. A container without such a
// port gives one target a network, with the configured port.
//
// Thread safety: as Discovery.
#ifndef HEARTH_SCRAPE_DISCOVERY_DOCKER_DISCOVERY_H_
#define HEARTH_SCRAPE_DISCOVERY_DOCKER_DISCOVERY_H_

#include <memory>
#include <string_view>
#include <vector>

#include "config/sd_docker.h"
#include "scrape/discovery/api_client.h"
#include "scrape/discovery/discovery.h"

namespace hearth {

// The targets in the answers to /containers/json and /networks. Values of an unexpected type count
// as absent.
std::vector<Labels> DockerTargets(const DockerSdConfig& config, const Json& containers,
                                  const Json& networks);

class DockerDiscovery : public Discovery {
 public:
  static absl::StatusOr<std::unique_ptr<Discovery>> Create(const DockerSdConfig& config,
                                                           http::IoThread* io);

  std::string_view mechanism() const override { return "docker"; }
  TimeMs interval_ms() const override { return config_.refresh_interval.ms; }
  absl::StatusOr<std::vector<Labels>> Refresh() override;
  void Cancel() override { client_->Cancel(); }

 private:
  DockerDiscovery(const DockerSdConfig& config, std::unique_ptr<ApiClient> client)
      : config_(config), client_(std::move(client)) {}

  const DockerSdConfig config_;
  const std::unique_ptr<ApiClient> client_;
};

}  // namespace hearth

#endif  // HEARTH_SCRAPE_DISCOVERY_DOCKER_DISCOVERY_H_
