#include "rules/rule_set.h"

#include <set>
#include <utility>

#include "model/text.h"

namespace hearth {
namespace {

GroupSettings SettingsOf(const Config& config, const std::string& external_url) {
  GroupSettings settings;
  settings.interval_ms = config.global.evaluation_interval.ms;
  settings.query_offset_ms = config.global.rule_query_offset.ms;
  LabelsBuilder builder;
  for (const auto& [name, value] : config.global.external_labels) builder.Set(name, value);
  settings.external_labels = builder.Build();
  settings.external_url = external_url;
  return settings;
}

}  // namespace

std::string GroupKey(std::string_view file, std::string_view name) {
  return StrCat(file, ";", name);
}

absl::StatusOr<std::vector<LoadedGroup>> LoadRuleSet(
    const Config& config, const std::string& external_url, const RuleFileOptions& options,
    const LoadEnvironment& environment, const std::function<void(const std::string&)>& report) {
  std::vector<LoadedGroup> groups;
  std::vector<std::string> errors;
  std::set<std::string> read;
  GroupSettings settings = SettingsOf(config, external_url);
  for (const std::string& pattern : config.rule_files) {
    for (const std::string& path : environment.glob(pattern)) {
      if (!read.insert(path).second) continue;
      const absl::StatusOr<std::string> text = environment.read_file(path);
      if (!text.ok()) {
        errors.push_back(StrCat(path, ": ", text.status().message()));
        continue;
      }
      settings.file = path;
      std::vector<std::string> of_file;
      RuleFile file = ParseRuleFile(path, *text, options, &of_file);
      errors.insert(errors.end(), of_file.begin(), of_file.end());
      for (RuleGroupSpec& group : file.groups) groups.push_back({std::move(group), settings});
    }
  }
  if (errors.empty()) return groups;
  for (const std::string& error : errors) report(StrCat("loading groups failed: ", error));
  return absl::InvalidArgumentError("error loading rules, previous rule set restored");
}

}  // namespace hearth
