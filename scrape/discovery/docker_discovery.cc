#include "scrape/discovery/docker_discovery.h"

#include <map>

#include "model/status.h"
#include "model/text.h"
#include "scrape/discovery/docker_api.h"
#include "scrape/discovery/meta_labels.h"

namespace hearth {
namespace {

constexpr std::string_view kPrefix = "__meta_docker_";

using ContainersById = std::map<std::string_view, const Json*>;

// The networks of a container: its own, or those of the container whose network it shares
// (`container:<id>`), perhaps over several steps.
const Json& NetworksOf(const Json& container, const ContainersById& by_id) {
  constexpr std::string_view kShared = "container:";
  const Json* current = &container;
  // A chain cannot be longer than there are containers, unless it is a ring.
  for (size_t steps = 0; steps <= by_id.size(); ++steps) {
    const Json& networks = Member(Member(*current, "NetworkSettings"), "Networks");
    if (networks.is_object() && !networks.empty()) return networks;
    const std::string_view mode = Text(Member(*current, "HostConfig"), "NetworkMode");
    if (mode.substr(0, kShared.size()) != kShared) return networks;
    const auto next = by_id.find(mode.substr(kShared.size()));
    if (next == by_id.end()) return networks;
    current = next->second;
  }
  return Member(container, "");  // A ring: nobody has networks.
}

class ContainerTargets {
 public:
  ContainerTargets(const DockerSdConfig& config, const Json& networks, std::vector<Labels>* out)
      : config_(config), networks_(DockerNetworks(networks, kPrefix)), out_(out) {}

  void Add(const Json& container, const Json& endpoints) {
    const Json& names = Member(container, "Names");
    if (!names.is_array() || names.empty() || !endpoints.is_object()) return;
    const std::string_view mode = Text(Member(container, "HostConfig"), "NetworkMode");
    MetaLabels common(kPrefix);
    common.Set("container_id", Text(container, "Id"))
        .Set("container_name", Text(names.front()))
        .Set("container_network_mode", mode)
        .SetEach("container_label_", Member(container, "Labels"));
    for (const auto& [name, endpoint] : endpoints.items()) {  // Sorted by name.
      if (endpoint.is_null()) continue;
      AddNetwork(common, Member(container, "Ports"), mode == "host", endpoint);
      if (config_.match_first_network) return;
    }
  }

 private:
  void AddNetwork(const MetaLabels& common, const Json& ports, bool host_network,
                  const Json& endpoint) {
    std::string_view ip = Text(endpoint, "IPAddress");
    if (ip.empty()) ip = Text(endpoint, "GlobalIPv6Address");
    MetaLabels base = common;
    base.Set("network_ip", ip);
    const auto network = networks_.find(Text(endpoint, "NetworkID"));
    if (network != networks_.end()) base.Add(network->second);
    bool exposed = false;
    if (ports.is_array()) {
      for (const Json& port : ports) {
        if (Text(port, "Type") != "tcp") continue;
        exposed = true;
        MetaLabels labels = base;
        labels.Set("port_private", Digits(Member(port, "PrivatePort")));
        if (Number(Member(port, "PublicPort")) > 0) {
          labels.Set("port_public", Digits(Member(port, "PublicPort")))
              .Set("port_public_ip", Text(port, "IP"));
        }
        out_->push_back(labels.Build(JoinHostPort(ip, Number(Member(port, "PrivatePort")))));
      }
    }
    if (exposed) return;
    // A container on the host's network exposes nothing, so it always comes here.
    out_->push_back(
        base.Build(host_network ? config_.host_networking_host : JoinHostPort(ip, config_.port)));
  }

  const DockerSdConfig& config_;
  const std::map<std::string, MetaLabels, std::less<>> networks_;
  std::vector<Labels>* const out_;
};

}  // namespace

std::vector<Labels> DockerTargets(const DockerSdConfig& config, const Json& containers,
                                  const Json& networks) {
  std::vector<Labels> targets;
  if (!containers.is_array()) return targets;
  ContainersById by_id;
  for (const Json& container : containers) by_id[Text(container, "Id")] = &container;
  ContainerTargets builder(config, networks, &targets);
  for (const Json& container : containers) builder.Add(container, NetworksOf(container, by_id));
  return targets;
}

absl::StatusOr<std::unique_ptr<Discovery>> DockerDiscovery::Create(const DockerSdConfig& config,
                                                                   http::IoThread* io) {
  HEARTH_ASSIGN_OR_RETURN(
      std::unique_ptr<ApiClient> client,
      MakeDockerClient(io, config.host, config.http, config.refresh_interval.ms));
  return std::unique_ptr<Discovery>(new DockerDiscovery(config, std::move(client)));
}

absl::StatusOr<std::vector<Labels>> DockerDiscovery::Refresh() {
  HEARTH_ASSIGN_OR_RETURN(
      const Json containers,
      client_->GetJson(StrCat("/containers/json", DockerFilterQuery(config_.filters))));
  HEARTH_ASSIGN_OR_RETURN(const Json networks, client_->GetJson("/networks"));
  return DockerTargets(config_, containers, networks);
}

}  // namespace hearth
