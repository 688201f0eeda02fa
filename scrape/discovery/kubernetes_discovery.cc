#include "scrape/discovery/kubernetes_discovery.h"

#include <algorithm>

#include "http/url.h"
#include "model/status.h"
#include "model/text.h"
#include "scrape/discovery/kubernetes_access.h"

namespace hearth {
namespace {

constexpr int kPageObjects = 250;  // A page with 64 KiB an object is within ApiClient's limit.
constexpr int kWatchSeconds = 5;
constexpr int kGone = 410;

// A resource of the API.
struct Resource {
  std::string_view role;  // The selectors' and the metric's name for it.
  KubeObjects KubeCluster::*objects;
  std::string_view api;
  std::string_view name;
  bool namespaced = true;
};
constexpr Resource kPods{"pod", &KubeCluster::pods, "/api/v1", "pods"};
constexpr Resource kServices{"service", &KubeCluster::services, "/api/v1", "services"};
constexpr Resource kEndpoints{"endpoints", &KubeCluster::endpoints, "/api/v1", "endpoints"};
constexpr Resource kNodes{"node", &KubeCluster::nodes, "/api/v1", "nodes", false};
constexpr Resource kNamespaces{"namespace", &KubeCluster::namespaces, "/api/v1", "namespaces",
                               false};
constexpr Resource kSlices{"endpointslice", &KubeCluster::endpointslices,
                           "/apis/discovery.k8s.io/v1", "endpointslices"};
constexpr Resource kReplicaSets{"replicaset", &KubeCluster::replicasets, "/apis/apps/v1",
                                "replicasets"};
constexpr Resource kJobs{"job", &KubeCluster::jobs, "/apis/batch/v1", "jobs"};
constexpr Resource kIngresses{"ingress", &KubeCluster::ingresses, "/apis/networking.k8s.io/v1",
                              "ingresses"};

// "&labelSelector=…&fieldSelector=…" of a role, or "".
std::string Selectors(const KubernetesSdConfig& config, std::string_view role) {
  std::string query;
  for (const KubernetesSelector& selector : config.selectors) {
    if (selector.role != role) continue;
    if (!selector.label.empty())
      StrAppend(&query, "&labelSelector=", http::PercentEncode(selector.label));
    if (!selector.field.empty())
      StrAppend(&query, "&fieldSelector=", http::PercentEncode(selector.field));
  }
  return query;
}

}  // namespace

struct KubeRole {
  std::string_view name;
  std::vector<Labels> (*targets)(const KubeCluster& cluster);
  std::vector<Resource> needs;
  // Which of attach_metadata there are.
  bool attaches_nodes = false;
  bool attaches_namespaces = true;
  bool attaches_controllers = false;
};

namespace {

const KubeRole* FindRole(std::string_view name) {
  static const auto* const roles = new std::vector<KubeRole>{
      {.name = "node",
       .targets = &KubeNodeTargets,
       .needs = {kNodes},
       .attaches_namespaces = false},
      {.name = "service", .targets = &KubeServiceTargets, .needs = {kServices}},
      {.name = "pod",
       .targets = &KubePodTargets,
       .needs = {kPods},
       .attaches_nodes = true,
       .attaches_controllers = true},
      {.name = "endpoints",
       .targets = &KubeEndpointsTargets,
       .needs = {kEndpoints, kServices, kPods},
       .attaches_nodes = true},
      {.name = "endpointslice",
       .targets = &KubeEndpointSliceTargets,
       .needs = {kSlices, kServices, kPods},
       .attaches_nodes = true},
      {.name = "ingress", .targets = &KubeIngressTargets, .needs = {kIngresses}},
  };
  const auto it = std::find_if(roles->begin(), roles->end(),
                               [&](const KubeRole& role) { return role.name == name; });
  return it == roles->end() ? nullptr : &*it;
}

std::vector<KubeFeed> MakeFeeds(const KubernetesSdConfig& config, const KubeRole& role,
                                const std::vector<std::string>& namespaces) {
  std::vector<Resource> resources = role.needs;
  if (role.attaches_nodes && config.attach_metadata.node) resources.push_back(kNodes);
  if (role.attaches_namespaces && config.attach_metadata.namespace_metadata)
    resources.push_back(kNamespaces);
  if (role.attaches_controllers && config.attach_metadata.deployment)
    resources.push_back(kReplicaSets);
  if (role.attaches_controllers && config.attach_metadata.cronjob) resources.push_back(kJobs);
  std::vector<KubeFeed> feeds;
  for (const Resource& resource : resources) {
    KubeFeed feed;
    feed.role = resource.role;
    feed.objects = resource.objects;
    feed.query = Selectors(config, resource.role);
    if (!resource.namespaced || namespaces.empty()) {
      feed.path = StrCat(resource.api, "/", resource.name);
      feeds.push_back(feed);
      continue;
    }
    for (const std::string& name : namespaces) {
      feed.path =
          StrCat(resource.api, "/namespaces/", http::PercentEncode(name), "/", resource.name);
      feeds.push_back(feed);
    }
  }
  return feeds;
}

// Keeps an object without the record of who set which field, often its greater part.
void Keep(const Json& object, KubeObjects* found) {
  Json& kept = (*found)[KubeKey(object)];
  kept = object;
  if (const auto metadata = kept.find("metadata"); metadata != kept.end() && metadata->is_object())
    metadata->erase("managedFields");
}

// kAborted: the API has forgotten what came after the watch's resourceVersion.
absl::Status ExpectWatch(const http::FetchResult& answer) {
  const absl::Status status = http::ExpectOk(answer);
  return answer.status == kGone ? absl::AbortedError(status.message()) : status;
}

}  // namespace

absl::Status ApplyKubeEvents(std::string_view body, KubeFeed* feed,
                             std::vector<std::string>* events) {
  while (!body.empty()) {
    const std::string_view line = body.substr(0, body.find('\n'));
    body.remove_prefix(std::min(line.size() + 1, body.size()));
    if (line.empty()) continue;
    absl::StatusOr<Json> event = ParseJson(line);
    if (!event.ok()) return absl::AbortedError(event.status().message());
    const std::string_view type = Text(*event, "type");
    const Json& object = Member(*event, "object");
    if (type == "ERROR" || !object.is_object()) {
      return absl::AbortedError(StrCat("watch of ", feed->path, ": ", Text(object, "message")));
    }
    feed->version = Text(Member(object, "metadata"), "resourceVersion");
    if (type == "BOOKMARK") continue;
    if (type == "DELETED") {
      feed->found.erase(KubeKey(object));
    } else {
      Keep(object, &feed->found);
    }
    events->emplace_back(type);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Discovery>> KubernetesDiscovery::Create(
    const KubernetesSdConfig& config, http::IoThread* io, metrics::Registry* registry) {
  const KubeRole* const role = FindRole(config.role);
  if (role == nullptr)
    return absl::InvalidArgumentError(StrCat("unknown Kubernetes SD role \"", config.role, "\""));
  HEARTH_ASSIGN_OR_RETURN(ApiClient::Options options, KubernetesAccess(config));
  std::vector<std::string> namespaces = config.namespaces.names;
  if (config.namespaces.own_namespace) {
    HEARTH_ASSIGN_OR_RETURN(std::string own, OwnKubernetesNamespace());
    namespaces.push_back(std::move(own));
  }
  options.timeout_ms = 30'000;
  HEARTH_ASSIGN_OR_RETURN(std::unique_ptr<ApiClient> client,
                          ApiClient::Create(io, std::move(options)));
  const bool attaches_jobs = role->attaches_controllers && config.attach_metadata.job;
  return std::unique_ptr<Discovery>(new KubernetesDiscovery(
      role, attaches_jobs, MakeFeeds(config, *role, namespaces), std::move(client), registry));
}

KubernetesDiscovery::KubernetesDiscovery(const KubeRole* role, bool attaches_jobs,
                                         std::vector<KubeFeed> feeds,
                                         std::unique_ptr<ApiClient> client,
                                         metrics::Registry* registry)
    : role_(role),
      attaches_jobs_(attaches_jobs),
      client_(std::move(client)),
      registry_(registry),
      failures_(registry->AddCounter("prometheus_sd_kubernetes_failures_total",
                                     "The number of failed WATCH/LIST requests.")),
      feeds_(std::move(feeds)) {
  for (const KubeFeed& feed : feeds_) {
    for (const char* event : {"add", "delete", "update"}) Count(feed, event, 0);
  }
}

void KubernetesDiscovery::Count(const KubeFeed& feed, const std::string& event, uint64_t by) {
  registry_
      ->AddCounter("prometheus_sd_kubernetes_events_total",
                   "The number of Kubernetes events handled.",
                   {{"event", event}, {"role", feed.role}})
      ->Increment(by);
}

absl::Status KubernetesDiscovery::List(KubeFeed* feed) {
  KubeObjects found;
  std::string version, next;
  do {
    std::string path = StrCat(feed->path, "?limit=", kPageObjects, feed->query);
    if (!next.empty()) StrAppend(&path, "&continue=", http::PercentEncode(next));
    HEARTH_ASSIGN_OR_RETURN(Json page, client_->GetJson(path));
    if (const Json& items = Member(page, "items"); items.is_array()) {
      for (const Json& item : items) Keep(item, &found);
    }
    version = Text(Member(page, "metadata"), "resourceVersion");
    next = Text(Member(page, "metadata"), "continue");
  } while (!next.empty());
  if (version.empty())
    return absl::InvalidArgumentError(StrCat(feed->path, ": an answer without resourceVersion"));
  Count(*feed, "add", found.size());
  feed->found = std::move(found);
  feed->version = std::move(version);
  return absl::OkStatus();
}

absl::Status KubernetesDiscovery::Watch(bool* changed) {
  std::vector<std::string> paths;
  for (const KubeFeed& feed : feeds_) {
    paths.push_back(StrCat(feed.path,
                           "?watch=1&allowWatchBookmarks=true&timeoutSeconds=", kWatchSeconds,
                           "&resourceVersion=", http::PercentEncode(feed.version), feed.query));
  }
  const std::vector<absl::StatusOr<http::FetchResult>> answers = client_->GetAll(paths);
  absl::Status first_error;
  for (size_t i = 0; i < answers.size(); ++i) {
    std::vector<std::string> events;
    absl::Status status = answers[i].status();
    if (status.ok()) status = ExpectWatch(*answers[i]);
    if (status.ok()) status = ApplyKubeEvents(answers[i]->body, &feeds_[i], &events);
    for (const std::string& type : events) {
      Count(feeds_[i], type == "ADDED" ? "add" : type == "DELETED" ? "delete" : "update", 1);
    }
    *changed = *changed || !events.empty();
    if (status.ok()) continue;
    feeds_[i].version.clear();
    if (!absl::IsAborted(status)) first_error.Update(status);
  }
  return first_error;
}

absl::Status KubernetesDiscovery::Follow(bool* changed) {
  const bool all_listed = std::none_of(feeds_.begin(), feeds_.end(),
                                       [](const KubeFeed& feed) { return feed.version.empty(); });
  if (all_listed) HEARTH_RETURN_IF_ERROR(Watch(changed));
  for (KubeFeed& feed : feeds_) {
    if (!feed.version.empty()) continue;
    HEARTH_RETURN_IF_ERROR(List(&feed));
    *changed = true;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Labels>> KubernetesDiscovery::Refresh() {
  if (const absl::Status status = Follow(&changed_); !status.ok()) {
    if (!absl::IsCancelled(status)) failures_->Increment();
    return status;
  }
  if (!changed_) return targets_;
  changed_ = false;
  KubeCluster cluster;
  cluster.attaches_jobs = attaches_jobs_;
  for (const KubeFeed& feed : feeds_) {
    KubeObjects& objects = cluster.*feed.objects;
    objects.insert(feed.found.begin(), feed.found.end());
  }
  targets_ = role_->targets(cluster);
  return targets_;
}

}  // namespace hearth
