// hearthctl: the command line tool beside the server.
#include <iostream>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "server/version.h"
#include "tools/hearthctl/command.h"

namespace hearth::hearthctl {

const Run* Commands::Chosen(CLI::App& root) const {
  CLI::App* app = &root;
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  const auto it = runs_.find(app);
  return it == runs_.end() ? nullptr : &it->second;
}

}  // namespace hearth::hearthctl

int main(int argc, char** argv) {
  using namespace hearth::hearthctl;
  CLI::App app("Tooling for the Hearth monitoring server");
  app.fallthrough();  // promtool takes its flags anywhere.
  app.set_help_flag("-h,--help", "Show this help.");
  app.require_subcommand(0, 1);
  bool version = false;
  app.add_flag("--version", version, "Show application version.");
  bool experimental = false;
  app.add_flag("--experimental", experimental,
               "Accepted for promtool's sake; no command needs it.");
  Commands commands;
  app.add_option("--enable-feature", commands.flags().features,
                 "Comma separated feature names to enable: those of the server that change PromQL.")
      ->delimiter(',')
      ->allow_extra_args(false);
  AddCheckCommands(app, commands);
  AddQueryCommands(app, commands);
  AddPromqlCommands(app, commands);
  AddTestCommands(app, commands);
  AddTsdbCommands(app, commands);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    const CLI::App* chosen = &app;
    while (!chosen->get_subcommands().empty()) chosen = chosen->get_subcommands().front();
    std::cout << chosen->help();
    return 0;
  } catch (const CLI::ParseError& error) {
    std::cerr << "hearthctl: " << error.what() << " (try --help)\n";
    return 1;
  }
  if (version) {
    std::cout << "hearthctl, version " << hearth::kHearthVersion << "\n";
    return 0;
  }
  const Run* run = commands.Chosen(app);
  if (run == nullptr) {
    std::cerr << app.help();
    return 1;
  }
  return (*run)();
}
