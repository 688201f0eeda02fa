// tools/hearthctl/config_check.h
//
// What `hearthctl check config` does: loads configurations as the server would, looks for the files
// that they name, makes the targets that they list, and checks their rule files. Words and exit
// codes are promtool's.
//
// Thread safety: one caller.
#ifndef HEARTH_TOOLS_HEARTHCTL_CONFIG_CHECK_H_
#define HEARTH_TOOLS_HEARTHCTL_CONFIG_CHECK_H_

#include <ostream>
#include <string>
#include <vector>

#include "model/clock.h"
#include "rules/rule_file.h"

namespace hearth::hearthctl {

struct ConfigCheckOptions {
  bool syntax_only = false;  // Do not look at files that the configuration names.
  bool agent = false;        // The configuration is an agent's.
  bool lint_fatal = false;
  std::string lint = "duplicate-rules";  // As for LintChoice.
  TimeMs lookback_delta_ms = 300'000;    // What too-long-scrape-interval compares with.
  // For the rule files; their name scheme is the configuration's.
  RuleFileOptions rule_files;
};

// Checks the files in order, each followed by its rule files. Findings go to `err`, the rest to
// `out`. The result is a code of exit_code.h.
int CheckConfigFiles(const ConfigCheckOptions& options, const std::vector<std::string>& files,
                     std::ostream& out, std::ostream& err);

}  // namespace hearth::hearthctl

#endif  // HEARTH_TOOLS_HEARTHCTL_CONFIG_CHECK_H_
