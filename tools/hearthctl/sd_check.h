// tools/hearthctl/sd_check.h
//
// What `hearthctl check service-discovery` does: finds the targets of one job as the server would
// and prints what relabelling makes of them. Words, JSON and exit codes are promtool's.
//
// Thread safety: one caller.
#ifndef HEARTH_TOOLS_HEARTHCTL_SD_CHECK_H_
#define HEARTH_TOOLS_HEARTHCTL_SD_CHECK_H_

#include <ostream>
#include <string>

#include "model/clock.h"

namespace hearth::hearthctl {

struct SdCheckOptions {
  TimeMs timeout_ms = 30'000;  // For the first answers of all providers; those that come are shown.
  std::string dns_servers;     // As ProviderFactory::Options.
};

// Writes a JSON list of {discoveredLabels, labels} to `out`, each once: no labels for a target that
// is dropped, neither for one that cannot be made, which has `error`, too. Why goes to `err`, as
// does what providers say, and which kinds of discovery the file has that find nothing here. 0, or
// 1 for a configuration that cannot be loaded or has no such job.
int CheckServiceDiscovery(const SdCheckOptions& options, const std::string& file,
                          const std::string& job, std::ostream& out, std::ostream& err);

}  // namespace hearth::hearthctl

#endif  // HEARTH_TOOLS_HEARTHCTL_SD_CHECK_H_
