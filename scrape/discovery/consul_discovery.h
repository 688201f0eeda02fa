// scrape/discovery/consul_discovery.h
//
// Services of a Consul catalogue (consul_sd_configs): a target for each instance, with
// `__meta_consul_*`. One request lists the services (none when they are named and no tag is asked
// for), one for each service lists its instances with their health.
//
// Metrics: prometheus_sd_consul_rpc_failures_total, prometheus_sd_consul_rpc_duration_seconds.
//
// Thread safety: as Discovery.
#ifndef HEARTH_SCRAPE_DISCOVERY_CONSUL_DISCOVERY_H_
#define HEARTH_SCRAPE_DISCOVERY_CONSUL_DISCOVERY_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/sd_consul.h"
#include "metrics/registry.h"
#include "scrape/discovery/api_client.h"
#include "scrape/discovery/discovery.h"

namespace hearth {

// The names in an answer to /v1/catalog/services that the configuration wants, sorted.
std::vector<std::string> ConsulServices(const ConsulSdConfig& config, const Json& catalog);
// The targets in an answer to /v1/health/service/`service`.
std::vector<Labels> ConsulTargets(const ConsulSdConfig& config, std::string_view service,
                                  const Json& instances);

class ConsulDiscovery : public Discovery {
 public:
  static absl::StatusOr<std::unique_ptr<Discovery>> Create(const ConsulSdConfig& config,
                                                           http::IoThread* io,
                                                           metrics::Registry* registry);

  std::string_view mechanism() const override { return "consul"; }
  TimeMs interval_ms() const override { return config_.refresh_interval.ms; }
  absl::StatusOr<std::vector<Labels>> Refresh() override;
  void Cancel() override { client_->Cancel(); }

 private:
  ConsulDiscovery(const ConsulSdConfig& config, std::unique_ptr<ApiClient> client,
                  metrics::Registry* registry);
  absl::StatusOr<Json> Ask(const std::string& path, metrics::Summary* duration);

  const ConsulSdConfig config_;
  const std::unique_ptr<ApiClient> client_;
  metrics::Counter* const failures_;
  metrics::Summary* const services_duration_;
  metrics::Summary* const service_duration_;
};

}  // namespace hearth

#endif  // HEARTH_SCRAPE_DISCOVERY_CONSUL_DISCOVERY_H_
