#include <memory>
#include <optional>

#include "api/v1/envelope.h"
#include "api/v1/handlers.h"
#include "config/relabel.h"
#include "model/labels.h"
#include "model/status.h"
#include "model/text.h"
#include "nlohmann/json.hpp"

namespace hearth {
namespace {

using PoolConfig = std::shared_ptr<const ScrapeConfig>;

// The pool that `scrapePool` names.
absl::StatusOr<PoolConfig> PoolOf(const ApiCall& call) {
  const std::string_view pool = call.params.Get("scrapePool");
  if (pool.empty()) return absl::InvalidArgumentError("no scrapePool parameter provided");
  PoolConfig config = call.deps.scrape->PoolConfig(pool);
  if (config == nullptr) {
    std::string quoted;
    AppendQuoted(pool, &quoted);
    return absl::InvalidArgumentError(
        StrCat("error retrieving scrape config: scrape pool ", quoted, " not found"));
  }
  return config;
}

// A JSON object of strings. Nothing deeper is read, whatever its size; a URL bounds the rest.
absl::StatusOr<LabelsBuilder> LabelsParam(const ApiCall& call) {
  using nlohmann::json;
  const std::string_view text = call.params.Get("labels");
  if (text.empty()) return absl::InvalidArgumentError("no labels parameter provided");
  const auto shallow = [](int depth, json::parse_event_t event, const json&) {
    const bool opens =
        event == json::parse_event_t::object_start || event == json::parse_event_t::array_start;
    return !opens || depth == 0;
  };
  const json object = json::parse(text.begin(), text.end(), shallow, /*allow_exceptions=*/false);
  if (!object.is_object()) {
    return absl::InvalidArgumentError(
        StrCat("error parsing labels: no JSON object of strings in ", text.size(), " bytes"));
  }
  LabelsBuilder labels;
  for (const auto& [name, value] : object.items()) {
    const auto* const string = value.get_ptr<const json::string_t*>();
    if (string == nullptr) {
      std::string quoted;
      AppendQuoted(name, &quoted);
      return absl::InvalidArgumentError(
          StrCat("error parsing labels: the value of ", quoted, " is no string"));
    }
    labels.Set(name, *string);
  }
  return labels;
}

// Named as in the configuration file; what is empty is left out.
void WriteRule(const RelabelConfig& rule, JsonWriter* json) {
  json->BeginObject();
  if (!rule.source_labels.empty()) {
    json->Key("source_labels").BeginArray();
    for (const std::string& label : rule.source_labels) json->String(label);
    json->EndArray();
  }
  const auto text = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) json->Key(key).String(value);
  };
  text("separator", rule.separator);
  json->Key("regex").String(rule.regex);
  if (rule.modulus != 0) json->Key("modulus").Uint(rule.modulus);
  text("target_label", rule.target_label);
  text("replacement", rule.replacement);
  text("action", rule.action);
  json->EndObject();
}

}  // namespace

http::Response HandleScrapePools(const ApiCall& call) {
  Envelope envelope;
  envelope.data().BeginObject().Key("scrapePools").BeginArray();
  for (const std::string& pool : call.deps.scrape->ScrapePools()) envelope.data().String(pool);
  envelope.data().EndArray().EndObject();
  return envelope.Finish();
}

http::Response HandleScrapePoolConfig(const ApiCall& call) {
  const absl::StatusOr<PoolConfig> config = PoolOf(call);
  if (!config.ok()) return ErrorResponse(config.status());
  Envelope envelope;
  envelope.data().BeginObject().Key("yaml").String(ToYaml(**config)).EndObject();
  return envelope.Finish();
}

// What each rule of a pool makes of a label set, which need not be a target's. After a rule that
// drops it nothing is left.
http::Response HandleRelabelSteps(const ApiCall& call) {
  const absl::StatusOr<PoolConfig> config = PoolOf(call);
  if (!config.ok()) return ErrorResponse(config.status());
  absl::StatusOr<LabelsBuilder> labels = LabelsParam(call);
  if (!labels.ok()) return ErrorResponse(labels.status());
  const std::vector<RelabelConfig>& configs = (*config)->relabel_configs;
  const absl::StatusOr<std::vector<RelabelRule>> rules = CompileRelabelRules(configs);
  if (!rules.ok()) return ErrorResponse(rules.status());
  Envelope envelope;
  JsonWriter& json = envelope.data();
  json.BeginObject().Key("steps").BeginArray();
  bool keep = true;
  for (size_t i = 0; i < rules->size(); ++i) {
    keep = keep && (*rules)[i].Apply(&*labels);
    if (!keep) labels->Clear();
    json.BeginObject().Key("rule");
    WriteRule(configs[i], &json);
    json.Key("output").LabelSet(labels->Build());
    json.Key("keep").Bool(keep).EndObject();
  }
  json.EndArray().EndObject();
  return envelope.Finish();
}

}  // namespace hearth
