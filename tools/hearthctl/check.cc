// hearthctl check: loads files as the server would and says what is wrong with them.
#include <cstdlib>
#include <iostream>
#include <memory>
#include <sstream>
#include <vector>

#include "CLI/App.hpp"
#include "CLI/Validators.hpp"
#include "config/duration.h"
#include "tools/hearthctl/command.h"
#include "tools/hearthctl/config_check.h"
#include "tools/hearthctl/exit_code.h"
#include "tools/hearthctl/language_features.h"
#include "tools/hearthctl/lint_choice.h"
#include "tools/hearthctl/metric_lint.h"
#include "tools/hearthctl/rules_check.h"
#include "tools/hearthctl/sd_check.h"
#include "tools/hearthctl/web_config_check.h"

namespace hearth::hearthctl {
namespace {

void AddCheckConfig(CLI::App& check, Commands& commands) {
  struct Arguments {
    ConfigCheckOptions options;
    std::string lookback_delta = "5m";
    std::vector<std::string> files;
  };
  auto arguments = std::make_shared<Arguments>();
  ConfigCheckOptions& options = arguments->options;
  CLI::App* const config =
      check.add_subcommand("config", "Check if the config files are valid or not.");
  config->add_flag("--syntax-only", options.syntax_only,
                   "Only check the config file syntax, ignoring file and content validation "
                   "referenced in the config");
  config->add_flag("--agent", options.agent, "Check config file for an agent.");
  config->add_option("--lint", options.lint,
                     "Linting checks to apply: all, duplicate-rules, none, "
                     "too-long-scrape-interval. Use --lint=none to disable linting");
  config->add_flag("--lint-fatal", options.lint_fatal, "Make lint errors exit with exit code 3.");
  config->add_flag("--ignore-unknown-fields", options.rule_files.ignore_unknown_fields,
                   "Ignore unknown fields in the rule groups read by the config files.");
  config->add_option("--query.lookback-delta", arguments->lookback_delta,
                     "The server's maximum query lookback duration.");
  config->add_option("config-files", arguments->files, "The config files to check.")->required();
  commands.Add(config, [arguments, &commands] {
    const auto lookback = ParseDuration(arguments->lookback_delta);
    if (!lookback.ok()) {
      std::cerr << "hearthctl: --query.lookback-delta: " << lookback.status().message() << "\n";
      return kExitFailure;
    }
    arguments->options.lookback_delta_ms = *lookback;
    arguments->options.rule_files.parser =
        ParseFeatures(commands.flags().features, std::cerr).parser;
    return CheckConfigFiles(arguments->options, arguments->files, std::cout, std::cerr);
  });
}

void AddCheckRules(CLI::App& check, Commands& commands) {
  struct Arguments {
    RulesCheckOptions options;
    std::string lint{kLintDuplicateRules};
    bool lint_fatal = false;
    std::vector<std::string> files;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* const rules =
      check.add_subcommand("rules", "Check if the rule files are valid or not.");
  rules->add_option("--lint", arguments->lint,
                    "Linting checks to apply: all, duplicate-rules, none. Use --lint=none to "
                    "disable linting");
  rules->add_flag("--lint-fatal", arguments->lint_fatal, "Make lint errors exit with exit code 3.");
  rules->add_flag("--ignore-unknown-fields", arguments->options.file.ignore_unknown_fields,
                  "Ignore unknown fields in the rule files.");
  rules->add_option("rule-files", arguments->files,
                    "The rule files to check, default is read from standard input.");
  commands.Add(rules, [arguments, &commands] {
    RulesCheckOptions& options = arguments->options;
    options.lint_duplicates = LintChoice(arguments->lint, std::cout).Asks(kLintDuplicateRules);
    options.file.parser = ParseFeatures(commands.flags().features, std::cerr).parser;
    const RulesVerdict verdict =
        arguments->files.empty() ? CheckRulesFromInput(options, std::cin, std::cout, std::cerr)
                                 : CheckRuleFiles(options, arguments->files, std::cout, std::cerr);
    return ExitCode(verdict, arguments->lint_fatal);
  });
}

void AddCheckWebConfig(CLI::App& check, Commands& commands) {
  auto files = std::make_shared<std::vector<std::string>>();
  CLI::App* const web =
      check.add_subcommand("web-config", "Check if the web config files are valid or not.");
  web->add_option("web-config-files", *files, "The config files to check.")->required();
  commands.Add(web, [files] { return CheckWebConfigFiles(*files, std::cout, std::cerr); });
}

void AddCheckServiceDiscovery(CLI::App& check, Commands& commands) {
  struct Arguments {
    std::string timeout = "30s";
    std::string file, job;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* const discovery = check.add_subcommand(
      "service-discovery",
      "Perform service discovery for the given job name and report the results, including "
      "relabeling.");
  discovery->add_option("--timeout", arguments->timeout, "The time to wait for discovery results.");
  discovery->add_option("config-file", arguments->file, "The prometheus config file.")->required();
  discovery->add_option("job", arguments->job, "The job to run service discovery for.")->required();
  commands.Add(discovery, [arguments] {
    const auto timeout = ParseDuration(arguments->timeout);
    if (!timeout.ok()) {
      std::cerr << "hearthctl: --timeout: " << timeout.status().message() << "\n";
      return kExitFailure;
    }
    SdCheckOptions options;
    options.timeout_ms = *timeout;
    if (const char* servers = std::getenv("HEARTH_DNS_SERVERS")) options.dns_servers = servers;
    return CheckServiceDiscovery(options, arguments->file, arguments->job, std::cout, std::cerr);
  });
}

void AddCheckMetrics(CLI::App& check, Commands& commands) {
  struct Arguments {
    MetricCheckOptions options;
    std::string lint = "all";
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* const metrics = check.add_subcommand(
      "metrics", "Pass Prometheus metrics over stdin to lint them for consistency.");
  metrics->add_flag("--extended", arguments->options.extended,
                    "Print extended information related to the cardinality of the metrics.");
  metrics->add_option("--lint", arguments->lint, "Linting checks to apply: all, none.")
      ->check(CLI::IsMember({"all", "none"}));
  commands.Add(metrics, [arguments] {
    arguments->options.lint = arguments->lint == "all";
    std::ostringstream text;
    if (std::cin.peek() != std::istream::traits_type::eof()) text << std::cin.rdbuf();
    return CheckMetrics(arguments->options, text.str(), std::cout, std::cerr);
  });
}

}  // namespace

void AddCheckCommands(CLI::App& root, Commands& commands) {
  CLI::App* const check = root.add_subcommand("check", "Check the resources for validity.");
  check->require_subcommand(1);
  AddCheckConfig(*check, commands);
  AddCheckRules(*check, commands);
  AddCheckWebConfig(*check, commands);
  AddCheckServiceDiscovery(*check, commands);
  AddCheckMetrics(*check, commands);
}

}  // namespace hearth::hearthctl
