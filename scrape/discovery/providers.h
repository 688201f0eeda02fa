// scrape/discovery/providers.h
//
// Makes the running providers of one scrape configuration: a DiscoveryLoop for each item of
// http_sd_configs, dns_sd_configs and the like. Static targets and target files are not among them:
// the scraper reads those itself.
//
// Thread safety: all methods may be called from any thread. Ownership: borrows the IO thread and
// the registry, which must outlive the factory and all loops.
#ifndef HEARTH_SCRAPE_DISCOVERY_PROVIDERS_H_
#define HEARTH_SCRAPE_DISCOVERY_PROVIDERS_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "config/config.h"
#include "http/io_thread.h"
#include "metrics/registry.h"
#include "scrape/discovery/discovery_loop.h"

namespace hearth {

class DiscoveryFactory {
 public:
  virtual ~DiscoveryFactory() = default;
  struct Made {
    std::vector<std::unique_ptr<Discovery>> running;
    std::vector<absl::Status> failed;  // One for each item that cannot be: a TLS file, an address.
  };
  virtual Made Create(const DiscoveryConfigs& configs) = 0;
};

// The real ones.
class ProviderFactory : public DiscoveryFactory {
 public:
  struct Options {
    http::IoThread* io = nullptr;
    metrics::Registry* registry = nullptr;
    std::function<void(const std::string&)> warn;
    std::string dns_servers;  // Instead of resolv.conf's; "" = those.
  };
  explicit ProviderFactory(Options options) : options_(std::move(options)) {}

  Made Create(const DiscoveryConfigs& configs) override;

 private:
  const Options options_;
};

}  // namespace hearth

#endif  // HEARTH_SCRAPE_DISCOVERY_PROVIDERS_H_
