// config/validate.h
//
// The checks of prometheus.yml that need more than one section, and the defaults that flow from
// `global` into the scrape configurations. Internal to config/.
#ifndef HEARTH_CONFIG_VALIDATE_H_
#define HEARTH_CONFIG_VALIDATE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "config/config.h"

namespace hearth {

// What targets are asked for when no scrape_protocols are given. `protobuf_first`: native
// histograms or a feature flag want it.
std::vector<std::string> DefaultScrapeProtocols(bool protobuf_first);

// Fills what `scrape` leaves to `global` and checks the result.
absl::Status CompleteScrapeConfig(const GlobalConfig& global, ScrapeConfig* scrape);

// Everything else, in the order in which Prometheus reports it. Completes the scrape
// configurations.
absl::Status CompleteConfig(Config* config);

// One sentence for each setting that this build accepts and does not act on.
std::vector<std::string> UnsupportedWarnings(const Config& config);

}  // namespace hearth

#endif  // HEARTH_CONFIG_VALIDATE_H_
