#include "tools/compliance/query_set.h"

#include <algorithm>
#include <sstream>

#include "absl/status/status.h"
#include "model/text.h"
#include "yaml-cpp/yaml.h"

namespace hearth::compliance {
namespace {

struct Variable {
  std::string_view name;
  std::string_view values;  // Separated by spaces.
};

constexpr Variable kVariables[] = {
    {"simpleAggrOp", "sum avg max min count stddev stdvar"},
    {"topBottomOp", "topk bottomk"},
    {"quantile", "-0.5 0.1 0.5 0.75 0.95 0.90 0.99 1 1.5"},
    {"arithBinOp", "+ - * / % ^"},
    {"compBinOp", "== != < > <= >="},
    {"binOp", "+ - * / % ^ == != < > <= >="},
    {"simpleMathFunc", "abs ceil floor exp sqrt ln log2 log10 round"},
    {"extrapolatedRateFunc", "delta rate increase"},
    {"range", "1s 15s 1m 5m 15m 1h"},
    {"offset", "1m 5m 10m"},
    {"instantRateFunc", "idelta irate"},
    {"clampFunc", "clamp_min clamp_max"},
    {"dateFunc", "day_of_month day_of_week days_in_month hour minute month year"},
    {"simpleTimeAggrOp", "sum avg max min count stddev stdvar absent last"},
};

absl::Status BadFile(std::string_view why) {
  return absl::InvalidArgumentError(StrCat("reading compliance queries: ", why));
}

absl::StatusOr<std::vector<std::string>> ValuesOf(const std::string& name) {
  const auto* const row = std::find_if(std::begin(kVariables), std::end(kVariables),
                                       [&](const Variable& v) { return v.name == name; });
  if (row == std::end(kVariables)) return BadFile(StrCat("unknown variable \"", name, "\""));
  std::istringstream in{std::string(row->values)};
  std::vector<std::string> values;
  for (std::string value; in >> value;) values.push_back(value);
  return values;
}

std::string Substitute(std::string text, const std::string& variable, const std::string& value) {
  const std::string marker = StrCat("{{.", variable, "}}");
  for (size_t at = text.find(marker); at != std::string::npos;
       at = text.find(marker, at + value.size())) {
    text.replace(at, marker.size(), value);
  }
  return text;
}

absl::Status ExpandCase(const YAML::Node& test_case, std::vector<Query>* queries) {
  if (!test_case.IsMap() || !test_case["query"]) return BadFile("a case without a query");
  std::vector<std::string> texts = {test_case["query"].as<std::string>()};
  for (const YAML::Node& argument : test_case["variant_args"]) {
    const auto variable = argument.as<std::string>();
    const absl::StatusOr<std::vector<std::string>> values = ValuesOf(variable);
    if (!values.ok()) return values.status();
    std::vector<std::string> longer;
    for (const std::string& text : texts) {
      for (const std::string& value : *values) {
        longer.push_back(Substitute(text, variable, value));
      }
    }
    texts = std::move(longer);
  }
  const bool should_fail = test_case["should_fail"] && test_case["should_fail"].as<bool>();
  for (std::string& text : texts) queries->push_back({std::move(text), should_fail});
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<Query>> ExpandQueries(std::string_view yaml) {
  std::vector<Query> queries;
  try {
    const YAML::Node document = YAML::Load(std::string(yaml));
    if (!document.IsMap() || !document["test_cases"]) return BadFile("no test_cases");
    for (const YAML::Node& test_case : document["test_cases"]) {
      if (absl::Status status = ExpandCase(test_case, &queries); !status.ok()) return status;
    }
  } catch (const YAML::Exception& error) {
    return BadFile(error.what());
  }
  return queries;
}

}  // namespace hearth::compliance
