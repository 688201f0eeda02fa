// hearthctl promql: the language itself. `functions` prints the reference that the function table
// holds.
#include <iostream>

#include "CLI/App.hpp"
#include "query/functions/spec.h"
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

}  // namespace

void AddPromqlCommands(CLI::App& root, Commands& commands) {
  CLI::App* const promql = root.add_subcommand("promql", "PromQL formatting and reference.");
  promql->require_subcommand(1);
  commands.Add(promql->add_subcommand("functions", "Print every function and aggregation."),
               PrintFunctions);
}

}  // namespace hearth::hearthctl
