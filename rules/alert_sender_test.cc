#include "rules/alert_sender.h"

#include <gtest/gtest.h>

#include "model/text.h"

namespace hearth {
namespace {

using Kind = DeliveryOutcome::Kind;
using std::chrono::milliseconds;

constexpr char kUrl[] = "http://am:9093/api/v2/alerts";

class AlertSenderTest : public testing::Test {
 protected:
  AlertSenderTest() {
    options_.queue_capacity = 4;
    options_.batch_size = 2;
    options_.retry_min_ms = 500;
    options_.retry_max_ms = 2'000;
    options_.warn = [this](const std::string& text) { log_.push_back(text); };
    options_.info = options_.warn;
  }

  std::unique_ptr<AlertSender> MakeSender() {
    auto sender = std::make_unique<AlertSender>(kUrl, options_, metrics_.Of(kUrl));
    sender->Use(std::make_shared<AlertTransport>());
    return sender;
  }

  static QueuedAlert Alert(std::string_view name) {
    return MakeQueuedAlert({.labels = {{"alertname", name}},
                            .annotations = {},
                            .starts_at_ms = 1,
                            .ends_at_ms = 3,
                            .generator_url = ""},
                           2);
  }

  // Sends one batch, which gives the names in it.
  std::string Send(AlertSender* sender, DeliveryOutcome outcome) {
    std::string names;
    for (const auto& alert : sender->Begin(now_).alerts)
      StrAppend(&names, names.empty() ? "" : " ", alert->labels.Get("alertname"));
    EXPECT_FALSE(sender->due()) << "one request at a time";
    sender->End(outcome, now_);
    return names;
  }

  // How long from now until the next attempt; -1: none is needed.
  int64_t WaitMs(const AlertSender& sender) const {
    if (!sender.due()) return -1;
    return std::max<int64_t>(std::chrono::duration_cast<milliseconds>(*sender.due() - now_).count(),
                             0);
  }

  std::string Metrics() const {
    const auto& m = *metrics_.Of(kUrl);
    return StrCat("sent ", m.sent->value(), " errors ", m.errors->value(), " dropped ",
                  m.dropped->value(), " queued ", m.queue_length->value(), " timed ",
                  m.latency_s->Read().count, "/", m.latency_histogram_s->count());
  }

