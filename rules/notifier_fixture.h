// rules/notifier_fixture.h
//
// A Notifier with all that it stands on, for its tests.
#ifndef HEARTH_RULES_NOTIFIER_FIXTURE_H_
#define HEARTH_RULES_NOTIFIER_FIXTURE_H_

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "http/io_thread.h"
#include "model/fake_clock.h"
#include "model/mutex.h"
#include "model/text.h"
#include "rules/fake_alertmanager.h"
#include "rules/notifier.h"

namespace hearth {

// Polls `condition` until it holds; false after 30 s.
inline bool Eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  Mutex mu;
  CondVar never;
  MutexLock lock(&mu);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    never.WaitFor(&mu, std::chrono::milliseconds(5));
  }
  return true;
}

class NotifierTest : public testing::Test {
 protected:
  static constexpr TimeMs kNow = 1'700'000'000'000;

  NotifierTest() {
    options_.clock = &clock_;
    options_.io = &io_;
    options_.registry = &registry_;
    options_.sender.retry_min_ms = 5;
    options_.sender.retry_max_ms = 20;
    options_.discovery_poll_ms = 5;
    options_.watch_files = false;
    options_.sender.warn = [this](const std::string& text) {
      MutexLock lock(&log_mu_);
      log_ += text + "\n";
    };
    options_.sender.info = options_.sender.warn;
  }

  void Start(std::string_view alerting, std::string_view global = "") {
    notifier_ = std::make_unique<Notifier>(options_);
    ASSERT_TRUE(Apply(alerting, global).ok());
    notifier_->Start();
  }

  // `alerting` is what stands below that key, `global` likewise.
  absl::Status Apply(std::string_view alerting, std::string_view global = "") {
    const std::string text =
        StrCat("global: {", global, "}\nalerting: {", alerting, "}\nscrape_configs: []\n");
    auto config = Load(text, "p.yml");
    if (!config.ok()) return config.status();
    auto plan = notifier_->Prepare(*config);
    if (!plan.ok()) return plan.status();
    notifier_->Use(*std::move(plan));
    return absl::OkStatus();
  }

  // `alertmanagers: [{static_configs: …}]` of these.
  static std::string Static(const std::vector<std::string>& addresses, std::string_view more = "") {
    std::string list;
    for (const std::string& address : addresses) StrAppend(&list, "'", address, "',");
    return StrCat("alertmanagers: [{static_configs: [{targets: [", list, "]}]", more, "}]");
  }

  static OutgoingAlert Alert(std::string_view name, bool resolved = false) {
    OutgoingAlert alert;
    alert.labels = Labels{{"alertname", name}};
    alert.starts_at_ms = kNow - 60'000;
    alert.ends_at_ms = kNow + (resolved ? -1 : 240'000);
    return alert;
  }
  void Send(std::vector<std::string> names, bool resolved = false) {
    std::vector<OutgoingAlert> alerts;
    for (const std::string& name : names) alerts.push_back(Alert(name, resolved));
    notifier_->Send(std::move(alerts));
  }

  std::string Metrics() const {
    std::string text;
    registry_.Render(&text);
    return text;
  }
  // The value of `prometheus_notifications_<name>{alertmanager="url"}`, "" when there is none.
  std::string Metric(std::string_view name, const std::string& url) const {
    const std::string line =
        StrCat("\nprometheus_notifications_", name, "{alertmanager=\"", url, "\"} ");
    const std::string text = Metrics();
    const size_t at = text.find(line);
    if (at == std::string::npos) return "";
    const size_t value = at + line.size();
    return text.substr(value, text.find('\n', value) - value);
  }
  std::string Log() const {
    MutexLock lock(&log_mu_);
    return log_;
  }

  FakeClock clock_{kNow};
  http::IoThread io_;
  metrics::Registry registry_;
  NotifierOptions options_;
  mutable Mutex log_mu_;
  std::string log_ GUARDED_BY(log_mu_);
  std::unique_ptr<Notifier> notifier_;
};

}  // namespace hearth

#endif  // HEARTH_RULES_NOTIFIER_FIXTURE_H_
