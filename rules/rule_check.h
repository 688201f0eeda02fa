// rules/rule_check.h
//
// What must hold of the groups and rules of a rule file, once it is known to have the right keys.
// Errors are in Prometheus' words; unlike Prometheus' all have a place. Internal to rule_file.cc.
//
// Thread safety: pure functions.
#ifndef HEARTH_RULES_RULE_CHECK_H_
#define HEARTH_RULES_RULE_CHECK_H_

#include <string>
#include <string_view>
#include <vector>

#include "config/yaml.h"
#include "rules/rule_file.h"

namespace hearth {

// `3:5: message`: line and column of `node`.
std::string PlacedError(const YamlNode& node, std::string_view message);

// Names and values of the labels that a group adds. `node` is the group's mapping.
void CheckGroupLabels(const RuleGroupSpec& group, const YamlNode& node,
                      const RuleFileOptions& options, std::vector<std::string>* errors);

// The group's rule number `index`, from 0. `node` is the rule's mapping.
void CheckRule(const RuleGroupSpec& group, size_t index, const YamlNode& node,
               const RuleFileOptions& options, std::vector<std::string>* errors);

}  // namespace hearth

#endif  // HEARTH_RULES_RULE_CHECK_H_
