#include "scrape/discovery/dns_discovery.h"

#include <algorithm>

#include "http/message.h"
#include "model/text.h"
#include "scrape/discovery/meta_labels.h"

namespace hearth {
namespace {

constexpr DnsTypeSpec kTypes[] = {{"A", DnsType::kA, ""},
                                  {"AAAA", DnsType::kAaaa, ""},
                                  {"SRV", DnsType::kSrv, "srv_record_target"},
                                  {"MX", DnsType::kMx, "mx_record_target"},
                                  {"NS", DnsType::kNs, "ns_record_target"}};

}  // namespace

absl::StatusOr<std::unique_ptr<Discovery>> DnsDiscovery::Create(
    const DnsSdConfig& config, metrics::Registry* registry,
    std::function<void(const std::string&)> warn, std::string servers) {
  const auto type = std::find_if(
      std::begin(kTypes), std::end(kTypes),
      [&](const DnsTypeSpec& spec) { return http::EqualsIgnoreCase(spec.name, config.type); });
  if (type == std::end(kTypes))
    return absl::InvalidArgumentError(StrCat("invalid DNS-SD records type ", config.type));
  return std::unique_ptr<Discovery>(
      new DnsDiscovery(config, type, registry, std::move(warn), std::move(servers)));
}

DnsDiscovery::DnsDiscovery(const DnsSdConfig& config, const DnsTypeSpec* type,
                           metrics::Registry* registry,
                           std::function<void(const std::string&)> warn, std::string servers)
    : config_(config),
      type_(type),
      warn_(std::move(warn)),
      lookups_(
          registry->AddCounter("prometheus_sd_dns_lookups_total", "The number of DNS-SD lookups.")),
      failures_(registry->AddCounter("prometheus_sd_dns_lookup_failures_total",
                                     "The number of DNS-SD lookup failures.")),
      resolver_(std::move(servers)) {}

std::vector<Labels> DnsDiscovery::TargetsOf(const std::string& name,
                                            const std::vector<DnsRecord>& records) const {
  std::vector<Labels> targets;
  for (const DnsRecord& record : records) {
    MetaLabels labels("__meta_dns_");
    labels.Set("name", name);
    // Names are shown as DNS has them, with the final dot.
    if (!type_->target_label.empty()) labels.Set(type_->target_label, StrCat(record.target, "."));
    const bool own_port = type_->type == DnsType::kSrv;
    if (own_port) labels.Set("srv_record_port", std::to_string(record.port));
    targets.push_back(
        labels.Build(JoinHostPort(record.target, own_port ? record.port : config_.port)));
  }
  return targets;
}

absl::StatusOr<std::vector<Labels>> DnsDiscovery::Refresh() {
  for (const DnsResolver::Answer& answer : resolver_.Resolve(config_.names, type_->type)) {
    if (absl::IsCancelled(answer.records.status())) return answer.records.status();
    lookups_->Increment();
    if (answer.records.ok()) {
      by_name_[answer.name] = TargetsOf(answer.name, *answer.records);
      errors_.erase(answer.name);
      continue;
    }
    failures_->Increment();
    std::string error =
        StrCat("service discovery dns: ", FromAbsl(answer.records.status().message()));
    std::string& said = errors_[answer.name];
    if (error != said) warn_(error);
    said = std::move(error);
  }
  std::vector<Labels> targets;
  for (const auto& [name, found] : by_name_)
    targets.insert(targets.end(), found.begin(), found.end());
  // Servers turn their answers round; that is no change.
  std::sort(targets.begin(), targets.end());
  return targets;
}

}  // namespace hearth
