// rules/active_alerts.h
//
// The alerts of one rule and their states:
//
//             value gives it                 for has passed
//   (nothing) ──────────────▶ pending ─────────────────────▶ firing
//       ▲                        │ gone                         │ gone, and keep_firing_for has
//       passed ├────────────────────────┘                              ▼
//       └───────────────────────────────────────────────── resolved (inactive, kept to be sent)
//                       kResolvedRetentionMs later
//
// Thread safety: none; AlertingRule guards it.
#ifndef HEARTH_RULES_ACTIVE_ALERTS_H_
#define HEARTH_RULES_ACTIVE_ALERTS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/clock.h"
#include "model/labels.h"
#include "rules/alert.h"
#include "rules/status.h"

namespace hearth {

struct ActiveAlert {
  Labels labels;  // With alertname; what identifies it.
  TextPairs annotations;
  AlertState state = AlertState::kPending;
  double value = 0;
  TimeMs active_at_ms = 0;
  std::optional<TimeMs> fired_at_ms, resolved_at_ms, keep_firing_since_ms;
  std::optional<TimeMs> last_sent_ms;
  TimeMs valid_until_ms = 0;  // As it was last sent.
};

class ActiveAlerts {
 public:
  // A resolved alert is sent again for so long: an Alertmanager that was away must hear of it.
  static constexpr TimeMs kResolvedRetentionMs = 15 * 60 * 1000;

  // By the fingerprint of their labels.
  using Map = std::map<Fingerprint, ActiveAlert>;

  // Goes from one evaluation to that at `ts`, whose value gave the pending alerts `seen`.
  void Update(Map seen, TimeMs ts, TimeMs for_ms, TimeMs keep_firing_for_ms);

  // Those to be sent at `ts`: that fire or were resolved, and either were not sent for
  // `resend_delay_ms` or have been resolved since. Notes that they were. `interval_ms` is the
  // group's; an alert that fires is valid for four times the larger of both.
  std::vector<OutgoingAlert> TakeDue(TimeMs ts, TimeMs resend_delay_ms, TimeMs interval_ms,
                                     const std::string& generator_url);

  // Adds copies of another rule's.
  void Add(const ActiveAlerts& other);
  void Clear() { alerts_.clear(); }

  Map& alerts() { return alerts_; }
  const Map& alerts() const { return alerts_; }
  int64_t CountActive() const;  // Pending and firing.
  // The most urgent one; kInactive when there is none.
  AlertState State() const;
  // Pending and firing ones, by labels.
  std::vector<AlertStatus> Status() const;

 private:
  Map alerts_;
};

}  // namespace hearth

#endif  // HEARTH_RULES_ACTIVE_ALERTS_H_
