// rules/alertmanager_target.h
//
// From a discovered label set to the URL that alerts are posted to.
//
// Thread safety: pure functions.
#ifndef HEARTH_RULES_ALERTMANAGER_TARGET_H_
#define HEARTH_RULES_ALERTMANAGER_TARGET_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "config/config.h"
#include "config/relabel.h"
#include "model/labels.h"

namespace hearth {

struct AlertmanagerTarget {
  std::string
      url;  // "http://host:9093/prefix/api/v2/alerts"; for a dropped one, before relabelling.
  bool dropped = false;  // By `rules`.
};

// Adds `__scheme__` and `__alerts_path__` of `config` unless discovery has set them, relabels with
// `rules` (compiled from config.relabel_configs), and joins them with `__address__`.
// kInvalidArgument: `no address`, `"http://x" is not a valid hostname` (credentials in it count
// too: they would be shown), another scheme than http or https.
absl::StatusOr<AlertmanagerTarget> MakeAlertmanagerTarget(const AlertmanagerConfig& config,
                                                          const std::vector<RelabelRule>& rules,
                                                          LabelsView discovered);

}  // namespace hearth

#endif  // HEARTH_RULES_ALERTMANAGER_TARGET_H_
