// The notifier and Alertmanagers on real sockets: what is posted, retries, draining.
#include "rules/notifier.h"

#include <gtest/gtest.h>

#include <set>

#include "http/fake_api.h"
#include "http/fake_proxy.h"
#include "http/fake_tls.h"
#include "nlohmann/json.hpp"
#include "rules/notifier_fixture.h"

namespace hearth {
namespace {

using Json = nlohmann::json;

// The alertnames of all requests, in order; `|` between requests.
std::string Names(const FakeAlertmanager& alertmanager) {
  std::string names;
  for (const http::Request& request : alertmanager.Requests()) {
    if (!names.empty()) names += "|";
    std::string batch;
    for (const Json& alert : Json::parse(request.body)) {
      StrAppend(&batch, batch.empty() ? "" : " ", alert["labels"]["alertname"].get<std::string>());
    }
    names += batch;
  }
  return names;
}

// A port that nobody listens on.
int ClosedPort() { return FakeAlertmanager().port(); }

TEST_F(NotifierTest, AlertsArriveAsTheApiWantsThem) {
  FakeAlertmanager am;
  Start(Static({am.HostPort()}, ", path_prefix: /am"));
  OutgoingAlert alert = Alert("Down");
  alert.annotations = Labels{{"summary", "it is down"}};
  alert.generator_url = "http://hearth/graph";
  notifier_->Send({alert});
  ASSERT_TRUE(am.WaitForRequests(1));
  const http::Request request = am.Requests()[0];
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/am/api/v2/alerts");
  EXPECT_EQ(request.headers.Get("Content-Type"), "application/json");
  EXPECT_EQ(request.headers.Get("User-Agent"), "Prometheus/3.14.0");
  EXPECT_EQ(Json::parse(request.body), Json::parse(R"([{
      "labels": {"alertname": "Down"}, "annotations": {"summary": "it is down"},
      "startsAt": "2023-11-14T22:12:20.000Z", "endsAt": "2023-11-14T22:17:20.000Z",
      "generatorURL": "http://hearth/graph"}])"));
}

TEST_F(NotifierTest, LabelsAreAddedAndRelabelledForAllAndForEach) {
  FakeAlertmanager first, second;
  Start(StrCat("alert_relabel_configs: [{action: drop, source_labels: [alertname], regex: Noise},"
               " {target_label: gone, replacement: ''}, {action: labeldrop, regex: 'x.*'}],"
               " alertmanagers: [{static_configs: [{targets: ['",
               first.HostPort(), "']}]}, {static_configs: [{targets: ['", second.HostPort(),
               "']}], alert_relabel_configs: [{action: keep, source_labels: [alertname], regex: "
               "Down}, {target_label: only, replacement: second}]}]"),
        "external_labels: {cluster: c1, alertname: outer, xtra: no}");
  OutgoingAlert unlabelled = Alert("x");
  unlabelled.labels = Labels{{"gone", "1"}};
  std::vector<OutgoingAlert> alerts = {Alert("Noise"), Alert("Full"), Alert("Down")};
  notifier_->Send(alerts);
  ASSERT_TRUE(first.WaitForRequests(1));
  ASSERT_TRUE(second.WaitForRequests(1));
  const Json to_first = Json::parse(first.Requests()[0].body);
  ASSERT_EQ(to_first.size(), 2u);
  EXPECT_EQ(to_first[0]["labels"], Json::parse(R"({"alertname": "Full", "cluster": "c1"})"));
  EXPECT_EQ(to_first[1]["labels"], Json::parse(R"({"alertname": "Down", "cluster": "c1"})"));
  const Json to_second = Json::parse(second.Requests()[0].body);
  ASSERT_EQ(to_second.size(), 1u);
  EXPECT_EQ(to_second[0]["labels"],
            Json::parse(R"({"alertname": "Down", "cluster": "c1", "only": "second"})"));
}

TEST_F(NotifierTest, AnAlertWithoutLabelsIsNotSent) {
  FakeAlertmanager am;
  Start(StrCat("alert_relabel_configs: [{action: labeldrop, regex: bare}], ",
               Static({am.HostPort()})));
  OutgoingAlert bare = Alert("x");
  bare.labels = Labels{{"bare", "1"}};
  notifier_->Send({bare, Alert("a")});
  ASSERT_TRUE(am.WaitForRequests(1));
  EXPECT_EQ(Names(am), "a");
}

TEST_F(NotifierTest, ManyAlertsComeInBatches) {
  FakeAlertmanager am;
  options_.sender.batch_size = 2;
  Start(Static({am.HostPort()}));
  Send({"a", "b", "c", "d", "e"});
  ASSERT_TRUE(am.WaitForRequests(3));
  EXPECT_EQ(Names(am), "a b|c d|e");
  EXPECT_TRUE(Eventually([&] { return Metric("sent_total", am.Url()) == "5"; })) << Metrics();
  EXPECT_EQ(Metric("queue_length", am.Url()), "0");
  EXPECT_EQ(Metric("errors_total", am.Url()), "0");
  EXPECT_EQ(Metric("dropped_total", am.Url()), "0");
  EXPECT_EQ(Metric("latency_seconds_count", am.Url()), "3");
  EXPECT_EQ(Metric("latency_histogram_seconds_count", am.Url()), "3");
  EXPECT_NE(Metrics().find("\nprometheus_notifications_queue_capacity 10000\n"), std::string::npos);
  EXPECT_NE(Metrics().find("\nprometheus_notifications_alertmanagers_discovered 1\n"),
            std::string::npos);
}

TEST_F(NotifierTest, OneThatIsDeadHoldsUpNobody) {
  FakeAlertmanager alive;
  http::FakeApi silent;
  silent.Hold();
  const std::string refusing = StrCat("127.0.0.1:", ClosedPort());
  Start(Static({refusing, StrCat("127.0.0.1:", silent.port()), alive.HostPort()}));
  for (size_t i = 1; i <= 20; ++i) {
    Send({StrCat("a", i)});
    ASSERT_TRUE(alive.WaitForRequests(i)) << Log();
  }
  EXPECT_EQ(silent.Requests().size(), 1u) << "it has not answered the first";
}

TEST_F(NotifierTest, AnOutageLosesNothingAndCostsOnePlaceAnAlert) {
  const int port = ClosedPort();
  const std::string url = StrCat("http://127.0.0.1:", port, "/api/v2/alerts");
  options_.sender.queue_capacity = 8;
  Start(Static({StrCat("127.0.0.1:", port)}));
  // Two fire, are sent again and again, and one is resolved meanwhile; a third one comes and goes.
  for (int i = 0; i < 50; ++i) Send({"a", "b"});
  Send({"c"});
  for (int i = 0; i < 50; ++i) Send({"c", "b"}, /*resolved=*/true);
  for (int i = 0; i < 50; ++i) Send({"a"});
  ASSERT_TRUE(Eventually([&] { return Metric("errors_total", url) != "0"; }));
  FakeAlertmanager am(port);
  ASSERT_TRUE(am.WaitForRequests(1));
  ASSERT_TRUE(Eventually([&] { return Metric("sent_total", url) == "5"; })) << Metrics();
  EXPECT_EQ(Metric("dropped_total", url), "0");
  std::vector<std::string> events;
  for (const http::Request& request : am.Requests()) {
    for (const Json& alert : Json::parse(request.body)) {
      const bool resolved = alert["endsAt"] < "2023-11-14T22:13:20.000Z";
      events.push_back(alert["labels"]["alertname"].get<std::string>() + (resolved ? "-" : "+"));
    }
  }
  const auto place = [&](const std::string& event) {
    return std::find(events.begin(), events.end(), event) - events.begin();
  };
  EXPECT_EQ(std::set<std::string>(events.begin(), events.end()),
            (std::set<std::string>{"a+", "b+", "b-", "c+", "c-"}));
  EXPECT_LT(place("b+"), place("b-"));
  EXPECT_LT(place("c+"), place("c-"));
}

TEST_F(NotifierTest, AnErrorAnswerIsTriedAgainAndABadRequestIsNot) {
  FakeAlertmanager am(0, 503);
  Start(Static({am.HostPort()}));
  Send({"a"});
  ASSERT_TRUE(am.WaitForRequests(3));
  am.Answer(200);
  ASSERT_TRUE(Eventually([&] { return Metric("sent_total", am.Url()) == "1"; }));
  EXPECT_NE(Log().find("bad response status 503 Service Unavailable"), std::string::npos) << Log();
  EXPECT_NE(Log().find("takes alerts again"), std::string::npos) << Log();
  am.Answer(400, "bad");
  am.Forget();
  Send({"b"});
  ASSERT_TRUE(Eventually([&] { return Metric("dropped_total", am.Url()) == "1"; }));
  am.Answer(200);
  Send({"c"});
  ASSERT_TRUE(am.WaitForRequests(2));
  EXPECT_EQ(Names(am), "b|c");
}

TEST_F(NotifierTest, AnAnswerIsReadUpToALimit) {
  FakeAlertmanager am;
  am.Answer(500, std::string(10 << 20, '#'));
  Start(Static({am.HostPort()}));
  Send({"a"});
  ASSERT_TRUE(am.WaitForRequests(2));
  EXPECT_NE(Log().find("body size limit exceeded"), std::string::npos) << Log();
}

TEST_F(NotifierTest, ATimeoutIsAFailure) {
  http::FakeApi silent;
  silent.Hold();
  Start(Static({StrCat("127.0.0.1:", silent.port())}, ", timeout: 20ms"));
  Send({"a"});
  ASSERT_TRUE(Eventually([&] { return silent.Requests().size() >= 2; }));
  EXPECT_NE(Log().find("context deadline exceeded"), std::string::npos) << Log();
}

TEST_F(NotifierTest, AFullQueueDropsTheOldest) {
  const int port = ClosedPort();
  const std::string url = StrCat("http://127.0.0.1:", port, "/api/v2/alerts");
  options_.sender.queue_capacity = 3;
  Start(Static({StrCat("127.0.0.1:", port)}));
  for (const char* name : {"a", "b", "c", "d", "e"}) Send({name});
  ASSERT_TRUE(Eventually([&] {
    return Metric("dropped_total", url) == "2" && Metric("queue_length", url) == "3";
  })) << Metrics();
  FakeAlertmanager am(port);
  ASSERT_TRUE(Eventually([&] { return Metric("sent_total", url) == "3"; }));
  EXPECT_EQ(Names(am), "c d e");
}

TEST_F(NotifierTest, StopSendsWhatWaits) {
  FakeAlertmanager am(0, 503);
  options_.sender.retry_min_ms = options_.sender.retry_max_ms = 3'600'000;
  options_.sender.batch_size = 1;
  Start(Static({am.HostPort()}));
  Send({"a", "b", "c"});
  ASSERT_TRUE(Eventually([&] { return Metric("errors_total", am.Url()) == "1"; }));
  am.Answer(200);
  am.Forget();
  notifier_->Stop(60'000);
  EXPECT_EQ(Names(am), "a|b|c");
  Send({"d"});
  EXPECT_EQ(Log().find("not drained"), std::string::npos) << Log();
}

TEST_F(NotifierTest, StopTriesUntilItsDeadline) {
  const int port = ClosedPort();
  Start(Static({StrCat("127.0.0.1:", port)}));
  Send({"a", "b"});
  const auto start = std::chrono::steady_clock::now();
  notifier_->Stop(100);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(100));
  EXPECT_NE(Log().find("not drained on shutdown, dropping alerts: count=2"), std::string::npos)
      << Log();
}

TEST_F(NotifierTest, StopWithoutDrainingDropsWhatWaits) {
  FakeAlertmanager am(0, 503);
  options_.drain = false;
  options_.sender.retry_min_ms = options_.sender.retry_max_ms = 3'600'000;
  Start(Static({am.HostPort()}));
  Send({"a"});
  ASSERT_TRUE(Eventually([&] { return Metric("errors_total", am.Url()) == "1"; }));
  notifier_->Stop(60'000);
  EXPECT_EQ(am.Requests().size(), 1u);
  EXPECT_NE(Log().find("dropping alerts: count=1"), std::string::npos) << Log();
}

TEST_F(NotifierTest, TlsBasicAuthAndHeadersAreAsInScraping) {
  FakeAlertmanager am;
  const http::SelfSigned identity;
  const http::FakeTls tls(identity, {.backend_port = am.port()});
  const http::FakeProxy proxy;
  const std::string cert = testing::TempDir() + "/am_cert.pem";
  std::FILE* const file = std::fopen(cert.c_str(), "w");
  std::fputs(identity.cert_pem.c_str(), file);
  std::fclose(file);
  Start(Static({tls.HostPort()},
               StrCat(", scheme: https, tls_config: {ca_file: '", cert,
                      "'}, basic_auth: {username: hearth, password: s3cret}, http_headers: "
                      "{X-Scope: {values: [t1]}}, proxy_url: 'http://",
                      proxy.HostPort(), "'")));
  Send({"a"});
  ASSERT_TRUE(am.WaitForRequests(1)) << Log();
  EXPECT_EQ(am.Requests()[0].headers.Get("Authorization"), "Basic aGVhcnRoOnMzY3JldA==");
  EXPECT_EQ(am.Requests()[0].headers.Get("X-Scope"), "t1");
  EXPECT_EQ(proxy.Requests().size(), 1u);
  am.Answer(401, "who are you");
  Send({"b"});
  ASSERT_TRUE(Eventually([&] { return Log().find("401 Unauthorized") != std::string::npos; }));
  for (const std::string& text : {Log(), Metrics(), notifier_->ActiveAlertmanagers()[0]}) {
    EXPECT_EQ(text.find("s3cret"), std::string::npos) << text;
    EXPECT_EQ(text.find("aGVhcnRo"), std::string::npos) << text;
  }
}

TEST_F(NotifierTest, ASecretFileThatCannotBeReadIsAskedForAgain) {
  FakeAlertmanager am;
  const std::string path = testing::TempDir() + "/am_token";
  std::remove(path.c_str());
  Start(Static({am.HostPort()}, StrCat(", authorization: {credentials_file: '", path, "'}")));
  Send({"a"});
  ASSERT_TRUE(Eventually([&] { return Log().find("unable to read file") != std::string::npos; }));
  std::FILE* const file = std::fopen(path.c_str(), "w");
  std::fputs("t0ken", file);
  std::fclose(file);
  ASSERT_TRUE(am.WaitForRequests(1));
  EXPECT_EQ(am.Requests()[0].headers.Get("Authorization"), "Bearer t0ken");
}

}  // namespace
}  // namespace hearth
