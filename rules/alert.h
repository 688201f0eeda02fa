// rules/alert.h
//
// An alert on its way to the Alertmanagers: what AlertingRule gives and Notifier sends.
//
// Thread safety: values; an AlertSink may be called from any thread.
#ifndef HEARTH_RULES_ALERT_H_
#define HEARTH_RULES_ALERT_H_

#include <string>
#include <vector>

#include "model/clock.h"
#include "model/labels.h"

namespace hearth {

struct OutgoingAlert {
  Labels labels;            // With alertname; external labels are the Notifier's.
  Labels annotations;       // Expanded.
  TimeMs starts_at_ms = 0;  // When it began to fire.
  // When it was resolved; for an alert that fires, until when it may be believed (four times the
  // larger of resend delay and interval).
  TimeMs ends_at_ms = 0;
  std::string generator_url;  // The expression in Hearth's UI.
};

// Where a Group hands its alerts.
class AlertSink {
 public:
  virtual ~AlertSink() = default;
  // Takes them over and returns at once; what does not fit the queue is dropped and counted there.
  // An empty list is allowed.
  virtual void Send(std::vector<OutgoingAlert> alerts) = 0;
};

}  // namespace hearth

#endif  // HEARTH_RULES_ALERT_H_
