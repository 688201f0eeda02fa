// hearthctl check config: loads configuration files as the server would and says what is wrong with
// them.
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <vector>

#include "CLI/App.hpp"
#include "config/config.h"
#include "tools/hearthctl/command.h"

namespace hearth::hearthctl {
namespace {

bool CheckConfigFile(const std::string& path) {
  std::cout << "Checking " << path << "\n";
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) {
    std::cerr << "  FAILED: cannot read " << path << "\n";
    return false;
  }
  const absl::StatusOr<Config> config = Load(text.str(), path);
  if (!config.ok()) {
    std::cerr << "  FAILED: " << config.status().message() << "\n\n";
    return false;
  }
  for (const std::string& warning : config->warnings) std::cout << "  WARNING: " << warning << "\n";
  std::cout << " SUCCESS: " << path << " is valid prometheus config file syntax\n\n";
  return true;
}

}  // namespace

void AddCheckCommands(CLI::App& root, Commands& commands) {
  CLI::App* const check = root.add_subcommand("check", "Check the resources for validity.");
  check->require_subcommand(1);
  CLI::App* const config =
      check->add_subcommand("config", "Check if the config files are valid or not.");
  auto files = std::make_shared<std::vector<std::string>>();
  config->add_option("config-files", *files, "The config files to check.")->required();
  commands.Add(config, [files] {
    bool ok = true;
    for (const std::string& file : *files) ok = CheckConfigFile(file) && ok;
    return ok ? 0 : 1;
  });
}

}  // namespace hearth::hearthctl
