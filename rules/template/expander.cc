#include "rules/template/expander.h"

#include <utility>

#include "model/text.h"
#include "rules/template/executor.h"
#include "rules/template/parser.h"

namespace hearth::gotemplate {
namespace {

// In Prometheus' order and spelling: errors count its columns.
constexpr std::string_view kDefinitions =
    "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}"
    "{{$externalURL := .ExternalURL}}{{$value := .Value}}";

Value DataValue(const AlertData& data, const Environment& environment) {
  auto fields = std::make_shared<Struct>();
  fields->fields = {
      {"Labels", "map[string]string", Value::OfLabels(data.labels)},
      {"ExternalLabels", "map[string]string", Value::OfLabels(data.external_labels)},
      {"ExternalURL", "string", Value::String(environment.external_url)},
      {"Value", "interface {}", data.value},
  };
  return Value::OfStruct(std::move(fields));
}

}  // namespace

absl::StatusOr<Expander> Expander::Parse(std::string_view name, std::string_view text) {
  absl::StatusOr<TemplateSet> set =
      gotemplate::Parse(std::string(name), StrCat(kDefinitions, text));
  if (!set.ok()) return set.status();
  return Expander(std::make_shared<const TemplateSet>(*std::move(set)));
}

absl::StatusOr<std::string> Expander::Expand(const AlertData& data, const Environment& environment,
                                             int64_t max_steps) const {
  absl::StatusOr<std::string> text =
      Execute(*set_, DataValue(data, environment), environment, max_steps);
  if (text.ok()) return text;
  return absl::InvalidArgumentError(
      StrCat("error executing template ", set_->name, ": ", FromAbsl(text.status().message())));
}

std::string Expander::ExpandOrErrorText(const AlertData& data,
                                        const Environment& environment) const {
  absl::StatusOr<std::string> text = Expand(data, environment);
  if (text.ok()) return *std::move(text);
  return StrCat("<error expanding template: ", FromAbsl(text.status().message()), ">");
}

absl::Status ParseTest(std::string_view name, std::string_view text) {
  return Expander::Parse(name, text).status();
}

}  // namespace hearth::gotemplate
