#include "scrape/discovery/file_discovery.h"

#include "config/yaml.h"
#include "model/status.h"
#include "model/text.h"

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

bool FileDiscovery::Refresh() {
  errors_.clear();
  std::map<std::string, std::vector<Labels>> found;
  for (const std::string& pattern : config_.files) {
    for (const std::string& path : environment_->glob(pattern)) {
      const auto read = [&]() -> absl::StatusOr<std::vector<TargetGroup>> {
        HEARTH_ASSIGN_OR_RETURN(const std::string text, environment_->read_file(path));
        return ParseTargetGroups(text);
      };
      const auto groups = read();
      if (!groups.ok()) {
        errors_.push_back(
            StrCat("reading target file ", path, ": ", FromAbsl(groups.status().message())));
        if (const auto old = by_file_.find(path); old != by_file_.end()) found[path] = old->second;
        continue;
      }
      std::vector<Labels>& targets = found[path];
      targets.clear();
      for (const TargetGroup& group : *groups) {
        for (const Labels& labels : LabelsOfGroup(group)) {
          targets.push_back(LabelsBuilder(labels).Set("__meta_filepath", path).Build());
        }
      }
    }
  }
  if (found == by_file_) return false;
  by_file_ = std::move(found);
  return true;
}

std::vector<Labels> FileDiscovery::Targets() const {
  std::vector<Labels> all;
  for (const auto& [path, targets] : by_file_)
    all.insert(all.end(), targets.begin(), targets.end());
  return all;
}

}  // namespace hearth
