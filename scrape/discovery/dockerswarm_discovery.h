// scrape/discovery/dockerswarm_discovery.h
//
// The services, tasks or nodes of a Docker swarm (dockerswarm_sd_configs), with
// `__meta_dockerswarm_*`.
//   services: a target for each virtual IP and published TCP port
//   tasks:    a target for each port published on the node, and for each address in a network and
//             published port of the task's service
//   nodes:    one target each
// What publishes no port gets the configured one.
//
// Thread safety: as Discovery.
#ifndef HEARTH_SCRAPE_DISCOVERY_DOCKERSWARM_DISCOVERY_H_
#define HEARTH_SCRAPE_DISCOVERY_DOCKERSWARM_DISCOVERY_H_

#include <memory>
#include <string_view>
#include <vector>

#include "config/sd_docker.h"
#include "scrape/discovery/api_client.h"
#include "scrape/discovery/discovery.h"

namespace hearth {

// The answers of the swarm's API that the three roles need; null where one was not asked for.
struct SwarmAnswers {
  Json services, tasks, nodes, networks;
};

std::vector<Labels> SwarmServiceTargets(const SwarmAnswers& answers, int64_t port);
std::vector<Labels> SwarmTaskTargets(const SwarmAnswers& answers, int64_t port);
std::vector<Labels> SwarmNodeTargets(const SwarmAnswers& answers, int64_t port);

// One role: what it asks for and what it makes of it.
struct SwarmRole;

class DockerSwarmDiscovery : public Discovery {
 public:
  // kInvalidArgument: an unknown role, too.
  static absl::StatusOr<std::unique_ptr<Discovery>> Create(const DockerSwarmSdConfig& config,
                                                           http::IoThread* io);

  std::string_view mechanism() const override { return "dockerswarm"; }
  TimeMs interval_ms() const override { return config_.refresh_interval.ms; }
  absl::StatusOr<std::vector<Labels>> Refresh() override;
  void Cancel() override { client_->Cancel(); }

 private:
  DockerSwarmDiscovery(const DockerSwarmSdConfig& config, const SwarmRole* role,
                       std::unique_ptr<ApiClient> client)
      : config_(config), role_(role), client_(std::move(client)) {}

  const DockerSwarmSdConfig config_;
  const SwarmRole* const role_;
  const std::unique_ptr<ApiClient> client_;
};

}  // namespace hearth

#endif  // HEARTH_SCRAPE_DISCOVERY_DOCKERSWARM_DISCOVERY_H_
