#include "rules/notifier.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "model/text.h"
#include "rules/alert_json.h"
#include "scrape/http_settings.h"

namespace hearth {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Alertmanager's answer is empty, or says in a line what is wrong. Nobody reads it.
constexpr size_t kAnswerBytesMax = size_t{64} << 10;
constexpr std::chrono::milliseconds kIdleWait(60'000);

}  // namespace

Notifier::Notifier(NotifierOptions options)
    : options_(std::move(options)),
      metrics_(options_.registry),
      mailbox_(std::make_shared<DeliveryMailbox>()) {
  metrics_.queue_capacity->Set(static_cast<double>(options_.sender.queue_capacity));
}

Notifier::~Notifier() { Stop(0); }

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
  for (const DeliveryMailbox::Letter& letter : mailbox_->Take()) {
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
