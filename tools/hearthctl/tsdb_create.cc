// hearthctl tsdb create-blocks-from: fills a data directory.
#include <iostream>
#include <memory>
#include <vector>

#include "CLI/App.hpp"
#include "config/duration.h"
#include "model/clock.h"
#include "spdlog/sinks/stdout_sinks.h"
#include "spdlog/spdlog.h"
#include "tools/hearthctl/command.h"
#include "tools/hearthctl/exit_code.h"
#include "tools/hearthctl/language_features.h"
#include "tools/hearthctl/rule_backfill.h"

namespace hearth::hearthctl {
namespace {

struct Arguments {
  RuleBackfillOptions options;
  std::string start, end, eval_interval = "60s";
  std::vector<std::string> files;
};

// Reads a flag's value; tells of one that is not good.
template <typename Parse>
bool Read(const char* flag, const std::string& text, Parse parse, TimeMs* out) {
  const absl::StatusOr<TimeMs> value = parse(text);
  if (value.ok()) {
    *out = *value;
    return true;
  }
  std::cerr << "hearthctl: " << flag << ": " << value.status().message() << "\n";
  return false;
}

int CreateFromRules(Arguments& arguments, const GlobalFlags& flags) {
  RuleBackfillOptions& options = arguments.options;
  constexpr TimeMs kDefaultAgeMs = 3 * 60 * 60 * 1000;
  options.end_ms = SystemClock::Get().NowMs() - kDefaultAgeMs;
  if (!Read("--start", arguments.start, ParseTimestamp, &options.start_ms) ||
      (!arguments.end.empty() && !Read("--end", arguments.end, ParseTimestamp, &options.end_ms)) ||
      !Read("--eval-interval", arguments.eval_interval, ParseDuration, &options.eval_interval_ms)) {
    return kExitFailure;
  }
  if (options.start_ms >= options.end_ms) {
    std::cerr << "start time is not before end time\n";
    return kExitFailure;
  }
  if (options.start_ms < 0 || options.eval_interval_ms == 0) {
    std::cerr << "hearthctl: --start must not be before 1970, --eval-interval not 0\n";
    return kExitFailure;
  }
  options.file.parser = ParseFeatures(flags.features, std::cerr).parser;
  spdlog::set_default_logger(spdlog::stderr_logger_mt("hearthctl"));
  spdlog::set_level(spdlog::level::warn);
  return BackfillRules(options, arguments.files, std::cout, std::cerr);
}

}  // namespace

void AddTsdbCreateCommands(CLI::App& tsdb, Commands& commands) {
  CLI::App* const create =
      tsdb.add_subcommand("create-blocks-from", "Fill a data directory from other data.");
  create->require_subcommand(1);
  auto arguments = std::make_shared<Arguments>();
  RuleBackfillOptions& options = arguments->options;
  create->add_flag("-q,--quiet", options.quiet, "Do not tell of each rule.");
  CLI::App* const rules =
      create->add_subcommand("rules", "Give new recording rules a past, from a server's data.");
  rules->add_option("--url", options.url, "The server's URL.");
  rules
      ->add_option("--start", arguments->start,
                   "The first time to evaluate the rules for: RFC 3339 or Unix timestamp.")
      ->required();
  rules->add_option("--end", arguments->end,
                    "The last time, by default three hours ago: RFC 3339 or Unix timestamp.");
  rules->add_option("--output-dir", options.output_dir,
                    "The data directory: a new one, or that of a server that does not run.");
  rules->add_option("--eval-interval", arguments->eval_interval,
                    "How frequently to evaluate rules whose group does not say.");
  rules->add_option("rule-files", arguments->files, "The rule files. Alerts are left out.")
      ->required();
  commands.Add(rules,
               [arguments, &commands] { return CreateFromRules(*arguments, commands.flags()); });
}

}  // namespace hearth::hearthctl
