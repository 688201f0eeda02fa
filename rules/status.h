// rules/status.h
//
// What the API shows of rules: groups, rules, alerts. RuleManager (rules/manager.h) implements it;
// api/ reads it.
//
// Thread safety: all methods may be called from any thread; answers are copies.
#ifndef HEARTH_RULES_STATUS_H_
#define HEARTH_RULES_STATUS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/clock.h"
#include "model/labels.h"

namespace hearth {

// In ascending order of urgency; a rule has the state of its most urgent alert, and kUnknown until
// it has been evaluated.
enum class AlertState : uint8_t { kUnknown, kInactive, kPending, kFiring };
// "unknown", "inactive", "pending", "firing".
std::string_view AlertStateText(AlertState state);

enum class RuleHealth : uint8_t { kUnknown, kGood, kBad };
// "unknown", "ok", "err".
std::string_view RuleHealthText(RuleHealth health);

// Names and values, by name. Unlike Labels it may have empty values.
using TextPairs = std::vector<std::pair<std::string, std::string>>;

struct AlertStatus {
  Labels labels;          // With alertname.
  TextPairs annotations;  // Expanded.
  AlertState state = AlertState::kPending;
  TimeMs active_at_ms = 0;  // Since when its expression has given it.
  // Since when it fires for keep_firing_for alone.
  std::optional<TimeMs> keep_firing_since_ms;
  double value = 0;
};

struct RuleStatus {
  bool is_alert = false;
  std::string name;   // Of the alert or of the recorded metric.
  std::string query;  // On one line.
  TextPairs labels;   // The group's included; an alert's are templates.
  RuleHealth health = RuleHealth::kUnknown;
  std::string last_error;                    // Empty after a good evaluation.
  double evaluation_time_s = 0;              // Of the last evaluation.
  std::optional<TimeMs> last_evaluation_ms;  // When it began. Absent: not yet.

  // Alerts alone.
  AlertState state = AlertState::kUnknown;
  TimeMs for_ms = 0;
  TimeMs keep_firing_for_ms = 0;
  TextPairs annotations;            // Templates.
  std::vector<AlertStatus> alerts;  // Pending and firing, by labels.
};

struct RuleGroupStatus {
  std::string name;
  std::string file;
  TimeMs interval_ms = 0;
  int64_t limit = 0;  // 0 = any number.
  std::vector<RuleStatus> rules;
  double evaluation_time_s = 0;
  std::optional<TimeMs> last_evaluation_ms;
};

class RulesStatus {
 public:
  virtual ~RulesStatus() = default;
  // Sorted by file, then by name.
  virtual std::vector<RuleGroupStatus> RuleGroups() const = 0;
  // Pending and firing ones.
  virtual std::vector<AlertStatus> Alerts() const = 0;
};

}  // namespace hearth

#endif  // HEARTH_RULES_STATUS_H_
