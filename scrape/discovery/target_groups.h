// scrape/discovery/target_groups.h
//
// Lists of {targets, labels}: what target files hold and what http_sd_configs are answered with.
//
// Thread safety: pure functions.
#ifndef HEARTH_SCRAPE_DISCOVERY_TARGET_GROUPS_H_
#define HEARTH_SCRAPE_DISCOVERY_TARGET_GROUPS_H_

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "config/config.h"
#include "model/labels.h"

namespace hearth {

// The label sets of one target group: `__address__` and the group's labels.
std::vector<Labels> LabelsOfGroup(const TargetGroup& group);

// Parses YAML (which JSON is, too). kInvalidArgument names line and key; null groups are refused.
absl::StatusOr<std::vector<TargetGroup>> ParseTargetGroups(std::string_view text);

// Parses strict JSON. kInvalidArgument names the group (from 0) and the key.
absl::StatusOr<std::vector<TargetGroup>> ParseJsonTargetGroups(std::string_view text);

}  // namespace hearth

#endif  // HEARTH_SCRAPE_DISCOVERY_TARGET_GROUPS_H_
