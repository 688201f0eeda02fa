#include "scrape/discovery/http_discovery.h"

#include <algorithm>

#include "metrics/registry.h"
#include "model/status.h"
#include "model/text.h"
#include "scrape/discovery/target_groups.h"

namespace hearth {
namespace {

// `application/json`, perhaps with `; charset=utf-8`, in any case.
bool IsJsonContentType(std::string_view type) {
  constexpr std::string_view kJson = "application/json";
  if (!http::EqualsIgnoreCase(type.substr(0, kJson.size()), kJson)) return false;
  type.remove_prefix(kJson.size());
  if (type.empty()) return true;
  if (type.front() != ';') return false;
  type.remove_prefix(std::min(type.find_first_not_of(" \t", 1), type.size()));
  return http::EqualsIgnoreCase(type, "charset=utf-8") ||
         http::EqualsIgnoreCase(type, "charset=\"utf-8\"");
}

std::string Seconds(TimeMs ms) {
  std::string text;
  metrics::AppendValue(static_cast<double>(ms) / 1000, &text);
  return text;
}

}  // namespace

absl::StatusOr<std::vector<Labels>> HttpTargets(std::string_view url, std::string_view body) {
  HEARTH_ASSIGN_OR_RETURN(std::vector<TargetGroup> groups, ParseJsonTargetGroups(body));
  std::vector<Labels> targets;
  for (TargetGroup& group : groups) {
    group.labels["__meta_url"] = url;
    for (Labels& labels : LabelsOfGroup(group)) targets.push_back(std::move(labels));
  }
  return targets;
}

absl::StatusOr<std::unique_ptr<Discovery>> HttpDiscovery::Create(const HttpSdConfig& config,
                                                                 http::IoThread* io,
                                                                 metrics::Registry* registry) {
  ApiClient::Options options;
  options.http = config.http;
  options.base = config.url;
  options.headers.Set("X-Prometheus-Refresh-Interval-Seconds", Seconds(config.refresh_interval.ms));
  options.timeout_ms = config.refresh_interval.ms;
  HEARTH_ASSIGN_OR_RETURN(std::unique_ptr<ApiClient> client,
                          ApiClient::Create(io, std::move(options)));
  return std::unique_ptr<Discovery>(new HttpDiscovery(config, std::move(client), registry));
}

HttpDiscovery::HttpDiscovery(const HttpSdConfig& config, std::unique_ptr<ApiClient> client,
                             metrics::Registry* registry)
    : config_(config),
      client_(std::move(client)),
      failures_(registry->AddCounter("prometheus_sd_http_failures_total",
                                     "Number of HTTP service discovery refresh failures.")) {}

absl::StatusOr<std::vector<Labels>> HttpDiscovery::Refresh() {
  absl::StatusOr<std::vector<Labels>> targets = Fetch();
  if (!targets.ok() && !absl::IsCancelled(targets.status())) failures_->Increment();
  return targets;
}

absl::StatusOr<std::vector<Labels>> HttpDiscovery::Fetch() {
  HEARTH_ASSIGN_OR_RETURN(const http::FetchResult answer, client_->Get(""));
  if (answer.status != 200) {
    return absl::UnavailableError(StrCat("server returned HTTP status ", answer.status, " ",
                                         http::StatusText(answer.status)));
  }
  const std::string_view type = answer.headers.Get("Content-Type");
  if (!IsJsonContentType(type))
    return absl::InvalidArgumentError(StrCat("unsupported content type \"", type, "\""));
  return HttpTargets(config_.url, answer.body);
}

}  // namespace hearth
