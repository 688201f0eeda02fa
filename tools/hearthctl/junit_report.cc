#include "tools/hearthctl/junit_report.h"

#include <string_view>

#include "absl/time/time.h"

namespace hearth::hearthctl {
namespace {

// What XML cannot hold becomes U+FFFD.
std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&#34;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '\n':
        out += "&#xA;";
        break;
      case '\t':
        out += "&#x9;";
        break;
      case '\r':
        out += "&#xD;";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += "\xef\xbf\xbd";
        } else {
          out += c;
        }
    }
  }
  return out;
}

}  // namespace

void WriteJUnit(const std::vector<JUnitSuite>& suites, std::ostream& out) {
  out << "<testsuites>";
  for (const JUnitSuite& suite : suites) {
    size_t failures = 0, errors = 0;
    for (const JUnitCase& test : suite.cases) {
      failures += test.failures.size();
      errors += test.error.empty() ? 0 : 1;
    }
    out << "<testsuite name=\"" << Escaped(suite.name) << "\" tests=\"" << suite.cases.size()
        << "\" failures=\"" << failures << "\" errors=\"" << errors
        << "\" skipped=\"0\" timestamp=\""
        << absl::FormatTime("%Y-%m-%dT%H:%M:%S", absl::FromUnixMillis(suite.time_ms),
                            absl::UTCTimeZone())
        << "\">";
    for (const JUnitCase& test : suite.cases) {
      out << "<testcase name=\"" << Escaped(test.name) << "\">";
      for (const std::string& failure : test.failures)
        out << "<failure>" << Escaped(failure) << "</failure>";
      if (!test.error.empty()) out << "<error>" << Escaped(test.error) << "</error>";
      out << "</testcase>";
    }
    out << "</testsuite>";
  }
  out << "</testsuites>";
}

}  // namespace hearth::hearthctl