  metrics::Registry registry_;
  mutable NotifierMetrics metrics_{&registry_};
  AlertSender::Options options_;
  std::vector<std::string> log_;
  AlertSender::Time now_ = AlertSender::Time() + std::chrono::hours(1);
};

TEST_F(AlertSenderTest, SendsBatchesUntilTheQueueIsEmpty) {
  const auto sender = MakeSender();
  EXPECT_TRUE(sender->idle());
  EXPECT_EQ(WaitMs(*sender), -1);
  sender->Add({Alert("a"), Alert("b"), Alert("c")});
  EXPECT_EQ(Metrics(), "sent 0 errors 0 dropped 0 queued 3 timed 0/0");
  EXPECT_EQ(WaitMs(*sender), 0);
  EXPECT_EQ(Send(sender.get(), {}), "a b");
  EXPECT_EQ(WaitMs(*sender), 0);
  EXPECT_EQ(Send(sender.get(), {}), "c");
  EXPECT_EQ(WaitMs(*sender), -1);
  EXPECT_TRUE(sender->idle());
  EXPECT_EQ(Metrics(), "sent 3 errors 0 dropped 0 queued 0 timed 2/2");
  EXPECT_TRUE(log_.empty());
}

TEST_F(AlertSenderTest, WhatFailedIsSentAgainWithGrowingPauses) {
  const auto sender = MakeSender();
  sender->Add({Alert("a")});
  for (const int64_t pause : {500, 1'000, 2'000, 2'000}) {
    EXPECT_EQ(Send(sender.get(), {Kind::kUnreached, "refused"}), "a");
    EXPECT_EQ(WaitMs(*sender), pause);
    now_ += milliseconds(pause);
  }
  sender->Add({Alert("b")});
  EXPECT_EQ(Send(sender.get(), {}), "a b");
  EXPECT_EQ(Metrics(), "sent 2 errors 4 dropped 0 queued 0 timed 1/1");
  ASSERT_EQ(log_.size(), 2u) << "a reason is told once";
  EXPECT_EQ(log_[0], StrCat("Error sending alerts: alertmanager=", kUrl,
                            " err=refused; the alerts are kept for another attempt"));
  EXPECT_EQ(log_[1], StrCat("Alertmanager takes alerts again: alertmanager=", kUrl, " attempts=5"));
  sender->Add({Alert("c")});
  EXPECT_EQ(Send(sender.get(), {Kind::kUnreached, "refused"}), "c");
  EXPECT_EQ(WaitMs(*sender), 500) << "pauses begin anew";
}

TEST_F(AlertSenderTest, AFullQueueDropsTheOldestAndSaysSoOnce) {
  const auto sender = MakeSender();
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) sender->Add({Alert(name)});
  EXPECT_EQ(Metrics(), "sent 0 errors 0 dropped 2 queued 4 timed 0/0");
  ASSERT_EQ(log_.size(), 1u);
  EXPECT_EQ(log_[0], StrCat("Alert notification queue full, dropping alerts: alertmanager=", kUrl,
                            " count=1"));
  EXPECT_EQ(Send(sender.get(), {}), "c d");
}

TEST_F(AlertSenderTest, WhatIsPutBackIntoAFullQueueIsDropped) {
  const auto sender = MakeSender();
  sender->Add({Alert("a"), Alert("b")});
  sender->Begin(now_);
  sender->Add({Alert("c"), Alert("d"), Alert("e")});
  sender->End({Kind::kUnreached, "timeout"}, now_);
  EXPECT_EQ(Metrics(), "sent 0 errors 2 dropped 1 queued 4 timed 0/0");
  EXPECT_EQ(Send(sender.get(), {}), "b c");
}

TEST_F(AlertSenderTest, ContentThatIsRefusedIsDropped) {
  const auto sender = MakeSender();
  sender->Add({Alert("a"), Alert("b"), Alert("c")});
  EXPECT_EQ(Send(sender.get(), {Kind::kRefused, "bad response status 400 Bad Request"}), "a b");
  EXPECT_EQ(WaitMs(*sender), 0);
  EXPECT_EQ(Send(sender.get(), {}), "c");
  EXPECT_EQ(Metrics(), "sent 1 errors 2 dropped 2 queued 0 timed 1/1");
}

TEST_F(AlertSenderTest, ABatchThatIsAlwaysAnsweredWithAnErrorGivesWay) {
  const auto sender = MakeSender();
  sender->Add({Alert("a"), Alert("b"), Alert("c")});
  for (int i = 0; i < AlertSender::kErrorAnswersMax; ++i)
    EXPECT_EQ(Send(sender.get(), {Kind::kError, "bad response status 500"}), "a b");
  EXPECT_EQ(Send(sender.get(), {Kind::kError, "bad response status 500"}), "c");
  EXPECT_EQ(Metrics(), StrCat("sent 0 errors ", 2 * AlertSender::kErrorAnswersMax + 1,
                              " dropped 2 queued 1 timed 0/0"));
}

TEST_F(AlertSenderTest, AnAlertmanagerThatIsAwayIsWaitedForForEver) {
  const auto sender = MakeSender();
  sender->Add({Alert("a")});
  for (int i = 0; i < 10'000; ++i)
    EXPECT_EQ(Send(sender.get(), {Kind::kUnreached, "refused"}), "a");
  EXPECT_EQ(Send(sender.get(), {}), "a");
}

TEST_F(AlertSenderTest, ANewTransportIsTriedAtOnce) {
  const auto sender = MakeSender();
  sender->Add({Alert("a")});
  Send(sender.get(), {Kind::kUnreached, "refused"});
  EXPECT_EQ(WaitMs(*sender), 500);
  const auto transport = std::make_shared<AlertTransport>();
  sender->Use(transport);
  EXPECT_EQ(WaitMs(*sender), 0);
  const auto delivery = sender->Begin(now_);
  EXPECT_EQ(delivery.transport, transport);
  sender->Use(std::make_shared<AlertTransport>());  // While a request is under way.
  sender->End({Kind::kUnreached, "refused"}, now_);
  EXPECT_EQ(WaitMs(*sender), 0);
}

TEST_F(AlertSenderTest, ARetiredOneTriesOnce) {
  const auto sender = MakeSender();
  sender->Add({Alert("a"), Alert("b"), Alert("c"), Alert("d")});
  sender->Retire();
  EXPECT_EQ(Send(sender.get(), {}), "a b");
  EXPECT_EQ(Send(sender.get(), {Kind::kUnreached, "refused"}), "c d");
  EXPECT_TRUE(sender->idle());
  EXPECT_EQ(Metrics(), "sent 2 errors 2 dropped 2 queued 0 timed 1/1");
}

TEST_F(AlertSenderTest, HurryBreaksAPauseAndKeepsThemShort) {
  const auto sender = MakeSender();
  sender->Add({Alert("a")});
  for (int i = 0; i < 3; ++i) Send(sender.get(), {Kind::kUnreached, "refused"});
  EXPECT_EQ(WaitMs(*sender), 2'000);
  sender->Hurry();
  EXPECT_EQ(WaitMs(*sender), 0);
  for (int i = 0; i < 3; ++i) Send(sender.get(), {Kind::kUnreached, "refused"});
  EXPECT_EQ(WaitMs(*sender), 500);
}

TEST_F(AlertSenderTest, MetricsGoWithTheLastOfAUrl) {
  const auto rendered = [this] {
    std::string text;
    registry_.Render(&text);
    return text;
  };
  auto first = MakeSender(), second = MakeSender();
  first->Add({Alert("a")});
  second->Add({Alert("a"), Alert("b")});
  EXPECT_NE(rendered().find(
                StrCat("prometheus_notifications_queue_length{alertmanager=\"", kUrl, "\"} 3\n")),
            std::string::npos)
      << rendered();
  first.reset();
  EXPECT_EQ(Metrics(), "sent 0 errors 0 dropped 1 queued 2 timed 0/0");
  second.reset();
  EXPECT_EQ(rendered().find(kUrl), std::string::npos) << rendered();
}

TEST(DeliveryOutcomeTest, SaysWhetherItIsWorthAnotherAttempt) {
  const auto kind_of = [](int status) {
    http::FetchResult result;
    result.status = status;
    return OutcomeOf(result).kind;
  };
  for (const int status : {200, 202, 204}) EXPECT_EQ(kind_of(status), Kind::kTaken) << status;
  for (const int status : {400, 413, 415, 422}) EXPECT_EQ(kind_of(status), Kind::kRefused);
  for (const int status : {302, 401, 403, 404, 408, 429, 500, 502, 503})
    EXPECT_EQ(kind_of(status), Kind::kError) << status;
  EXPECT_EQ(OutcomeOf(absl::UnavailableError("x")).kind, Kind::kUnreached);
  EXPECT_EQ(OutcomeOf(absl::DeadlineExceededError("x")).kind, Kind::kUnreached);
  EXPECT_EQ(OutcomeOf(absl::ResourceExhaustedError("x")).kind, Kind::kError);
  http::FetchResult result;
  result.status = 503;
  EXPECT_EQ(OutcomeOf(result).error, "bad response status 503 Service Unavailable");
}

}  // namespace
}  // namespace hearth
