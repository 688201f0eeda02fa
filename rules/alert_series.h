// rules/alert_series.h
//
// The names of what alerting rules write.
//
// Thread safety: constants.
#ifndef HEARTH_RULES_ALERT_SERIES_H_
#define HEARTH_RULES_ALERT_SERIES_H_

#include <string_view>

namespace hearth {

// 1 for each pending or firing alert.
inline constexpr std::string_view kAlertsMetric = "ALERTS";
// Since when it is active, in seconds since the epoch.
inline constexpr std::string_view kAlertsForStateMetric = "ALERTS_FOR_STATE";
inline constexpr std::string_view kAlertNameLabel = "alertname";
inline constexpr std::string_view kAlertStateLabel = "alertstate";

}  // namespace hearth

#endif  // HEARTH_RULES_ALERT_SERIES_H_
