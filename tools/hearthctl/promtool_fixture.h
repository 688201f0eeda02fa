// tools/hearthctl/promtool_fixture.h
//
// Runs Debian's promtool beside what a test looks at. Testonly.
//
// Thread safety: one caller; the files of its output are named by the process.
#ifndef HEARTH_TOOLS_HEARTHCTL_PROMTOOL_FIXTURE_H_
#define HEARTH_TOOLS_HEARTHCTL_PROMTOOL_FIXTURE_H_

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace hearth::hearthctl {

inline bool HavePromtool() { return std::system("command -v promtool >/dev/null 2>&1") == 0; }

struct PromtoolRun {
  int code = -1;
  std::string out, err;
};

// `args` must not hold quotes.
inline PromtoolRun RunPromtool(const std::vector<std::string>& args) {
  const std::string base = testing::TempDir() + "/promtool-" + std::to_string(getpid());
  std::string command = "exec promtool";
  for (const std::string& arg : args) command += " '" + arg + "'";
  const int status = std::system((command + " >" + base + ".out 2>" + base + ".err").c_str());
  const auto read = [](const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  };
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read(base + ".out"), read(base + ".err")};
}

}  // namespace hearth::hearthctl

#endif  // HEARTH_TOOLS_HEARTHCTL_PROMTOOL_FIXTURE_H_
