// rules/rule_set.h
//
// The groups of all rule files, read and checked at once: a reload uses all of them or none.
//
// Thread safety: pure function.
#ifndef HEARTH_RULES_RULE_SET_H_
#define HEARTH_RULES_RULE_SET_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "config/config.h"
#include "model/clock.h"
#include "rules/group.h"
#include "rules/rule_file.h"

namespace hearth {

struct LoadedGroup {
  RuleGroupSpec spec;
  GroupSettings settings;
};

// A group's name in metrics, and what it is recognised by at a reload.
std::string GroupKey(std::string_view file, std::string_view name);

// What `rule_files` of the configuration names, in its order; a file that two patterns match counts
// once. Errors (kInvalidArgument, and those of reading): one line for each thing that is wrong goes
// to `report`, and the status is Prometheus' summary of it.
absl::StatusOr<std::vector<LoadedGroup>> LoadRuleSet(
    const Config& config, const std::string& external_url, const RuleFileOptions& options,
    const LoadEnvironment& environment, const std::function<void(const std::string&)>& report);

}  // namespace hearth

#endif  // HEARTH_RULES_RULE_SET_H_
