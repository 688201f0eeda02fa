#include "scrape/discovery/target_groups.h"

#include "config/yaml.h"
#include "model/status.h"
#include "model/text.h"
#include "scrape/discovery/json.h"

namespace hearth {
namespace {

absl::Status BadNode(const YamlNode& node, std::string_view what) {
  return absl::InvalidArgumentError(
      StrCat("line ", node.line, ": ", what, ", found ", node.Describe()));
}

absl::Status ReadTargets(const YamlNode& node, TargetGroup* group) {
  if (node.is_null()) return absl::OkStatus();
  if (!node.is_list()) return BadNode(node, "targets must be a list");
  for (const YamlNode& target : node.items) {
    if (!target.is_scalar()) return BadNode(target, "a target must be a string");
    group->targets.push_back(target.scalar);
  }
  return absl::OkStatus();
}

absl::Status ReadLabels(const YamlNode& node, TargetGroup* group) {
  if (node.is_null()) return absl::OkStatus();
  if (!node.is_map()) return BadNode(node, "labels must be a map");
  for (const auto& [name, value] : node.entries) {
    if (!value.is_scalar() && !value.is_null())
      return BadNode(value, "a label value must be a string");
    if (name.scalar.empty() || !IsValidUtf8(name.scalar))
      return BadNode(name, "not a valid label name");
    if (!group->labels.emplace(name.scalar, value.scalar).second)
      return BadNode(name, "label is defined twice");
  }
  return absl::OkStatus();
}

absl::StatusOr<TargetGroup> ReadGroup(const YamlNode& node) {
  if (!node.is_map()) return BadNode(node, "nil or invalid target group");
  TargetGroup group;
  for (const auto& [key, value] : node.entries) {
    if (key.scalar == "targets") {
      HEARTH_RETURN_IF_ERROR(ReadTargets(value, &group));
    } else if (key.scalar == "labels") {
      HEARTH_RETURN_IF_ERROR(ReadLabels(value, &group));
    } else {
      return absl::InvalidArgumentError(
          StrCat("line ", key.line, ": field ", key.scalar, " not found in a target group"));
    }
  }
  return group;
}

absl::Status BadJson(std::string_view what, const Json& value) {
  return absl::InvalidArgumentError(StrCat(what, ", found ", value.type_name()));
}

absl::StatusOr<TargetGroup> ReadJsonGroup(const Json& item) {
  if (!item.is_object()) return BadJson("nil or invalid target group", item);
  TargetGroup group;
  for (const auto& [key, value] : item.items()) {
    if (key == "targets") {
      if (!value.is_array() && !value.is_null()) return BadJson("targets must be a list", value);
      for (const Json& target : value) {
        if (!target.is_string()) return BadJson("a target must be a string", target);
        group.targets.emplace_back(Text(target));
      }
    } else if (key == "labels") {
      if (!value.is_object() && !value.is_null()) return BadJson("labels must be a map", value);
      for (const auto& [name, label] : value.items()) {
        if (name.empty()) return absl::InvalidArgumentError("a label has no name");
        if (!label.is_string()) return BadJson("a label value must be a string", label);
        group.labels.emplace(name, Text(label));
      }
    } else {
      return absl::InvalidArgumentError(StrCat("field ", key, " not found in a target group"));
    }
  }
  return group;
}

}  // namespace

std::vector<Labels> LabelsOfGroup(const TargetGroup& group) {
  std::vector<Labels> result;
  for (const std::string& target : group.targets) {
    LabelsBuilder labels;
    for (const auto& [name, value] : group.labels) labels.Set(name, value);
    labels.Set("__address__", target);
    result.push_back(labels.Build());
  }
  return result;
}

absl::StatusOr<std::vector<TargetGroup>> ParseTargetGroups(std::string_view text) {
  HEARTH_ASSIGN_OR_RETURN(const YamlNode root, ParseYaml(text));  // JSON is YAML.
  std::vector<TargetGroup> groups;
  if (root.is_null()) return groups;
  if (!root.is_list()) return BadNode(root, "a list of target groups is expected");
  for (const YamlNode& item : root.items) {
    HEARTH_ASSIGN_OR_RETURN(TargetGroup group, ReadGroup(item));
    groups.push_back(std::move(group));
  }
  return groups;
}

absl::StatusOr<std::vector<TargetGroup>> ParseJsonTargetGroups(std::string_view text) {
  HEARTH_ASSIGN_OR_RETURN(const Json root, ParseJson(text));
  std::vector<TargetGroup> groups;
  if (root.is_null()) return groups;
  if (!root.is_array()) {
    return absl::InvalidArgumentError(
        StrCat("a list of target groups is expected, found ", root.type_name()));
  }
  for (const Json& item : root) {
    auto group = ReadJsonGroup(item);
    if (!group.ok()) {
      return absl::InvalidArgumentError(
          StrCat("target group ", groups.size(), ": ", FromAbsl(group.status().message())));
    }
    groups.push_back(*std::move(group));
  }
  return groups;
}

}  // namespace hearth
