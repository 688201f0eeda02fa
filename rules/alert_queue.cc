#include "rules/alert_queue.h"

#include <algorithm>
#include <utility>

namespace hearth {

QueuedAlert MakeQueuedAlert(OutgoingAlert alert, TimeMs now_ms) {
  QueuedAlert queued;
  queued.labels = alert.labels.Fingerprint();
  queued.resolved = alert.ends_at_ms <= now_ms;
  queued.alert = std::make_shared<const OutgoingAlert>(std::move(alert));
  return queued;
}

size_t AlertQueue::Add(const QueuedAlert& alert) {
  const Key key = KeyOf(alert);
  // The newer one goes to the end: after all that was known before it.
  if (const auto it = places_.find(key); it != places_.end()) alerts_.erase(it->second);
  places_[key] = alerts_.insert(alerts_.end(), alert);
  return DropOldest();
}

std::vector<QueuedAlert> AlertQueue::Take(size_t max) {
  std::vector<QueuedAlert> taken;
  taken.reserve(std::min(max, alerts_.size()));
  while (taken.size() < max && !alerts_.empty()) {
    places_.erase(KeyOf(alerts_.front()));
    taken.push_back(std::move(alerts_.front()));
    alerts_.pop_front();
  }
  return taken;
}

size_t AlertQueue::PutBack(std::vector<QueuedAlert> alerts) {
  for (auto it = alerts.rbegin(); it != alerts.rend(); ++it) {
    const Key key = KeyOf(*it);
    if (places_.contains(key)) continue;
    places_[key] = alerts_.insert(alerts_.begin(), std::move(*it));
  }
  return DropOldest();
}

size_t AlertQueue::Clear() {
  const size_t count = alerts_.size();
  alerts_.clear();
  places_.clear();
  return count;
}

size_t AlertQueue::DropOldest() {
  const size_t surplus = alerts_.size() - std::min(alerts_.size(), capacity_);
  for (size_t i = 0; i < surplus; ++i) {
    places_.erase(KeyOf(alerts_.front()));
    alerts_.pop_front();
  }
  return surplus;
}

}  // namespace hearth
