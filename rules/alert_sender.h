// rules/alert_sender.h
//
// What one Alertmanager is sent: its queue, the batch under way, and when to try again. It decides;
// the Notifier's thread does the posting:
//
//   if (sender->due() <= now) { delivery = sender->Begin(now); …post… ; sender->End(outcome, now);
//   }
//
// A batch that failed goes back to the front of the queue and is tried again, after 0.5 s, 1 s, …
// and then every 15 s, as long as it takes: an Alertmanager that was away gets what has happened
// meanwhile, in order. What is dropped: the oldest alerts when the queue is full; a batch whose
// content is refused (400, 413, 415, 422); a batch that was answered with some other error
// kErrorAnswersMax times in a row, so that no batch holds up the others for ever; all, when the
// Alertmanager is configured no more and an attempt fails.
//
// Thread safety: none; the Notifier's lock. `warn` and `info` are called under it.
#ifndef HEARTH_RULES_ALERT_SENDER_H_
#define HEARTH_RULES_ALERT_SENDER_H_

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "config/http_client_config.h"
#include "http/client.h"
#include "model/clock.h"
#include "rules/alert_queue.h"
#include "rules/notifier_metrics.h"

namespace hearth {

// How the Alertmanagers of one configuration are reached.
struct AlertTransport {
  std::unique_ptr<http::Client> client;
  HttpClientConfig http;
  TimeMs timeout_ms = 0;
};

// What became of a request.
struct DeliveryOutcome {
  enum class Kind {
    kTaken,
    kRefused,    // The content is at fault: it would be refused again.
    kError,      // Another answer than success.
    kUnreached,  // No answer.
  };
  Kind kind = Kind::kTaken;
  std::string error;
};
DeliveryOutcome OutcomeOf(const absl::StatusOr<http::FetchResult>& result);

class AlertSender {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr int kErrorAnswersMax = 12;  // About two minutes of them.

  struct Options {
    size_t queue_capacity = 10'000;
    size_t batch_size = 256;
    TimeMs retry_min_ms = 500;
    TimeMs retry_max_ms = 15'000;
    std::function<void(const std::string&)> warn = [](const std::string&) {};
    std::function<void(const std::string&)> info = [](const std::string&) {};
  };

  AlertSender(std::string url, Options options, std::shared_ptr<const AlertmanagerMetrics> metrics);
  // Counts what is left as dropped.
  ~AlertSender();
  AlertSender(const AlertSender&) = delete;
  AlertSender& operator=(const AlertSender&) = delete;

  const std::string& url() const { return url_; }
  // From the next Begin on. Before the first Begin.
  void Use(std::shared_ptr<const AlertTransport> transport);
  // No configuration names it any more: what waits is still sent, unless that fails.
  void Retire() { retired_ = true; }
  // The process ends: whatever waits is due at once, and retries come fast.
  void Hurry();

  void Add(const std::vector<QueuedAlert>& alerts);
  // Drops what waits.
  void DropAll();

  // When Begin may be called; nothing while a batch is under way or none waits.
  std::optional<Time> due() const;
  // Nothing waits and nothing is under way.
  bool idle() const { return queue_.empty() && batch_.empty(); }
  size_t unsent() const { return queue_.size() + batch_.size(); }

  struct Delivery {
    std::string url;
    std::shared_ptr<const AlertTransport> transport;
    std::vector<std::shared_ptr<const OutgoingAlert>> alerts;
  };
  Delivery Begin(Time now);
  // Once after each Begin.
  void End(const DeliveryOutcome& outcome, Time now);

 private:
  void Taken(Time now);
  void Failed(const DeliveryOutcome& outcome, Time now);
  void Warn(const std::string& error, std::string_view consequence);
  void CountDropped(size_t count);
  void ShowLength();

  const std::string url_;
  const Options options_;
  const std::shared_ptr<const AlertmanagerMetrics> metrics_;
  std::shared_ptr<const AlertTransport> transport_;
  AlertQueue queue_;
  std::vector<QueuedAlert> batch_;  // Under way.
  // That of `batch_`: a client that is destroyed would cancel its request.
  std::shared_ptr<const AlertTransport> batch_transport_;
  Time begun_, retry_at_;
  TimeMs retry_ms_;        // The next pause after a failure.
  int error_answers_ = 0;  // In a row, of the batch in front.
  int failures_ = 0;       // In a row.
  std::string last_error_;
  bool overflow_said_ = false;  // Since the queue was empty.
  bool hurried_ = false;
  bool retired_ = false;
  size_t shown_length_ = 0;  // This sender's part of the gauge.
};

}  // namespace hearth

#endif  // HEARTH_RULES_ALERT_SENDER_H_
