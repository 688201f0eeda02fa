// tools/hearthctl/junit_report.h
//
// What became of tests, in the XML that JUnit writes and continuous integration reads.
//
// Thread safety: values.
#ifndef HEARTH_TOOLS_HEARTHCTL_JUNIT_REPORT_H_
#define HEARTH_TOOLS_HEARTHCTL_JUNIT_REPORT_H_

#include <ostream>
#include <string>
#include <vector>

#include "model/clock.h"

namespace hearth::hearthctl {

struct JUnitCase {
  std::string name;
  std::vector<std::string> failures;
  std::string error;  // Why it could not run; empty: it could.
};

// The tests of one file.
struct JUnitSuite {
  std::string name;
  TimeMs time_ms = 0;  // Of the run.
  std::vector<JUnitCase> cases;
};

void WriteJUnit(const std::vector<JUnitSuite>& suites, std::ostream& out);

}  // namespace hearth::hearthctl

#endif  // HEARTH_TOOLS_HEARTHCTL_JUNIT_REPORT_H_
