#include "rules/notifier.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "model/status.h"
#include "model/text.h"
#include "rules/alert_json.h"
#include "scrape/http_settings.h"

namespace hearth {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Alertmanager's answer is empty, or says in a line what is wrong. Nobody reads it.
constexpr size_t kAnswerBytesMax = size_t{64} << 10;
// While providers have not given their first answer, there is nobody to send to.
constexpr std::chrono::milliseconds kFirstAnswersPoll(100);
constexpr std::chrono::milliseconds kIdleWait(60'000);

}  // namespace

// What wakes the thread: outcomes of requests, and knocks. It is all that requests hold on to, so
// they may end when the notifier has gone.
class Notifier::Mailbox {
 public:
  struct Letter {
    // Weak: the sender's client must not be destroyed on the thread that calls its callbacks.
    std::weak_ptr<AlertSender> sender;
    DeliveryOutcome outcome;
  };

  void Knock() {
    MutexLock lock(&mu_);
    knocked_ = true;
    wake_.Signal();
  }
  void Put(Letter letter) {
    MutexLock lock(&mu_);
    letters_.push_back(std::move(letter));
    knocked_ = true;
    wake_.Signal();
  }
  std::vector<Letter> Take() {
    MutexLock lock(&mu_);
    return std::exchange(letters_, {});
  }
  // Returns at `until`, or at the first knock since the last Wait.
  void Wait(Time until) {
    MutexLock lock(&mu_);
    while (!knocked_) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(until - SteadyClock::now());
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

Notifier::Notifier(NotifierOptions options)
    : options_(std::move(options)),
      metrics_(options_.registry),
      mailbox_(std::make_shared<Mailbox>()) {
  metrics_.queue_capacity->Set(static_cast<double>(options_.sender.queue_capacity));
}

Notifier::~Notifier() { Stop(0); }

std::shared_ptr<TargetSources> Notifier::MakeSources(const AlertmanagerConfig& config,
                                                     size_t index) {
  TargetSources::Options options;
  options.environment = options_.environment;
  options.watch_files = options_.watch_files;
  options.providers = options_.providers;
  options.registry = options_.registry;
  options.warn = options_.sender.warn;
  const std::string name = StrCat("config-", index);
  const std::string title = StrCat("alertmanagers ", name);
  auto sources = std::make_shared<TargetSources>(
      config.discovery, DiscoveryOwner{.name = "notify", .config = name, .title = title},
      options_.clock->NowMs(), std::move(options));
  for (const absl::Status& failure : sources->failures()) {
    options_.sender.warn(
        StrCat(title, ": cannot create service discovery: ", FromAbsl(failure.message())));
  }
  return sources;
}

absl::StatusOr<std::unique_ptr<Notifier::Plan>> Notifier::Prepare(const Config& config) {
  MutexLock apply_lock(&apply_mu_);
  auto plan = std::make_unique<Plan>();
  auto labels = std::make_shared<AlertLabels>();
  labels->external = config.global.external_labels;
  HEARTH_ASSIGN_OR_RETURN(labels->rules,
                          CompileRelabelRules(config.alerting.alert_relabel_configs));
  plan->labels_ = std::move(labels);
  std::vector<std::shared_ptr<AlertmanagerSet>> former;  // Null: kept.
  {
    MutexLock lock(&mu_);
    for (const Member& member : members_) former.push_back(member.set);
  }
  // First all that stay, so that none is mistaken for what another entry has become.
  const std::vector<AlertmanagerConfig>& entries = config.alerting.alertmanagers;
  plan->sets_.resize(entries.size());
  plan->kept_.resize(entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto same = std::find_if(former.begin(), former.end(), [&](const auto& set) {
      return set != nullptr && set->config() == entries[i] && set->sources()->failures().empty();
    });
    if (same == former.end()) continue;
    plan->sets_[i] = std::exchange(*same, nullptr);
    plan->kept_[i] = true;
  }
  for (size_t i = 0; i < entries.size(); ++i) {
    if (plan->kept_[i]) continue;
    std::shared_ptr<TargetSources> sources;
    if (i < former.size() && former[i] != nullptr) sources = former[i]->sources();
    if (sources == nullptr || sources->configs() != entries[i].discovery ||
        !sources->failures().empty()) {
      sources = MakeSources(entries[i], i);
    }
    auto set = AlertmanagerSet::Create(entries[i], options_.io, std::move(sources));
    if (!set.ok()) {
      return absl::Status(set.status().code(), ToAbsl(StrCat("alertmanagers config-", i, ": ",
                                                             FromAbsl(set.status().message()))));
    }
    plan->sets_[i] = *std::move(set);
  }
  return plan;
}

Notifier::Member Notifier::TakeMember(const AlertmanagerSet* set, std::vector<Member>* members) {
  const auto it = std::find_if(members->begin(), members->end(),
                               [&](const Member& member) { return member.set.get() == set; });
  return std::exchange(*it, Member());
}

void Notifier::Use(std::unique_ptr<Plan> plan) {
  MutexLock apply_lock(&apply_mu_);
  const std::vector<bool>& kept = plan->kept_;
  std::vector<AlertmanagerSet::Found> found(kept.size());
  for (size_t i = 0; i < kept.size(); ++i) {
    if (!kept[i]) found[i] = plan->sets_[i]->Find(options_.sender.warn);
  }

  std::vector<Member> former;  // Destroyed without the lock.
  {
    MutexLock lock(&mu_);
    labels_ = std::move(plan->labels_);
    former = std::exchange(members_, std::vector<Member>(kept.size()));
    for (size_t i = 0; i < kept.size(); ++i) {
      members_[i].set = plan->sets_[i];
      if (kept[i]) members_[i] = TakeMember(plan->sets_[i].get(), &former);
    }
    // What is left has changed, or has gone. An entry that has changed begins with its senders;
    // Sync says which of them stay.
    for (size_t i = 0; i < former.size(); ++i) {
      if (i < kept.size() && !kept[i]) {
        members_[i].senders = std::move(former[i].senders);
      } else {
        Retire(std::move(former[i].senders));
      }
    }
    size_t failed = 0;
    for (size_t i = 0; i < members_.size(); ++i) {
      Member& member = members_[i];
      failed += member.set->sources()->failures().size();
      if (kept[i]) continue;
      for (const SenderPtr& sender : member.senders) sender->Use(member.set->transport());
      member.sync_waits = !member.senders.empty() && !member.set->sources()->has_answers();
      if (!member.sync_waits) Sync(&member, std::move(found[i]));
    }
    metrics_.sd_failed_configs->Set(static_cast<double>(failed));
    ShowMembers(former.size());
    sources_due_ = Time();
  }
  mailbox_->Knock();
}

Notifier::SenderPtr Notifier::SenderFor(const std::string& url, std::vector<SenderPtr>* before) {
  for (std::vector<SenderPtr>* place : {before, &retired_}) {
    const auto it = std::find_if(place->begin(), place->end(),
                                 [&](const SenderPtr& sender) { return sender->url() == url; });
    if (it == place->end()) continue;
    SenderPtr sender = std::move(*it);
    place->erase(it);
    return sender;
  }
  return std::make_shared<AlertSender>(url, options_.sender, metrics_.Of(url));
}

void Notifier::Retire(std::vector<SenderPtr> senders) {
  for (SenderPtr& sender : senders) {
    sender->Retire();
    if (!options_.drain) sender->DropAll();
    retired_.push_back(std::move(sender));
  }
}

void Notifier::Sync(Member* member, AlertmanagerSet::Found found) {
  std::vector<SenderPtr> before = std::exchange(member->senders, {});
  for (const std::string& url : found.active) {
    member->senders.push_back(SenderFor(url, &before));
    member->senders.back()->Use(member->set->transport());
  }
  Retire(std::move(before));
  member->dropped = std::move(found.dropped);
  member->discovered = found.discovered;
  member->sync_waits = false;
}

void Notifier::ShowMembers(size_t former_count) {
  size_t active = 0;
  for (size_t i = 0; i < members_.size(); ++i) {
    active += members_[i].senders.size();
    metrics_.SetDiscoveredTargets(i, members_[i].discovered);
  }
  for (size_t i = members_.size(); i < former_count; ++i) metrics_.ForgetDiscoveredTargets(i);
  metrics_.alertmanagers_discovered->Set(static_cast<double>(active));
  metrics_.sd_updates->Increment();
  metrics_.sd_last_update->Set(static_cast<double>(options_.clock->NowMs()) / 1000);
}

bool Notifier::FollowMember(const std::shared_ptr<AlertmanagerSet>& set) {
  TargetSources& sources = *set->sources();
  if (sources.only_static() || !sources.Refresh(options_.clock->NowMs())) return false;
  AlertmanagerSet::Found found = set->Find(options_.sender.warn);
  MutexLock lock(&mu_);
  // Only Use and this function change members, and they take turns.
  for (Member& member : members_) {
    if (member.set != set) continue;
    if (member.sync_waits && !sources.has_answers()) {
      metrics_.sd_updates_delayed->Increment();
      return false;
    }
    Sync(&member, std::move(found));
  }
  return true;
}

void Notifier::FollowSources() {
  MutexLock apply_lock(&apply_mu_);
  std::vector<std::shared_ptr<AlertmanagerSet>> sets;
  {
    MutexLock lock(&mu_);
    for (const Member& member : members_) sets.push_back(member.set);
  }
  bool updated = false, all_answered = true, all_static = true;
  for (const auto& set : sets) {
    updated |= FollowMember(set);
    all_answered &= set->sources()->has_answers();
    all_static &= set->sources()->only_static();
  }
  const Time now = SteadyClock::now();
  MutexLock lock(&mu_);
  if (updated) ShowMembers(members_.size());
  sources_due_ = all_static     ? now + kIdleWait
                 : all_answered ? now + std::chrono::milliseconds(options_.discovery_poll_ms)
                                : now + kFirstAnswersPoll;
}

void Notifier::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Notifier::Stop(TimeMs deadline_ms) {
  {
    MutexLock lock(&mu_);
    if (stopping_) return;
    stopping_ = true;
    stop_by_ = SteadyClock::now() + std::chrono::milliseconds(options_.drain ? deadline_ms : 0);
    for (const SenderPtr& sender : Senders()) sender->Hurry();
  }
  mailbox_->Knock();
  if (thread_.joinable()) thread_.join();
  std::vector<Member> members;  // Destroyed without the lock.
  std::vector<SenderPtr> retired;
  size_t unsent = 0;
  {
    MutexLock lock(&mu_);
    for (const SenderPtr& sender : Senders()) unsent += sender->unsent();
    members = std::exchange(members_, {});
    retired = std::exchange(retired_, {});
  }
  if (unsent > 0) {
    options_.sender.warn(
        StrCat("Alert notification queue not drained on shutdown, dropping alerts: "
               "count=",
               unsent));
  }
}

void Notifier::Send(std::vector<OutgoingAlert> alerts) {
  if (alerts.empty()) return;
  const TimeMs now_ms = options_.clock->NowMs();
  {
    MutexLock lock(&mu_);
    if (stopping_ || members_.empty()) return;
    std::vector<QueuedAlert> queued;
    queued.reserve(alerts.size());
    LabelsBuilder labels;
    for (OutgoingAlert& alert : alerts) {
      labels.Reset(alert.labels);
      for (const auto& [name, value] : labels_->external) {
        if (labels.Get(name).empty()) labels.Set(name, value);
      }
      if (!Relabel(labels_->rules, &labels) || labels.empty()) continue;
      alert.labels = labels.Build();
      queued.push_back(MakeQueuedAlert(std::move(alert), now_ms));
    }
    for (Member& member : members_) {
      const std::vector<QueuedAlert> relabelled = member.set->Relabelled(queued);
      for (const SenderPtr& sender : member.senders) sender->Add(relabelled);
    }
  }
  mailbox_->Knock();
}

std::vector<Notifier::SenderPtr> Notifier::Senders() const {
  std::vector<SenderPtr> senders = retired_;
  for (const Member& member : members_)
    senders.insert(senders.end(), member.senders.begin(), member.senders.end());
  return senders;
}

void Notifier::TakeOutcomes(Time now) {
  for (const Mailbox::Letter& letter : mailbox_->Take()) {
    if (const SenderPtr sender = letter.sender.lock()) sender->End(letter.outcome, now);
  }
  std::erase_if(retired_, [](const SenderPtr& sender) { return sender->idle(); });
}

Notifier::Time Notifier::BeginDue(Time now, std::vector<Post>* posts) {
  Time next = now + kIdleWait;
  for (const SenderPtr& sender : Senders()) {
    const std::optional<Time> due = sender->due();
    if (!due) continue;
    if (*due <= now) {
      posts->push_back({sender, sender->Begin(now)});
    } else {
      next = std::min(next, *due);
    }
  }
  return next;
}

bool Notifier::Drained(Time now) const {
  const std::vector<SenderPtr> senders = Senders();
  return now >= stop_by_ || std::all_of(senders.begin(), senders.end(),
                                        [](const SenderPtr& sender) { return sender->idle(); });
}

void Notifier::Run() {
  for (;;) {
    bool follow;
    {
      MutexLock lock(&mu_);
      follow = !stopping_ && SteadyClock::now() >= sources_due_;
    }
    if (follow) FollowSources();
    std::vector<Post> posts;
    Time next;
    {
      const Time now = SteadyClock::now();
      MutexLock lock(&mu_);
      TakeOutcomes(now);
      if (stopping_ && Drained(now)) return;
      next = std::min(BeginDue(now, &posts), stopping_ ? stop_by_ : sources_due_);
    }
    for (const Post& post : posts) Deliver(post);
    posts.clear();
    mailbox_->Wait(next);
  }
}

void Notifier::Deliver(const Post& post) {
  const AlertTransport& transport = *post.delivery.transport;
  http::FetchRequest request;
  request.method = "POST";
  request.url = post.delivery.url;
  request.timeout_ms = transport.timeout_ms;
  request.body_bytes_max = kAnswerBytesMax;
  request.decode_body = false;
  request.follow_redirects = transport.http.follow_redirects;
  request.headers.Set("User-Agent", options_.user_agent);
  request.headers.Set("Content-Type", "application/json");
  if (const absl::Status status = AddHttpHeaders(transport.http, &request.headers); !status.ok()) {
    mailbox_->Put({post.sender, OutcomeOf(status)});
    return;
  }
  request.body = AlertsJson(post.delivery.alerts);
  transport.client->Fetch(std::move(request),
                          [mailbox = mailbox_, sender = std::weak_ptr<AlertSender>(post.sender)](
                              const absl::StatusOr<http::FetchResult>& result) {
                            mailbox->Put({sender, OutcomeOf(result)});
                          });
}

std::vector<std::string> Notifier::ActiveAlertmanagers() const {
  std::vector<std::string> urls;
  MutexLock lock(&mu_);
  for (const Member& member : members_) {
    for (const SenderPtr& sender : member.senders) urls.push_back(sender->url());
  }
  return urls;
}

std::vector<std::string> Notifier::DroppedAlertmanagers() const {
  std::vector<std::string> urls;
  MutexLock lock(&mu_);
  for (const Member& member : members_)
    urls.insert(urls.end(), member.dropped.begin(), member.dropped.end());
  return urls;
}

}  // namespace hearth
