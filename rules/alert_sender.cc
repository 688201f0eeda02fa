#include "rules/alert_sender.h"

#include <algorithm>
#include <utility>

#include "http/message.h"
#include "model/text.h"

namespace hearth {

DeliveryOutcome OutcomeOf(const absl::StatusOr<http::FetchResult>& result) {
  using Kind = DeliveryOutcome::Kind;
  if (!result.ok()) {
    // An answer that is too large was one.
    const bool answered = absl::IsResourceExhausted(result.status());
    return {answered ? Kind::kError : Kind::kUnreached,
            std::string(FromAbsl(result.status().message()))};
  }
  if (result->status / 100 == 2) return {};
  static constexpr int kOfTheContent[] = {400, 413, 415, 422};
  const bool refused = std::find(std::begin(kOfTheContent), std::end(kOfTheContent),
                                 result->status) != std::end(kOfTheContent);
  return {refused ? Kind::kRefused : Kind::kError,
          StrCat("bad response status ", result->status, " ", http::StatusText(result->status))};
}

AlertSender::AlertSender(std::string url, Options options,
                         std::shared_ptr<const AlertmanagerMetrics> metrics)
    : url_(std::move(url)),
      options_(std::move(options)),
      metrics_(std::move(metrics)),
      queue_(options_.queue_capacity),
      retry_ms_(options_.retry_min_ms) {}

AlertSender::~AlertSender() {
  batch_.clear();
  DropAll();
}

void AlertSender::Use(std::shared_ptr<const AlertTransport> transport) {
  retired_ = false;
  if (transport_ == transport) return;
  transport_ = std::move(transport);
  retry_at_ = Time();  // What is new may be what was wrong.
}

void AlertSender::Hurry() {
  hurried_ = true;
  retry_ms_ = options_.retry_min_ms;
  retry_at_ = Time();
}

void AlertSender::Add(const std::vector<QueuedAlert>& alerts) {
  size_t dropped = 0;
  for (const QueuedAlert& alert : alerts) dropped += queue_.Add(alert);
  if (dropped > 0 && !overflow_said_) {
    overflow_said_ = true;
    options_.warn(StrCat("Alert notification queue full, dropping alerts: alertmanager=", url_,
                         " count=", dropped));
  }
  CountDropped(dropped);
  ShowLength();
}

void AlertSender::DropAll() {
  CountDropped(queue_.Clear());
  ShowLength();
}

std::optional<AlertSender::Time> AlertSender::due() const {
  if (queue_.empty() || !batch_.empty()) return std::nullopt;
  return retry_at_;
}

AlertSender::Delivery AlertSender::Begin(Time now) {
  batch_ = queue_.Take(options_.batch_size);
  batch_transport_ = transport_;
  begun_ = now;
  ShowLength();
  Delivery delivery{url_, transport_, {}};
  delivery.alerts.reserve(batch_.size());
  for (const QueuedAlert& alert : batch_) delivery.alerts.push_back(alert.alert);
  return delivery;
}

void AlertSender::End(const DeliveryOutcome& outcome, Time now) {
  if (outcome.kind == DeliveryOutcome::Kind::kTaken) {
    Taken(now);
  } else {
    Failed(outcome, now);
  }
  batch_.clear();
  batch_transport_.reset();
  ShowLength();
}

void AlertSender::Taken(Time now) {
  const double seconds = std::chrono::duration<double>(now - begun_).count();
  metrics_->latency_s->Observe(seconds);
  metrics_->latency_histogram_s->Observe(seconds);
  metrics_->sent->Increment(batch_.size());
  if (failures_ > 0) {
    options_.info(StrCat("Alertmanager takes alerts again: alertmanager=", url_,
                         " attempts=", failures_ + 1));
  }
  failures_ = error_answers_ = 0;
  last_error_.clear();
  retry_ms_ = options_.retry_min_ms;
  if (queue_.empty()) overflow_said_ = false;
}

void AlertSender::Failed(const DeliveryOutcome& outcome, Time now) {
  using Kind = DeliveryOutcome::Kind;
  const size_t count = batch_.size();
  metrics_->errors->Increment(count);
  ++failures_;
  if (outcome.kind == Kind::kError) ++error_answers_;
  const bool gives_up = outcome.kind == Kind::kRefused || error_answers_ >= kErrorAnswersMax;
  if (gives_up || retired_) {
    error_answers_ = 0;
    CountDropped(count);
    if (retired_) DropAll();
    Warn(outcome.error, "dropped");
  } else {
    CountDropped(queue_.PutBack(std::move(batch_)));
    Warn(outcome.error, "kept for another attempt");
  }
  // It answers, or what has been replaced meanwhile was at fault: no reason to wait.
  if (outcome.kind == Kind::kRefused || batch_transport_ != transport_) return;
  retry_at_ = now + std::chrono::milliseconds(retry_ms_);
  if (!hurried_) retry_ms_ = std::min(retry_ms_ * 2, options_.retry_max_ms);
}

// Once for each new reason: an Alertmanager may be away for days.
void AlertSender::Warn(const std::string& error, std::string_view consequence) {
  std::string text = StrCat("Error sending alerts: alertmanager=", url_, " err=", error,
                            "; the alerts are ", consequence);
  if (text == last_error_) return;
  options_.warn(text);
  last_error_ = std::move(text);
}

void AlertSender::CountDropped(size_t count) {
  if (count > 0) metrics_->dropped->Increment(count);
}

void AlertSender::ShowLength() {
  // Several senders may share a URL and so the gauge.
  metrics_->queue_length->Add(static_cast<double>(queue_.size()) -
                              static_cast<double>(shown_length_));
  shown_length_ = queue_.size();
}

}  // namespace hearth
