// tools/hearthctl/config_check.h
//
// What `hearthctl check config` does: loads configurations as the server would, looks for the files
// that they name, and makes the targets that they list. Words and exit codes are promtool's.
//
// Thread safety: one caller.
#ifndef HEARTH_TOOLS_HEARTHCTL_CONFIG_CHECK_H_
#define HEARTH_TOOLS_HEARTHCTL_CONFIG_CHECK_H_

#include <ostream>
#include <string>
#include <vector>

#include "model/clock.h"

namespace hearth::hearthctl {

// Exit codes of promtool's checks.
inline constexpr int kExitSuccess = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitLint = 3;  // Lint findings, with --lint-fatal.

struct ConfigCheckOptions {
  bool syntax_only = false;  // Do not look whether files that the configuration names exist.
  bool agent = false;        // The configuration is an agent's.
  bool lint_fatal = false;
  std::string lint = "duplicate-rules";  // Lints, separated by commas; see kLints in the source.
  TimeMs lookback_delta_ms = 300'000;    // What too-long-scrape-interval compares with.
};

// Checks the files in order. Findings go to `err`, the rest to `out`. The result is an exit code;
// an unknown lint is a kExitFailure before any file is looked at.
int CheckConfigFiles(const ConfigCheckOptions& options, const std::vector<std::string>& files,
                     std::ostream& out, std::ostream& err);

}  // namespace hearth::hearthctl

#endif  // HEARTH_TOOLS_HEARTHCTL_CONFIG_CHECK_H_
