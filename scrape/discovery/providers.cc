#include "scrape/discovery/providers.h"

#include "model/status.h"
#include "scrape/discovery/consul_discovery.h"
#include "scrape/discovery/dns_discovery.h"
#include "scrape/discovery/docker_discovery.h"
#include "scrape/discovery/dockerswarm_discovery.h"
#include "scrape/discovery/http_discovery.h"
#include "scrape/discovery/kubernetes_discovery.h"

namespace hearth {
namespace {

template <typename Config, typename Make>
absl::Status AddAll(const std::vector<Config>& configs, Make make,
                    std::vector<std::unique_ptr<Discovery>>* out) {
  for (const Config& config : configs) {
    HEARTH_ASSIGN_OR_RETURN(std::unique_ptr<Discovery> discovery, make(config));
    out->push_back(std::move(discovery));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<std::unique_ptr<Discovery>>> ProviderFactory::Create(
    const DiscoveryConfigs& configs) {
  const Options& o = options_;
  std::vector<std::unique_ptr<Discovery>> all;
  HEARTH_RETURN_IF_ERROR(AddAll(
      configs.http_sd_configs,
      [&](const HttpSdConfig& c) { return HttpDiscovery::Create(c, o.io, o.registry); }, &all));
  HEARTH_RETURN_IF_ERROR(AddAll(
      configs.dns_sd_configs,
      [&](const DnsSdConfig& c) {
        return DnsDiscovery::Create(c, o.registry, o.warn, o.dns_servers);
      },
      &all));
  HEARTH_RETURN_IF_ERROR(AddAll(
      configs.docker_sd_configs,
      [&](const DockerSdConfig& c) { return DockerDiscovery::Create(c, o.io); }, &all));
  HEARTH_RETURN_IF_ERROR(AddAll(
      configs.dockerswarm_sd_configs,
      [&](const DockerSwarmSdConfig& c) { return DockerSwarmDiscovery::Create(c, o.io); }, &all));
  HEARTH_RETURN_IF_ERROR(AddAll(
      configs.consul_sd_configs,
      [&](const ConsulSdConfig& c) { return ConsulDiscovery::Create(c, o.io, o.registry); }, &all));
  HEARTH_RETURN_IF_ERROR(AddAll(
      configs.kubernetes_sd_configs,
      [&](const KubernetesSdConfig& c) { return KubernetesDiscovery::Create(c, o.io, o.registry); },
      &all));
  return all;
}

}  // namespace hearth
