#include "rules/active_alerts.h"

#include <algorithm>
#include <utility>

namespace hearth {
namespace {

// Whether an alert that the value no longer gives goes on firing.
bool KeepsFiring(ActiveAlert* alert, TimeMs ts, TimeMs keep_firing_for_ms) {
  if (alert->state != AlertState::kFiring || keep_firing_for_ms == 0) return false;
  if (!alert->keep_firing_since_ms) alert->keep_firing_since_ms = ts;
  return ts - *alert->keep_firing_since_ms < keep_firing_for_ms;
}

bool IsOver(const ActiveAlert& alert, TimeMs ts) {
  return alert.state == AlertState::kPending ||
         (alert.state == AlertState::kInactive && alert.resolved_at_ms &&
          ts - *alert.resolved_at_ms > ActiveAlerts::kResolvedRetentionMs);
}

bool IsDue(const ActiveAlert& alert, TimeMs ts, TimeMs resend_delay_ms) {
  if (alert.state == AlertState::kPending) return false;
  if (!alert.last_sent_ms) return true;
  if (alert.resolved_at_ms && *alert.resolved_at_ms > *alert.last_sent_ms) return true;
  return *alert.last_sent_ms + resend_delay_ms < ts;
}

Labels ToLabels(const TextPairs& texts) {
  LabelsBuilder builder;
  for (const auto& [name, text] : texts) builder.Set(name, text);
  return builder.Build();
}

}  // namespace

void ActiveAlerts::Update(Map seen, TimeMs ts, TimeMs for_ms, TimeMs keep_firing_for_ms) {
  for (auto it = alerts_.begin(); it != alerts_.end();) {
    ActiveAlert& alert = it->second;
    const auto again = seen.find(it->first);
    if (again != seen.end()) {
      if (alert.state == AlertState::kInactive) {
        alert = std::move(again->second);  // It begins anew.
      } else {
        alert.value = again->second.value;
        alert.annotations = std::move(again->second.annotations);
        alert.keep_firing_since_ms.reset();
      }
    } else if (!KeepsFiring(&alert, ts, keep_firing_for_ms)) {
      if (IsOver(alert, ts)) {
        it = alerts_.erase(it);
        continue;
      }
      if (alert.state != AlertState::kInactive) {
        alert.state = AlertState::kInactive;
        alert.resolved_at_ms = ts;
      }
    }
    ++it;
  }
  alerts_.merge(seen);
  for (auto& [fingerprint, alert] : alerts_) {
    if (alert.state == AlertState::kPending && ts - alert.active_at_ms >= for_ms) {
      alert.state = AlertState::kFiring;
      alert.fired_at_ms = ts;
    }
  }
}

std::vector<OutgoingAlert> ActiveAlerts::TakeDue(TimeMs ts, TimeMs resend_delay_ms,
                                                 TimeMs interval_ms,
                                                 const std::string& generator_url) {
  std::vector<OutgoingAlert> due;
  for (auto& [fingerprint, alert] : alerts_) {
    if (!IsDue(alert, ts, resend_delay_ms)) continue;
    alert.last_sent_ms = ts;
    // Two evaluations or sends may fail.
    alert.valid_until_ms = ts + 4 * std::max(resend_delay_ms, interval_ms);
    OutgoingAlert& out = due.emplace_back();
    out.labels = alert.labels;
    out.annotations = ToLabels(alert.annotations);
    out.starts_at_ms = alert.fired_at_ms.value_or(ts);
    out.ends_at_ms = alert.resolved_at_ms.value_or(alert.valid_until_ms);
    out.generator_url = generator_url;
  }
  return due;
}

void ActiveAlerts::Add(const ActiveAlerts& other) {
  for (const auto& [fingerprint, alert] : other.alerts_) {
    alerts_.insert_or_assign(fingerprint, alert);
  }
}

int64_t ActiveAlerts::CountActive() const {
  return std::count_if(alerts_.begin(), alerts_.end(), [](const auto& entry) {
    return entry.second.state != AlertState::kInactive;
  });
}

AlertState ActiveAlerts::State() const {
  AlertState state = AlertState::kInactive;
  for (const auto& [fingerprint, alert] : alerts_) state = std::max(state, alert.state);
  return state;
}

std::vector<AlertStatus> ActiveAlerts::Status() const {
  std::vector<AlertStatus> status;
  for (const auto& [fingerprint, alert] : alerts_) {
    if (alert.state == AlertState::kInactive) continue;
    status.push_back({alert.labels, alert.annotations, alert.state, alert.active_at_ms,
                      alert.keep_firing_since_ms, alert.value});
  }
  std::sort(status.begin(), status.end(),
            [](const AlertStatus& a, const AlertStatus& b) { return a.labels < b.labels; });
  return status;
}

}  // namespace hearth
