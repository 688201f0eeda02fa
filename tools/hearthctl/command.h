// tools/hearthctl/command.h
//
// One subcommand of hearthctl: adds itself to the command line and runs. A new command is one row
// in main.cc.
//
// Thread safety: none; one command runs per process.
#ifndef HEARTH_TOOLS_HEARTHCTL_COMMAND_H_
#define HEARTH_TOOLS_HEARTHCTL_COMMAND_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace hearth::hearthctl {

// Runs when its command was chosen; the result is the exit code: 0 fine, 1 failure (promtool's
// convention).
using Run = std::function<int()>;

// Flags that stand before or behind any command.
struct GlobalFlags {
  std::vector<std::string> features;  // Of --enable-feature.
};

// Collects what each chosen subcommand runs.
class Commands {
 public:
  // Set when a command runs. Outlives every Run.
  GlobalFlags& flags() { return flags_; }
  void Add(CLI::App* app, Run run) { runs_[app] = std::move(run); }
  // The run of the innermost chosen subcommand of `root`; null when none was chosen.
  const Run* Chosen(CLI::App& root) const;

 private:
  GlobalFlags flags_;
  std::map<CLI::App*, Run> runs_;
};

void AddCheckCommands(CLI::App& root, Commands& commands);   // check config|rules …
void AddQueryCommands(CLI::App& root, Commands& commands);   // query instant|range URL EXPR
void AddPromqlCommands(CLI::App& root, Commands& commands);  // promql functions|format
void AddTestCommands(CLI::App& root, Commands& commands);    // test rules FILE…
void AddTsdbCommands(CLI::App& root, Commands& commands);    // tsdb list|dump|verify|stats [PATH]
// tsdb create-blocks-from rules FILE…; called by AddTsdbCommands.
void AddTsdbCreateCommands(CLI::App& tsdb, Commands& commands);

}  // namespace hearth::hearthctl

#endif  // HEARTH_TOOLS_HEARTHCTL_COMMAND_H_
