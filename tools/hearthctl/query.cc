// hearthctl query: asks a running server, Hearth or Prometheus, and prints as promtool does.
#include <iostream>
#include <memory>

#include "CLI/App.hpp"
#include "model/labels.h"
#include "nlohmann/json.hpp"
#include "tools/hearthctl/api_client.h"
#include "tools/hearthctl/command.h"

namespace hearth::hearthctl {
namespace {

struct QueryOptions {
  std::string server, expr, time, start, end, step = "15s", output = "promql";
};

std::string MetricText(const nlohmann::json& metric) {
  LabelsBuilder builder;
  for (const auto& [name, value] : metric.items()) builder.Set(name, value.get<std::string>());
  return builder.Build().ToString();
}

std::string PointText(const nlohmann::json& point) {
  return point[1].get<std::string>() + " @[" + point[0].dump() + "]";
}

void Print(const nlohmann::json& data) {
  const nlohmann::json& result = data.at("result");
  const std::string type = data.at("resultType").get<std::string>();
  if (type == "scalar") {
    std::cout << "scalar: " << PointText(result) << "\n";
  } else if (type == "string") {
    std::cout << result[1].get<std::string>() << "\n";
  } else {
    for (const nlohmann::json& series : result) {
      std::cout << MetricText(series.at("metric")) << " =>";
      if (series.contains("value")) {
        std::cout << " " << PointText(series["value"]) << "\n";
      } else {
        std::cout << "\n";
        for (const nlohmann::json& point : series.at("values"))
          std::cout << PointText(point) << "\n";
      }
    }
  }
}

int Ask(const QueryOptions& options, std::string_view path,
        const std::vector<std::pair<std::string, std::string>>& parameters) {
  ApiClient client(options.server);
  const absl::StatusOr<nlohmann::json> answer = client.Ask(path, parameters);
  if (!answer.ok()) {
    std::cerr << "query error: " << answer.status().message() << "\n";
    return 1;
  }
  const nlohmann::json& json = *answer;
  if (options.output == "json") {
    std::cout << json["data"].dump() << "\n";
  } else {
    Print(json["data"]);
  }
  for (const nlohmann::json& warning : json.value("warnings", nlohmann::json::array())) {
    std::cerr << warning.get<std::string>() << "\n";
  }
  return 0;
}

}  // namespace

void AddQueryCommands(CLI::App& root, Commands& commands) {
  CLI::App* const query = root.add_subcommand("query", "Run query against a server.");
  query->require_subcommand(1);
  auto options = std::make_shared<QueryOptions>();
  query->add_option("-o,--format", options->output, "Output format: promql or json.");

  CLI::App* const instant = query->add_subcommand("instant", "Run instant query.");
  instant->add_option("server", options->server, "Server to query.")->required();
  instant->add_option("expr", options->expr, "PromQL expression.")->required();
  instant->add_option("--time", options->time,
                      "Query evaluation time (RFC3339 or Unix timestamp).");
  commands.Add(instant, [options] {
    std::vector<std::pair<std::string, std::string>> parameters = {{"query", options->expr}};
    if (!options->time.empty()) parameters.emplace_back("time", options->time);
    return Ask(*options, "/api/v1/query", parameters);
  });

  CLI::App* const range = query->add_subcommand("range", "Run range query.");
  range->add_option("server", options->server, "Server to query.")->required();
  range->add_option("expr", options->expr, "PromQL expression.")->required();
  range
      ->add_option("--start", options->start, "Query range start time (RFC3339 or Unix timestamp).")
      ->required();
  range->add_option("--end", options->end, "Query range end time (RFC3339 or Unix timestamp).")
      ->required();
  range->add_option("--step", options->step, "Query step size (duration).");
  commands.Add(range, [options] {
    return Ask(*options, "/api/v1/query_range",
               {{"query", options->expr},
                {"start", options->start},
                {"end", options->end},
                {"step", options->step}});
  });
}

}  // namespace hearth::hearthctl
