#include "rules/rule_check.h"

#include "model/labels.h"
#include "model/text.h"
#include "rules/template/expander.h"

namespace hearth {
namespace {

std::string Quoted(std::string_view text) {
  std::string out;
  AppendQuoted(text, &out);
  return out;
}

bool IsLabelName(std::string_view name, const RuleFileOptions& options) {
  return options.legacy_names ? IsLegacyLabelName(name) : !name.empty() && IsValidUtf8(name);
}

bool IsMetricName(std::string_view name, const RuleFileOptions& options) {
  return options.legacy_names ? IsLegacyMetricName(name) : !name.empty() && IsValidUtf8(name);
}

// The labels of a group or a rule; `add` takes an error and its place.
template <typename Add>
void CheckLabels(const RuleTexts& labels, const YamlNode& node, const RuleFileOptions& options,
                 const Add& add) {
  for (size_t i = 0; i < labels.size(); ++i) {
    const auto& [name, value] = labels[i];
    const YamlEntry& entry = node.Find("labels")->entries[i];
    if (!IsLabelName(name, options) || name == "__name__") {
      add(entry.first, StrCat("invalid label name: ", name));
    }
    if (!IsValidUtf8(value)) add(entry.second, StrCat("invalid label value: ", value));
  }
}

// One rule and where it stands.
class RuleCheck {
 public:
  RuleCheck(const RuleGroupSpec& group, size_t index, const YamlNode& node,
            const RuleFileOptions& options, std::vector<std::string>* errors)
      : rule_(group.rules[index]),
        node_(node),
        options_(options),
        place_(StrCat("group ", Quoted(group.name), ", rule ", index + 1, ", ",
                      Quoted(rule_.name()), ": ")),
        errors_(errors) {}

  void Run() {
    if (!rule_.record.empty() && !rule_.alert.empty()) {
      errors_->push_back(PlacedError(
          At("record"), PlacedError(At("alert"), place_ + "only one of 'record' and 'alert' must "
                                                          "be set")));
    }
    if (rule_.record.empty() && rule_.alert.empty()) {
      Add(node_, "one of 'record' or 'alert' must be set");
    }
    CheckExpression();
    if (!rule_.record.empty()) CheckRecord();
    CheckLabels(rule_.labels, node_, options_,
                [this](const YamlNode& at, std::string_view message) { Add(at, message); });
    for (size_t i = 0; i < rule_.annotations.size(); ++i) {
      const std::string& name = rule_.annotations[i].first;
      if (!IsLabelName(name, options_)) {
        Add(At("annotations").entries[i].first, StrCat("invalid annotation name: ", name));
      }
    }
    if (rule_.alert.empty()) return;
    CheckTemplates("labels", "label", rule_.labels);
    CheckTemplates("annotations", "annotation", rule_.annotations);
  }

 private:
  // The value of a key, else the rule itself.
  const YamlNode& At(std::string_view key) const {
    const YamlNode* const value = node_.Find(key);
    return value == nullptr ? node_ : *value;
  }

  void Add(const YamlNode& at, std::string_view message) {
    errors_->push_back(PlacedError(at, place_ + std::string(message)));
  }

  void CheckExpression() {
    if (rule_.expr.empty()) {
      Add(At("expr"), "field 'expr' must be set in rule");
      return;
    }
    const absl::Status status = promql::ParseExpr(rule_.expr, options_.parser).status();
    if (status.ok()) return;
    Add(At("expr"), StrCat("could not parse expression: ", FromAbsl(status.message())));
  }

  void CheckRecord() {
    const YamlNode& at = At("record");
    if (!rule_.annotations.empty()) Add(at, "invalid field 'annotations' in recording rule");
    if (rule_.for_ms != 0) Add(at, "invalid field 'for' in recording rule");
    if (rule_.keep_firing_for_ms != 0) {
      Add(at, "invalid field 'keep_firing_for' in recording rule");
    }
    if (!IsMetricName(rule_.record, options_)) {
      Add(at, StrCat("invalid recording rule name: ", rule_.record));
    }
    // A name, since any UTF-8 is one, but not what its author meant.
    if (rule_.record.find_first_of("{}") != std::string::npos) {
      Add(at, StrCat("braces present in the recording rule name; should it be in expr?: ",
                     rule_.record));
    }
  }

  void CheckTemplates(std::string_view key, std::string_view what, const RuleTexts& texts) {
    for (size_t i = 0; i < texts.size(); ++i) {
      const auto& [name, text] = texts[i];
      const absl::Status status = gotemplate::ParseTest("__alert_" + rule_.alert, text);
      if (status.ok()) continue;
      Add(At(key).entries[i].second,
          StrCat(what, " ", Quoted(name), ": ", FromAbsl(status.message())));
    }
  }

  const RuleSpec& rule_;
  const YamlNode& node_;
  const RuleFileOptions& options_;
  const std::string place_;
  std::vector<std::string>* const errors_;
};

}  // namespace

std::string PlacedError(const YamlNode& node, std::string_view message) {
  return StrCat(node.line, ":", node.column, ": ", message);
}

void CheckGroupLabels(const RuleGroupSpec& group, const YamlNode& node,
                      const RuleFileOptions& options, std::vector<std::string>* errors) {
  CheckLabels(group.labels, node, options, [&](const YamlNode& at, std::string_view message) {
    errors->push_back(PlacedError(at, StrCat("group ", Quoted(group.name), ": ", message)));
  });
}

void CheckRule(const RuleGroupSpec& group, size_t index, const YamlNode& node,
               const RuleFileOptions& options, std::vector<std::string>* errors) {
  RuleCheck(group, index, node, options, errors).Run();
}

}  // namespace hearth
