// rules/alertmanager_status.h
//
// What the API shows of Alertmanagers. Notifier (rules/notifier.h) implements it; api/ reads it.
//
// Thread safety: all methods may be called from any thread; answers are copies.
#ifndef HEARTH_RULES_ALERTMANAGER_STATUS_H_
#define HEARTH_RULES_ALERTMANAGER_STATUS_H_

#include <string>
#include <vector>

namespace hearth {

class AlertmanagerStatus {
 public:
  virtual ~AlertmanagerStatus() = default;
  // The URLs that alerts are posted to, without credentials, in the configuration's order.
  virtual std::vector<std::string> ActiveAlertmanagers() const = 0;
  // Those that relabelling has dropped.
  virtual std::vector<std::string> DroppedAlertmanagers() const = 0;
};

}  // namespace hearth

#endif  // HEARTH_RULES_ALERTMANAGER_STATUS_H_
