// scrape/discovery/http_discovery.h
//
// Targets from a URL (http_sd_configs): a JSON list of target groups, each target with `__meta_url`
// and the group's labels. The answer must be 200 with the content type application/json.
//
// Metrics: prometheus_sd_http_failures_total.
//
// Thread safety: as Discovery.
#ifndef HEARTH_SCRAPE_DISCOVERY_HTTP_DISCOVERY_H_
#define HEARTH_SCRAPE_DISCOVERY_HTTP_DISCOVERY_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/sd_http.h"
#include "metrics/registry.h"
#include "scrape/discovery/api_client.h"
#include "scrape/discovery/discovery.h"

namespace hearth {

// The targets of one answer's body.
absl::StatusOr<std::vector<Labels>> HttpTargets(std::string_view url, std::string_view body);

class HttpDiscovery : public Discovery {
 public:
  static absl::StatusOr<std::unique_ptr<Discovery>> Create(const HttpSdConfig& config,
                                                           http::IoThread* io,
                                                           metrics::Registry* registry);

  std::string_view mechanism() const override { return "http"; }
  TimeMs interval_ms() const override { return config_.refresh_interval.ms; }
  absl::StatusOr<std::vector<Labels>> Refresh() override;
  void Cancel() override { client_->Cancel(); }

 private:
  HttpDiscovery(const HttpSdConfig& config, std::unique_ptr<ApiClient> client,
                metrics::Registry* registry);
  absl::StatusOr<std::vector<Labels>> Fetch();

  const HttpSdConfig config_;
  const std::unique_ptr<ApiClient> client_;
  metrics::Counter* const failures_;
};

}  // namespace hearth

#endif  // HEARTH_SCRAPE_DISCOVERY_HTTP_DISCOVERY_H_
