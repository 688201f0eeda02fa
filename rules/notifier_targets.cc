// Which Alertmanagers there are: configurations, reloads, and what discovery finds.
#include <algorithm>
#include <chrono>
#include <utility>

#include "model/status.h"
#include "model/text.h"
#include "rules/notifier.h"

namespace hearth {
namespace {

using SteadyClock = std::chrono::steady_clock;

// While providers have not given their first answer, there is nobody to send to.
constexpr std::chrono::milliseconds kFirstAnswersPoll(100);
// Where there is nothing to follow.
constexpr std::chrono::milliseconds kStaticPoll(60'000);

}  // namespace

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
  sources_due_ = all_static     ? now + kStaticPoll
                 : all_answered ? now + std::chrono::milliseconds(options_.discovery_poll_ms)
                                : now + kFirstAnswersPoll;
}

}  // namespace hearth
