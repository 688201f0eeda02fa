// hearthctl test: runs unit tests, of rules.
#include <fstream>
#include <iostream>
#include <memory>
#include <vector>

#include "CLI/App.hpp"
#include "tools/hearthctl/command.h"
#include "tools/hearthctl/exit_code.h"
#include "tools/hearthctl/language_features.h"
#include "tools/hearthctl/rule_tests.h"

namespace hearth::hearthctl {
namespace {

struct Arguments {
  RuleTestsOptions options;
  bool debug = false;
  std::string junit;
  std::vector<std::string> files;
};

int TestRules(Arguments& arguments, const GlobalFlags& flags) {
  RuleTestOptions& test = arguments.options.test;
  const LanguageFeatures features = ParseFeatures(flags.features, std::cerr);
  test.parser = features.parser;
  test.delayed_name_removal = features.delayed_name_removal;
  test.debug = arguments.debug ? &std::cout : nullptr;
  std::ofstream junit;
  if (!arguments.junit.empty()) {
    junit.open(arguments.junit);
    if (!junit) {
      std::cerr << "hearthctl: --junit: cannot write " << arguments.junit << "\n";
      return kExitFailure;
    }
  }
  std::vector<JUnitSuite> report;
  const int code =
      RunRuleTestFiles(arguments.options, arguments.files, std::cout, std::cerr, &report);
  if (arguments.junit.empty()) return code;
  WriteJUnit(report, junit);
  junit.close();
  if (junit.fail()) std::cerr << "failed to write JUnit XML: " << arguments.junit << "\n";
  return code;
}

}  // namespace

void AddTestCommands(CLI::App& root, Commands& commands) {
  CLI::App* const test = root.add_subcommand("test", "Unit testing.");
  test->require_subcommand(1);
  auto arguments = std::make_shared<Arguments>();
  test->add_option("--junit", arguments->junit, "File path to store JUnit XML test results.");
  CLI::App* const rules = test->add_subcommand("rules", "Unit tests for rules.");
  rules
      ->add_option("--run", arguments->options.run,
                   "Only run tests whose names this regular expression matches. May be given "
                   "several times.")
      ->allow_extra_args(false);
  rules->add_flag("--debug", arguments->debug, "Print what the storage holds after each test.");
  rules->add_flag("--diff", arguments->options.test.diff,
                  "Print expected and received alerts line by line, differences in color.");
  rules->add_flag("--ignore-unknown-fields", arguments->options.ignore_unknown_fields,
                  "Ignore unknown fields in the rule files.");
  rules->add_option("test-rule-files", arguments->files, "The unit test files.")->required();
  commands.Add(rules, [arguments, &commands] { return TestRules(*arguments, commands.flags()); });
}

}  // namespace hearth::hearthctl
