// hearthctl promql: the language itself. `functions` prints the reference that the function table
// holds, `format` a query in many lines as promtool does.
#include <iostream>
#include <memory>

#include "CLI/App.hpp"
#include "query/functions/spec.h"
#include "query/parse/parser.h"
#include "query/parse/pretty.h"
#include "tools/hearthctl/command.h"

namespace hearth::hearthctl {
namespace {

int PrintFunctions() {
  for (const promql::FunctionSpec* function : promql::AllFunctions()) {
    std::cout << function->name << (function->experimental ? " (experimental)" : "") << "\n  "
              << function->summary << "\n  " << function->example << "\n";
  }
  for (const promql::AggregationSpec* aggregation : promql::AllAggregations()) {
    std::cout << aggregation->name << " (aggregation"
              << (aggregation->experimental ? ", experimental" : "") << ")\n  "
              << aggregation->summary << "\n  " << aggregation->example << "\n";
  }
  return 0;
}

absl::StatusOr<std::string> Format(const std::string& query) {
  const absl::StatusOr<promql::ExprPtr> expr =
      promql::ParseExpr(query, {.experimental_functions = true,
                                .extended_range_selectors = true,
                                .fill_modifiers = true,
                                .start_timestamps = true});
  return expr.ok() ? promql::Pretty(**expr) : expr.status();
}

int PrintFormatted(const std::string& query) {
  const absl::StatusOr<std::string> text = Format(query);
  if (!text.ok()) {
    std::cerr << text.status().message() << "\n";
    return 1;
  }
  std::cout << *text << "\n";
  return 0;
}

}  // namespace

void AddPromqlCommands(CLI::App& root, Commands& commands) {
  CLI::App* const promql = root.add_subcommand("promql", "PromQL formatting and reference.");
  promql->require_subcommand(1);
  commands.Add(promql->add_subcommand("functions", "Print every function and aggregation."),
               PrintFunctions);
  CLI::App* const format = promql->add_subcommand("format", "Format PromQL query to pretty form.");
  auto query = std::make_shared<std::string>();
  format->add_option("query", *query, "PromQL query.")->required();
  commands.Add(format, [query] { return PrintFormatted(*query); });
}

}  // namespace hearth::hearthctl
