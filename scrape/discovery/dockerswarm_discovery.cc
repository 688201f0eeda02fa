#include "scrape/discovery/dockerswarm_discovery.h"

#include <algorithm>
#include <map>

#include "model/status.h"
#include "model/text.h"
#include "scrape/discovery/docker_api.h"
#include "scrape/discovery/meta_labels.h"

namespace hearth {
namespace {

constexpr std::string_view kPrefix = "__meta_dockerswarm_";

using LabelsById = std::map<std::string, MetaLabels, std::less<>>;

const Json& List(const Json& value) {
  static const Json* const empty = new Json(Json::array());
  return value.is_array() ? value : *empty;
}

const MetaLabels& Find(const LabelsById& labels, std::string_view id) {
  static const MetaLabels* const none = new MetaLabels();
  const auto it = labels.find(id);
  return it == labels.end() ? *none : it->second;
}

bool IsTcp(const Json& port) { return Text(port, "Protocol") == "tcp"; }

MetaLabels ServiceLabels(const Json& service) {
  const Json& spec = Member(service, "Spec");
  const Json& mode = Member(spec, "Mode");
  MetaLabels labels(kPrefix);
  labels.Set("service_id", Text(service, "ID"))
      .Set("service_name", Text(spec, "Name"))
      .Set("service_mode", !Member(mode, "Global").is_null()       ? "global"
                           : !Member(mode, "Replicated").is_null() ? "replicated"
                                                                   : "")
      .SetEach("service_label_", Member(spec, "Labels"));
  return labels;
}

MetaLabels NodeLabels(const Json& node) {
  const Json& spec = Member(node, "Spec");
  const Json& description = Member(node, "Description");
  const Json& platform = Member(description, "Platform");
  const Json& status = Member(node, "Status");
  MetaLabels labels(kPrefix);
  labels.Set("node_id", Text(node, "ID"))
      .Set("node_hostname", Text(description, "Hostname"))
      .Set("node_address", Text(status, "Addr"))
      .Set("node_availability", Text(spec, "Availability"))
      .Set("node_platform_architecture", Text(platform, "Architecture"))
      .Set("node_platform_os", Text(platform, "OS"))
      .Set("node_role", Text(spec, "Role"))
      .Set("node_status", Text(status, "State"))
      .SetEach("node_label_", Member(spec, "Labels"));
  return labels;
}

MetaLabels TaskLabels(const Json& task) {
  const Json& status = Member(task, "Status");
  const std::string slot = Digits(Member(task, "Slot"));
  MetaLabels labels(kPrefix);
  labels.Set("task_id", Text(task, "ID"))
      .Set("task_desired_state", Text(task, "DesiredState"))
      .Set("task_state", Text(status, "State"))
      .Set("task_slot", slot.empty() ? "0" : slot)  // The API leaves a 0 out.
      .Set("task_container_id", Text(Member(status, "ContainerStatus"), "ContainerID"))
      .SetEach("container_label_", Member(Member(Member(task, "Spec"), "ContainerSpec"), "Labels"));
  return labels;
}

// A target for each TCP port of `ports` at `ip`, or one with `fallback_port`.
void AddAtAddress(const MetaLabels& base, std::string_view ip, const Json& ports,
                  int64_t fallback_port, MetaLabels (*port_labels)(const Json& port),
                  std::vector<Labels>* targets) {
  bool published = false;
  for (const Json& port : List(ports)) {
    if (!IsTcp(port)) continue;
    published = true;
    MetaLabels labels = base;
    labels.Add(port_labels(port));
    targets->push_back(labels.Build(JoinHostPort(ip, Number(Member(port, "PublishedPort")))));
  }
  if (!published) targets->push_back(base.Build(JoinHostPort(ip, fallback_port)));
}

MetaLabels ServicePortLabels(const Json& port) {
  MetaLabels labels(kPrefix);
  labels.Set("service_endpoint_port_name", Text(port, "Name"))
      .Set("service_endpoint_port_publish_mode", Text(port, "PublishMode"));
  return labels;
}

MetaLabels TaskPortLabels(const Json& port) {
  MetaLabels labels(kPrefix);
  labels.Set("task_port_publish_mode", Text(port, "PublishMode"));
  return labels;
}

}  // namespace

std::vector<Labels> SwarmServiceTargets(const SwarmAnswers& answers, int64_t port) {
  const LabelsById networks = DockerNetworks(answers.networks, kPrefix);
  std::vector<Labels> targets;
  for (const Json& service : List(answers.services)) {
    const Json& container =
        Member(Member(Member(service, "Spec"), "TaskTemplate"), "ContainerSpec");
    MetaLabels common = ServiceLabels(service);
    common.Set("service_updating_status", Text(Member(service, "UpdateStatus"), "State"))
        .Set("service_task_container_hostname", Text(container, "Hostname"))
        .Set("service_task_container_image", Text(container, "Image"));
    const Json& endpoint = Member(service, "Endpoint");
    for (const Json& virtual_ip : List(Member(endpoint, "VirtualIPs"))) {
      MetaLabels labels = common;
      labels.Add(Find(networks, Text(virtual_ip, "NetworkID")));
      AddAtAddress(labels, WithoutPrefixLength(Text(virtual_ip, "Addr")), Member(endpoint, "Ports"),
                   port, &ServicePortLabels, &targets);
    }
  }
  return targets;
}

std::vector<Labels> SwarmTaskTargets(const SwarmAnswers& answers, int64_t port) {
  const LabelsById networks = DockerNetworks(answers.networks, kPrefix);
  LabelsById services, nodes;
  std::map<std::string_view, std::string_view> node_addresses;
  std::map<std::string_view, const Json*> service_ports;
  for (const Json& service : List(answers.services)) {
    services.insert_or_assign(std::string(Text(service, "ID")), ServiceLabels(service));
    service_ports[Text(service, "ID")] = &Member(Member(service, "Endpoint"), "Ports");
  }
  for (const Json& node : List(answers.nodes)) {
    nodes.insert_or_assign(std::string(Text(node, "ID")), NodeLabels(node));
    node_addresses[Text(node, "ID")] = Text(Member(node, "Status"), "Addr");
  }
  std::vector<Labels> targets;
  for (const Json& task : List(answers.tasks)) {
    MetaLabels common = TaskLabels(task);
    common.Add(Find(services, Text(task, "ServiceID"))).Add(Find(nodes, Text(task, "NodeID")));
    for (const Json& host_port :
         List(Member(Member(Member(task, "Status"), "PortStatus"), "Ports"))) {
      if (!IsTcp(host_port)) continue;
      MetaLabels labels = common;
      labels.Add(TaskPortLabels(host_port));
      targets.push_back(labels.Build(JoinHostPort(node_addresses[Text(task, "NodeID")],
                                                  Number(Member(host_port, "PublishedPort")))));
    }
    const auto service = service_ports.find(Text(task, "ServiceID"));
    const Json& ports = service == service_ports.end() ? List(Json()) : *service->second;
    for (const Json& attachment : List(Member(task, "NetworksAttachments"))) {
      MetaLabels labels = common;
      labels.Add(Find(networks, Text(Member(attachment, "Network"), "ID")));
      for (const Json& address : List(Member(attachment, "Addresses"))) {
        AddAtAddress(labels, WithoutPrefixLength(Text(address)), ports, port, &TaskPortLabels,
                     &targets);
      }
    }
  }
  return targets;
}

std::vector<Labels> SwarmNodeTargets(const SwarmAnswers& answers, int64_t port) {
  std::vector<Labels> targets;
  for (const Json& node : List(answers.nodes)) {
    MetaLabels labels = NodeLabels(node);
    labels.Set("node_engine_version",
               Text(Member(Member(node, "Description"), "Engine"), "EngineVersion"));
    if (const Json& manager = Member(node, "ManagerStatus"); manager.is_object()) {
      labels.Set("node_manager_leader", TrueOrFalse(Member(manager, "Leader")))
          .Set("node_manager_reachability", Text(manager, "Reachability"))
          .Set("node_manager_address", Text(manager, "Addr"));
    }
    targets.push_back(labels.Build(JoinHostPort(Text(Member(node, "Status"), "Addr"), port)));
  }
  return targets;
}

struct SwarmRole {
  std::string_view name;  // Also the path that `filters` belong to.
  std::vector<Labels> (*targets)(const SwarmAnswers& answers, int64_t port);
  std::vector<Json SwarmAnswers::*> needs;
};

namespace {

const SwarmRole* FindRole(std::string_view name) {
  static const auto* const roles = new std::vector<SwarmRole>{
      {"services", &SwarmServiceTargets, {&SwarmAnswers::services, &SwarmAnswers::networks}},
      {"tasks",
       &SwarmTaskTargets,
       {&SwarmAnswers::tasks, &SwarmAnswers::services, &SwarmAnswers::nodes,
        &SwarmAnswers::networks}},
      {"nodes", &SwarmNodeTargets, {&SwarmAnswers::nodes}},
  };
  const auto it = std::find_if(roles->begin(), roles->end(),
                               [&](const SwarmRole& role) { return role.name == name; });
  return it == roles->end() ? nullptr : &*it;
}

struct SwarmList {
  std::string_view name;
  Json SwarmAnswers::*answer;
};
constexpr SwarmList kLists[] = {{"services", &SwarmAnswers::services},
                                {"tasks", &SwarmAnswers::tasks},
                                {"nodes", &SwarmAnswers::nodes},
                                {"networks", &SwarmAnswers::networks}};

}  // namespace

absl::StatusOr<std::unique_ptr<Discovery>> DockerSwarmDiscovery::Create(
    const DockerSwarmSdConfig& config, http::IoThread* io) {
  const SwarmRole* const role = FindRole(config.role);
  if (role == nullptr) {
    return absl::InvalidArgumentError(
        StrCat("invalid role ", config.role, ", expected tasks, services, or nodes"));
  }
  HEARTH_ASSIGN_OR_RETURN(
      std::unique_ptr<ApiClient> client,
      MakeDockerClient(io, config.host, config.http, config.refresh_interval.ms));
  return std::unique_ptr<Discovery>(new DockerSwarmDiscovery(config, role, std::move(client)));
}

absl::StatusOr<std::vector<Labels>> DockerSwarmDiscovery::Refresh() {
  SwarmAnswers answers;
  for (const SwarmList& list : kLists) {
    if (std::find(role_->needs.begin(), role_->needs.end(), list.answer) == role_->needs.end())
      continue;
    const std::string query = list.name == role_->name ? DockerFilterQuery(config_.filters) : "";
    HEARTH_ASSIGN_OR_RETURN(answers.*list.answer, client_->GetJson(StrCat("/", list.name, query)));
  }
  return role_->targets(answers, config_.port);
}

}  // namespace hearth
