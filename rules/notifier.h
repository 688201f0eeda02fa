// rules/notifier.h
//
// Sends alerts to Alertmanagers. Each alert gets the external labels, goes through the relabelling
// of `alerting` and of each entry of `alertmanagers`, and into a queue for each Alertmanager there
// is, so that none waits for another. One thread follows discovery and posts batches; an
// Alertmanager that fails is asked again (rules/alert_sender.h says how long).
//
//   rules ─▶ Send ─▶ relabel ─▶ AlertSender (queue) ─▶ thread ─▶ http::Client ─▶ Alertmanager
//                                  ▲ one for each URL of an AlertmanagerSet
//
// Metrics: rules/notifier_metrics.h.
//
// Thread safety: all methods may be called from any thread, but Prepare and Use take turns (the
// server's reload). Lock order: apply_mu_ before mu_ before the mailbox's.
#ifndef HEARTH_RULES_NOTIFIER_H_
#define HEARTH_RULES_NOTIFIER_H_

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "config/config.h"
#include "config/relabel.h"
#include "http/io_thread.h"
#include "metrics/registry.h"
#include "model/clock.h"
#include "model/mutex.h"
#include "rules/alert.h"
#include "rules/alert_sender.h"
#include "rules/alertmanager_set.h"
#include "rules/alertmanager_status.h"
#include "rules/delivery_mailbox.h"
#include "rules/notifier_metrics.h"
#include "scrape/discovery/providers.h"

namespace hearth {

struct NotifierOptions {
  // Borrowed; all must outlive the notifier.
  const Clock* clock = nullptr;
  http::IoThread* io = nullptr;
  metrics::Registry* registry = nullptr;
  const LoadEnvironment* environment = &SystemEnvironment();  // For file_sd_configs.
  DiscoveryFactory* providers = nullptr;  // For all other discovery; null: there is none.
  bool watch_files = true;                // As TargetSources::Options::watch_files.

  AlertSender::Options sender;  // Its `warn` is also for what discovery has to say.
  bool drain = true;  // What waits is sent when Stop is called, and when an Alertmanager goes.
  TimeMs discovery_poll_ms = 5'000;  // What discovery has found is taken over this often.
  std::string user_agent = "Prometheus/3.14.0";
};

class Notifier : public AlertSink, public AlertmanagerStatus {
 public:
  explicit Notifier(NotifierOptions options);
  ~Notifier() override;  // Stop(0).

  // A configuration that has been checked and made ready.
  class Plan;
  // Does everything that can fail (rules, TLS files). kInvalidArgument; nothing has changed then.
  // A provider of targets that cannot be made is a warning, and the next Prepare tries again.
  absl::StatusOr<std::unique_ptr<Plan>> Prepare(const Config& config)
      LOCKS_EXCLUDED(apply_mu_, mu_);
  // Puts a plan in force. Entries that have not changed go on as they were, and an Alertmanager
  // that stays keeps its queue, whatever else of its entry changes.
  void Use(std::unique_ptr<Plan> plan) LOCKS_EXCLUDED(apply_mu_, mu_);

  // Starts the thread. Before that alerts only queue.
  void Start();
  // Sends what waits for up to `deadline_ms` (if `drain` says so), drops the rest, ends the thread.
  // Alerts that come later are ignored.
  void Stop(TimeMs deadline_ms) LOCKS_EXCLUDED(mu_);

  void Send(std::vector<OutgoingAlert> alerts) override LOCKS_EXCLUDED(mu_);

  std::vector<std::string> ActiveAlertmanagers() const override LOCKS_EXCLUDED(mu_);
  std::vector<std::string> DroppedAlertmanagers() const override LOCKS_EXCLUDED(mu_);

 private:
  using SenderPtr = std::shared_ptr<AlertSender>;
  using Time = AlertSender::Time;

  // What `global` and `alerting` say for all entries.
  struct AlertLabels {
    StringMapConfig external;
    std::vector<RelabelRule> rules;
  };
  struct Member {
    std::shared_ptr<AlertmanagerSet> set;
    std::vector<SenderPtr> senders;    // In the order of discovery.
    std::vector<std::string> dropped;  // URLs.
    size_t discovered = 0;
    bool sync_waits = false;  // For the first answers of new sources, with the senders it had.
  };
  struct Post {
    SenderPtr sender;
    AlertSender::Delivery delivery;
  };

  static Member TakeMember(const AlertmanagerSet* set, std::vector<Member>* members);
  std::shared_ptr<TargetSources> MakeSources(const AlertmanagerConfig& config, size_t index);
  // Makes the senders of `member` those of `found`; what is no longer wanted retires.
  void Sync(Member* member, AlertmanagerSet::Found found) EXCLUSIVE_LOCKS_REQUIRED(mu_);
  SenderPtr SenderFor(const std::string& url, std::vector<SenderPtr>* before)
      EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Retire(std::vector<SenderPtr> senders) EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void ShowMembers(size_t former_count) EXCLUSIVE_LOCKS_REQUIRED(mu_);

  void Run() LOCKS_EXCLUDED(apply_mu_, mu_);
  // Takes over what discovery has found, and says when to look again.
  void FollowSources() LOCKS_EXCLUDED(apply_mu_, mu_);
  bool FollowMember(const std::shared_ptr<AlertmanagerSet>& set) EXCLUSIVE_LOCKS_REQUIRED(apply_mu_)
      LOCKS_EXCLUDED(mu_);
  // Those of members and the retired ones.
  std::vector<SenderPtr> Senders() const EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void TakeOutcomes(Time now) EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Begins what is due. Returns when the next is.
  Time BeginDue(Time now, std::vector<Post>* posts) EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool Drained(Time now) const EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Deliver(const Post& post);

  const NotifierOptions options_;
  NotifierMetrics metrics_;
  const std::shared_ptr<DeliveryMailbox> mailbox_;
  std::thread thread_;

  Mutex apply_mu_;  // One change of targets at a time; guards every set's sources.
  mutable Mutex mu_;
  std::shared_ptr<const AlertLabels> labels_ GUARDED_BY(mu_) = std::make_shared<AlertLabels>();
  std::vector<Member> members_ GUARDED_BY(mu_);     // As in the configuration.
  std::vector<SenderPtr> retired_ GUARDED_BY(mu_);  // Until they are idle.
  Time sources_due_ GUARDED_BY(mu_);
  bool stopping_ GUARDED_BY(mu_) = false;
  Time stop_by_ GUARDED_BY(mu_);  // While stopping_.
};

class Notifier::Plan {
 private:
  friend class Notifier;
  std::shared_ptr<const AlertLabels> labels_;
  std::vector<std::shared_ptr<AlertmanagerSet>> sets_;
  std::vector<bool> kept_;  // Which of them are in force already.
};

}  // namespace hearth

#endif  // HEARTH_RULES_NOTIFIER_H_
