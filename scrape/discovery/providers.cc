#include "scrape/discovery/providers.h"

#include "scrape/discovery/consul_discovery.h"
#include "scrape/discovery/dns_discovery.h"
#include "scrape/discovery/docker_discovery.h"
#include "scrape/discovery/dockerswarm_discovery.h"
#include "scrape/discovery/http_discovery.h"
#include "scrape/discovery/kubernetes_discovery.h"

namespace hearth {
namespace {

template <typename Config, typename Make>
void AddAll(const std::vector<Config>& configs, Make make, DiscoveryFactory::Made* out) {
  for (const Config& config : configs) {
    absl::StatusOr<std::unique_ptr<Discovery>> discovery = make(config);
    if (discovery.ok()) {
      out->running.push_back(*std::move(discovery));
    } else {
      out->failed.push_back(discovery.status());
    }
  }
}

}  // namespace

DiscoveryFactory::Made ProviderFactory::Create(const DiscoveryConfigs& configs) {
  const Options& o = options_;
  Made made;
  AddAll(
      configs.http_sd_configs,
      [&](const HttpSdConfig& c) { return HttpDiscovery::Create(c, o.io, o.registry); }, &made);
  AddAll(
      configs.dns_sd_configs,
      [&](const DnsSdConfig& c) {
        return DnsDiscovery::Create(c, o.registry, o.warn, o.dns_servers);
      },
      &made);
  AddAll(
      configs.docker_sd_configs,
      [&](const DockerSdConfig& c) { return DockerDiscovery::Create(c, o.io); }, &made);
  AddAll(
      configs.dockerswarm_sd_configs,
      [&](const DockerSwarmSdConfig& c) { return DockerSwarmDiscovery::Create(c, o.io); }, &made);
  AddAll(
      configs.consul_sd_configs,
      [&](const ConsulSdConfig& c) { return ConsulDiscovery::Create(c, o.io, o.registry); }, &made);
  AddAll(
      configs.kubernetes_sd_configs,
      [&](const KubernetesSdConfig& c) { return KubernetesDiscovery::Create(c, o.io, o.registry); },
      &made);
  return made;
}

}  // namespace hearth
