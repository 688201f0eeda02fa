// scrape/discovery/dns_discovery.h
//
// Targets from DNS records (dns_sd_configs): a target for each record of each name, with
// `__meta_dns_*`. SRV records have their own port, the others the configured one. A name that
// cannot be resolved keeps its targets while the others are followed; one that does not exist has
// none.
//
// Metrics: prometheus_sd_dns_lookups_total, prometheus_sd_dns_lookup_failures_total.
//
// Thread safety: as Discovery.
#ifndef HEARTH_SCRAPE_DISCOVERY_DNS_DISCOVERY_H_
#define HEARTH_SCRAPE_DISCOVERY_DNS_DISCOVERY_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/sd_dns.h"
#include "metrics/registry.h"
#include "scrape/discovery/discovery.h"
#include "scrape/discovery/dns_resolver.h"

namespace hearth {

// The kind's words for one record type.
struct DnsTypeSpec {
  std::string_view name;  // "SRV"
  DnsType type;
  std::string_view
      target_label;  // `__meta_dns_srv_record_target`; "" when the record is an address.
};

class DnsDiscovery : public Discovery {
 public:
  // kInvalidArgument: an unknown type. `warn` is called on Refresh's thread.
  static absl::StatusOr<std::unique_ptr<Discovery>> Create(
      const DnsSdConfig& config, metrics::Registry* registry,
      std::function<void(const std::string&)> warn, std::string servers = "");

  std::string_view mechanism() const override { return "dns"; }
  TimeMs interval_ms() const override { return config_.refresh_interval.ms; }
  absl::StatusOr<std::vector<Labels>> Refresh() override;
  void Cancel() override { resolver_.Cancel(); }

 private:
  DnsDiscovery(const DnsSdConfig& config, const DnsTypeSpec* type, metrics::Registry* registry,
               std::function<void(const std::string&)> warn, std::string servers);
  std::vector<Labels> TargetsOf(const std::string& name,
                                const std::vector<DnsRecord>& records) const;

  const DnsSdConfig config_;
  const DnsTypeSpec* const type_;
  const std::function<void(const std::string&)> warn_;
  metrics::Counter* const lookups_;
  metrics::Counter* const failures_;
  DnsResolver resolver_;
  std::map<std::string, std::vector<Labels>> by_name_;
  std::map<std::string, std::string> errors_;  // What was last said of a name that fails.
};

}  // namespace hearth

#endif  // HEARTH_SCRAPE_DISCOVERY_DNS_DISCOVERY_H_
