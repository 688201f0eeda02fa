// rules/alert_json.h
//
// Alerts as Alertmanager's API v2 takes them: the body of POST /api/v2/alerts.
//
// Thread safety: pure functions.
#ifndef HEARTH_RULES_ALERT_JSON_H_
#define HEARTH_RULES_ALERT_JSON_H_

#include <memory>
#include <string>
#include <vector>

#include "rules/alert.h"

namespace hearth {

// `[{"annotations":{…},"endsAt":"2023-11-14T22:13:20.000Z","startsAt":…,"generatorURL":…,
// "labels":{…}},…]`. Strings are escaped as by Go's encoding/json; times are UTC with
// milliseconds; a generatorURL that is empty is left out.
std::string AlertsJson(const std::vector<std::shared_ptr<const OutgoingAlert>>& alerts);

}  // namespace hearth

#endif  // HEARTH_RULES_ALERT_JSON_H_
