// tools/hearthctl/rule_backfill.h
//
// What `hearthctl tsdb create-blocks-from rules` does: gives recording rules a past. A server
// evaluates each of them over a range of time (query_range), and what it answers is written to a
// data directory, a new one or that of a server that does not run. Rules do not see what other
// rules write here; alerts are left out.
//
// Thread safety: one caller.
#ifndef HEARTH_TOOLS_HEARTHCTL_RULE_BACKFILL_H_
#define HEARTH_TOOLS_HEARTHCTL_RULE_BACKFILL_H_

#include <ostream>
#include <string>
#include <vector>

#include "model/clock.h"
#include "rules/rule_file.h"

namespace hearth::hearthctl {

struct RuleBackfillOptions {
  std::string url = "http://localhost:9090";  // Of the server.
  std::string output_dir = "data/";
  TimeMs start_ms = 0, end_ms = 0;   // Inclusive; start < end.
  TimeMs eval_interval_ms = 60'000;  // > 0. Of groups that name none.
  bool quiet = false;                // Do not tell of each rule.
  RuleFileOptions file;
};

// Errors go to `err`, the rest to `out`. A rule that fails does not keep the others. The result is
// a code of exit_code.h.
int BackfillRules(const RuleBackfillOptions& options, const std::vector<std::string>& files,
                  std::ostream& out, std::ostream& err);

}  // namespace hearth::hearthctl

#endif  // HEARTH_TOOLS_HEARTHCTL_RULE_BACKFILL_H_
