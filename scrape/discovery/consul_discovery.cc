#include "scrape/discovery/consul_discovery.h"

#include <algorithm>
#include <chrono>

#include "http/url.h"
#include "model/status.h"
#include "model/text.h"
#include "scrape/discovery/meta_labels.h"

namespace hearth {
namespace {

// Builds "?a=b&c=d".
class Query {
 public:
  Query& Add(std::string_view name, std::string_view value) {
    StrAppend(&text_, text_.empty() ? "?" : "&", name, "=", http::PercentEncode(value));
    return *this;
  }
  Query& AddUnlessEmpty(std::string_view name, std::string_view value) {
    return value.empty() ? *this : Add(name, value);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

Query CommonQuery(const ConsulSdConfig& config) {
  Query query;
  query.AddUnlessEmpty("dc", config.datacenter)
      .AddUnlessEmpty("ns", config.namespace_name)
      .AddUnlessEmpty("partition", config.partition);
  if (config.allow_stale) query.Add("stale", "");
  for (const auto& [key, value] : config.node_meta) query.Add("node-meta", StrCat(key, ":", value));
  return query;
}

// The worst of an instance's checks; a maintenance check beats them all.
std::string_view AggregatedStatus(const Json& checks) {
  constexpr std::string_view kNode = "_node_maintenance", kService = "_service_maintenance:";
  bool critical = false, warning = false;
  if (checks.is_array()) {
    for (const Json& check : checks) {
      const std::string_view id = Text(check, "CheckID"), status = Text(check, "Status");
      if (id == kNode || id.substr(0, kService.size()) == kService) return "maintenance";
      if (status == "critical") critical = true;
      if (status == "warning") warning = true;
      if (status != "critical" && status != "warning" && status != "passing") return "";
    }
  }
  return critical ? "critical" : warning ? "warning" : "passing";
}

// ",a,b,": surrounded, so that a regular expression need not look at the ends.
std::string JoinTags(const Json& tags, std::string_view separator) {
  std::string joined(separator);
  if (tags.is_array()) {
    for (const Json& tag : tags) StrAppend(&joined, Text(tag), separator);
  }
  if (!tags.is_array() || tags.empty()) joined += separator;
  return joined;
}

constexpr std::string_view kPrefix = "__meta_consul_";

}  // namespace

std::vector<std::string> ConsulServices(const ConsulSdConfig& config, const Json& catalog) {
  std::vector<std::string> names;
  if (!catalog.is_object()) return names;
  for (const auto& [name, tags] : catalog.items()) {
    const bool wanted =
        config.services.empty() ||
        std::find(config.services.begin(), config.services.end(), name) != config.services.end();
    const auto has = [&tags = tags](const std::string& wanted_tag) {
      return tags.is_array() && std::any_of(tags.begin(), tags.end(), [&](const Json& tag) {
               return Text(tag) == wanted_tag;
             });
    };
    if (wanted && std::all_of(config.tags.begin(), config.tags.end(), has)) names.push_back(name);
  }
  return names;
}

std::vector<Labels> ConsulTargets(const ConsulSdConfig& config, std::string_view service_name,
                                  const Json& instances) {
  std::vector<Labels> targets;
  if (!instances.is_array()) return targets;
  for (const Json& instance : instances) {
    const Json& node = Member(instance, "Node");
    const Json& service = Member(instance, "Service");
    const std::string_view node_address = Text(node, "Address");
    const std::string_view service_address = Text(service, "Address");
    const int64_t port = Number(Member(service, "Port"));
    MetaLabels labels(kPrefix);
    labels.Set("address", node_address)
        .Set("node", Text(node, "Node"))
        .Set("dc", Text(node, "Datacenter"))
        .Set("tags", JoinTags(Member(service, "Tags"), config.tag_separator))
        .Set("health", AggregatedStatus(Member(instance, "Checks")))
        .Set("partition", Text(service, "Partition"))
        .Set("namespace", Text(service, "Namespace"))
        .Set("service", service_name)
        .Set("service_address", service_address)
        .Set("service_id", Text(service, "ID"))
        .Set("service_port", std::to_string(port))
        .SetEach("metadata_", Member(node, "Meta"))
        .SetEach("service_metadata_", Member(service, "Meta"))
        .SetEach("tagged_address_", Member(node, "TaggedAddresses"));
    targets.push_back(
        labels.Build(JoinHostPort(service_address.empty() ? node_address : service_address, port)));
  }
  return targets;
}

absl::StatusOr<std::unique_ptr<Discovery>> ConsulDiscovery::Create(const ConsulSdConfig& config,
                                                                   http::IoThread* io,
                                                                   metrics::Registry* registry) {
  ApiClient::Options options;
  options.http = config.http;
  options.base = config.server.find("://") == std::string::npos
                     ? StrCat(config.scheme, "://", config.server)
                     : config.server;
  while (options.base.ends_with('/')) options.base.pop_back();
  std::string_view prefix = config.path_prefix;
  while (prefix.starts_with('/')) prefix.remove_prefix(1);
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  if (!prefix.empty()) StrAppend(&options.base, "/", prefix);
  if (!config.token.empty()) options.headers.Set("X-Consul-Token", config.token.value);
  HEARTH_ASSIGN_OR_RETURN(std::unique_ptr<ApiClient> client,
                          ApiClient::Create(io, std::move(options)));
  return std::unique_ptr<Discovery>(new ConsulDiscovery(config, std::move(client), registry));
}

ConsulDiscovery::ConsulDiscovery(const ConsulSdConfig& config, std::unique_ptr<ApiClient> client,
                                 metrics::Registry* registry)
    : config_(config),
      client_(std::move(client)),
      failures_(registry->AddCounter("prometheus_sd_consul_rpc_failures_total",
                                     "The number of Consul RPC call failures.")),
      services_duration_(registry->AddSummary("prometheus_sd_consul_rpc_duration_seconds",
                                              "The duration of a Consul RPC call in seconds.",
                                              {{"call", "services"}, {"endpoint", "catalog"}})),
      service_duration_(registry->AddSummary("prometheus_sd_consul_rpc_duration_seconds",
                                             "The duration of a Consul RPC call in seconds.",
                                             {{"call", "service"}, {"endpoint", "health"}})) {}

absl::StatusOr<Json> ConsulDiscovery::Ask(const std::string& path, metrics::Summary* duration) {
  const auto start = std::chrono::steady_clock::now();
  absl::StatusOr<Json> answer = client_->GetJson(path);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  if (absl::IsCancelled(answer.status())) return answer;
  duration->Observe(took.count());
  if (!answer.ok()) failures_->Increment();
  return answer;
}

absl::StatusOr<std::vector<Labels>> ConsulDiscovery::Refresh() {
  std::vector<std::string> services = config_.services;
  if (services.empty() || !config_.tags.empty() || !config_.filter.empty()) {
    Query query = CommonQuery(config_);
    query.AddUnlessEmpty("filter", config_.filter);
    HEARTH_ASSIGN_OR_RETURN(const Json catalog,
                            Ask(StrCat("/v1/catalog/services", query.text()), services_duration_));
    services = ConsulServices(config_, catalog);
  }
  std::vector<Labels> targets;
  for (const std::string& service : services) {
    Query query = CommonQuery(config_);
    for (const std::string& tag : config_.tags) query.Add("tag", tag);
    query.AddUnlessEmpty("filter", config_.health_filter);
    HEARTH_ASSIGN_OR_RETURN(
        const Json instances,
        Ask(StrCat("/v1/health/service/", http::PercentEncode(service), query.text()),
            service_duration_));
    for (Labels& labels : ConsulTargets(config_, service, instances))
      targets.push_back(std::move(labels));
  }
  return targets;
}

}  // namespace hearth
