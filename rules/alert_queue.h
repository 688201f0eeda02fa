// rules/alert_queue.h
//
// The alerts that wait for one Alertmanager, oldest first. What is sent again and again while the
// Alertmanager is away stands in the queue once: an alert takes the place of one with the same
// labels, the same start and the same side of resolution. So an outage costs as many places as
// there are alerts, not as many as there were evaluations, and a queue has room for a long one.
// That an alert fired and that it was resolved are two entries, in this order.
//
// Thread safety: none.
#ifndef HEARTH_RULES_ALERT_QUEUE_H_
#define HEARTH_RULES_ALERT_QUEUE_H_

#include <cstddef>
#include <list>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "model/clock.h"
#include "model/labels.h"
#include "rules/alert.h"

namespace hearth {

// An alert in its final form; shared by the queues of all Alertmanagers that get it.
struct QueuedAlert {
  std::shared_ptr<const OutgoingAlert> alert;
  Fingerprint labels;     // Of alert->labels.
  bool resolved = false;  // ends_at_ms had come when it was queued, as Alertmanager decides it.
};
QueuedAlert MakeQueuedAlert(OutgoingAlert alert, TimeMs now_ms);

class AlertQueue {
 public:
  explicit AlertQueue(size_t capacity) : capacity_(capacity) {}  // > 0

  // Appends, dropping the oldest where there is no room. Returns how many were dropped; an entry
  // whose place was taken by a newer one is not dropped.
  size_t Add(const QueuedAlert& alert);
  // Takes the oldest `max` out.
  std::vector<QueuedAlert> Take(size_t max);
  // Puts what was taken back in front, but for entries that a newer one has replaced meanwhile.
  // Drops the oldest of them where there is no room, and returns how many.
  size_t PutBack(std::vector<QueuedAlert> alerts);
  // Empties it. Returns how many there were.
  size_t Clear();

  size_t size() const { return alerts_.size(); }
  bool empty() const { return alerts_.empty(); }

 private:
  struct Key {
    Fingerprint labels;
    TimeMs starts_at_ms;
    bool resolved;
    friend bool operator==(const Key&, const Key&) = default;
    template <typename H>
    friend H AbslHashValue(H h, const Key& key) {
      return H::combine(std::move(h), key.labels, key.starts_at_ms, key.resolved);
    }
  };
  static Key KeyOf(const QueuedAlert& alert) {
    return {alert.labels, alert.alert->starts_at_ms, alert.resolved};
  }
  size_t DropOldest();

  const size_t capacity_;
  std::list<QueuedAlert> alerts_;
  absl::flat_hash_map<Key, std::list<QueuedAlert>::iterator> places_;
};

}  // namespace hearth

#endif  // HEARTH_RULES_ALERT_QUEUE_H_
