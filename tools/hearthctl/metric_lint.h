// tools/hearthctl/metric_lint.h
//
// What `hearthctl check metrics` does: reads an exposition in the text format and says where its
// metrics depart from Prometheus' conventions. Words and exit codes are promtool's.
//
// Thread safety: pure but for the streams.
#ifndef HEARTH_TOOLS_HEARTHCTL_METRIC_LINT_H_
#define HEARTH_TOOLS_HEARTHCTL_METRIC_LINT_H_

#include <ostream>
#include <string_view>

namespace hearth::hearthctl {

struct MetricCheckOptions {
  bool lint = true;
  bool extended = false;  // Also print how many series each metric has.
};

// Findings go to `err`, sorted by metric; the table of --extended to `out`. 0 = nothing found, 1 =
// the text does not parse, 3 = findings.
int CheckMetrics(const MetricCheckOptions& options, std::string_view text, std::ostream& out,
                 std::ostream& err);

}  // namespace hearth::hearthctl

#endif  // HEARTH_TOOLS_HEARTHCTL_METRIC_LINT_H_
