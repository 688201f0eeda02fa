// rules/delivery_mailbox.h
//
// What wakes the notifier's thread: outcomes of requests, and knocks. It is all that requests hold
// on to, so they may end when the notifier has gone.
//
// Thread safety: all methods may be called from any thread; one thread waits. Its lock is a leaf.
#ifndef HEARTH_RULES_DELIVERY_MAILBOX_H_
#define HEARTH_RULES_DELIVERY_MAILBOX_H_

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "model/mutex.h"
#include "rules/alert_sender.h"

namespace hearth {

class DeliveryMailbox {
 public:
  struct Letter {
    // Weak: the sender's client must not be destroyed on the thread that calls its callbacks.
    std::weak_ptr<AlertSender> sender;
    DeliveryOutcome outcome;
  };

  void Knock() LOCKS_EXCLUDED(mu_) {
    MutexLock lock(&mu_);
    knocked_ = true;
    wake_.Signal();
  }
  void Put(Letter letter) LOCKS_EXCLUDED(mu_) {
    MutexLock lock(&mu_);
    letters_.push_back(std::move(letter));
    knocked_ = true;
    wake_.Signal();
  }
  std::vector<Letter> Take() LOCKS_EXCLUDED(mu_) {
    MutexLock lock(&mu_);
    return std::exchange(letters_, {});
  }
  // Returns at `until`, or at the first knock since the last Wait.
  void Wait(AlertSender::Time until) LOCKS_EXCLUDED(mu_) {
    MutexLock lock(&mu_);
    while (!knocked_) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          until - std::chrono::steady_clock::now());
      if (left.count() < 0) break;
      wake_.WaitFor(&mu_, left + std::chrono::milliseconds(1));  // Rounded up: not early.
    }
    knocked_ = false;
  }

 private:
  Mutex mu_;
  CondVar wake_;
  std::vector<Letter> letters_ GUARDED_BY(mu_);
  bool knocked_ GUARDED_BY(mu_) = false;
};

}  // namespace hearth

#endif  // HEARTH_RULES_DELIVERY_MAILBOX_H_
