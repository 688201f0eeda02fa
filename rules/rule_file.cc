#include "rules/rule_file.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "config/yaml.h"
#include "model/labels.h"
#include "model/text.h"
#include "rules/rule_check.h"
#include "rules/yaml_mapping.h"

namespace hearth {
namespace {

RuleSpec ReadRule(const YamlNode& node, YamlFindings* findings) {
  RuleSpec rule;
  rule.line = node.line;
  YamlMapping map(node, "rulefmt.Rule", findings);
  map.Text("record", &rule.record);
  map.Text("alert", &rule.alert);
  map.Text("expr", &rule.expr);
  map.Duration("for", &rule.for_ms);
  map.Duration("keep_firing_for", &rule.keep_firing_for_ms);
  map.Texts("labels", &rule.labels);
  map.Texts("annotations", &rule.annotations);
  map.Finish();
  return rule;
}

RuleGroupSpec ReadGroup(const YamlNode& node, YamlFindings* findings) {
  RuleGroupSpec group;
  group.line = node.line;
  TimeMs interval = 0;
  TimeMs offset = -1;
  YamlMapping map(node, "rulefmt.RuleGroup", findings);
  map.Text("name", &group.name);
  map.Duration("interval", &interval);
  map.Duration("query_offset", &offset);
  map.Integer("limit", &group.limit);
  map.Texts("labels", &group.labels);
  map.Items("rules", "[]rulefmt.Rule",
            [&](const YamlNode& rule) { group.rules.push_back(ReadRule(rule, findings)); });
  map.Finish();
  if (interval > 0) group.interval_ms = interval;
  if (offset >= 0) group.query_offset_ms = offset;
  group.limit = std::max<int64_t>(group.limit, 0);
  return group;
}

// The mappings of a list, as Items walks them: the specs' own nodes, in the same order.
std::vector<const YamlNode*> ItemsOf(const YamlNode& map, std::string_view key) {
  std::vector<const YamlNode*> items;
  const YamlNode* const list = map.Find(key);
  if (list == nullptr) return items;
  for (const YamlNode& item : list->items) {
    if (!item.is_null()) items.push_back(&item);
  }
  return items;
}

void CheckGroups(const RuleFile& file, const YamlNode& root, const RuleFileOptions& options,
                 std::vector<std::string>* errors) {
  const std::vector<const YamlNode*> nodes = ItemsOf(root, "groups");
  std::set<std::string_view> names;
  for (size_t i = 0; i < file.groups.size(); ++i) {
    const RuleGroupSpec& group = file.groups[i];
    if (group.name.empty()) {
      errors->push_back(PlacedError(*nodes[i], "Groupname must not be empty"));
    }
    if (!names.insert(group.name).second) {
      errors->push_back(PlacedError(
          *nodes[i], StrCat("groupname: \"", group.name, "\" is repeated in the same file")));
    }
    CheckGroupLabels(group, *nodes[i], options, errors);
    const std::vector<const YamlNode*> rules = ItemsOf(*nodes[i], "rules");
    for (size_t k = 0; k < group.rules.size(); ++k) {
      CheckRule(group, k, *rules[k], options, errors);
    }
  }
}

}  // namespace

bool operator==(const RuleSpec& a, const RuleSpec& b) {
  const auto content = [](const RuleSpec& rule) {
    return std::tie(rule.record, rule.alert, rule.expr, rule.labels, rule.for_ms,
                    rule.keep_firing_for_ms, rule.annotations);
  };
  return content(a) == content(b);
}

bool operator==(const RuleGroupSpec& a, const RuleGroupSpec& b) {
  const auto content = [](const RuleGroupSpec& group) {
    return std::tie(group.name, group.interval_ms, group.query_offset_ms, group.limit, group.labels,
                    group.rules);
  };
  return content(a) == content(b);
}

RuleFile ParseRuleFile(std::string_view path, std::string_view text, const RuleFileOptions& options,
                       std::vector<std::string>* errors) {
  RuleFile file{std::string(path), {}};
  const absl::StatusOr<YamlNode> root = ParseYaml(text);
  if (!root.ok()) {
    errors->push_back(StrCat(path, ": ", FromAbsl(root.status().message())));
    return file;
  }
  YamlFindings findings(options.ignore_unknown_fields);
  YamlMapping map(*root, "rulefmt.RuleGroups", &findings);
  map.Items("groups", "[]rulefmt.RuleGroup",
            [&](const YamlNode& group) { file.groups.push_back(ReadGroup(group, &findings)); });
  map.Finish();
  if (!findings.empty()) {
    errors->push_back(StrCat(path, ": ", findings.Text()));
    return file;
  }
  const size_t before = errors->size();
  CheckGroups(file, *root, options, errors);
  for (size_t i = before; i < errors->size(); ++i) (*errors)[i].insert(0, StrCat(path, ": "));
  return file;
}

}  // namespace hearth
