// The notifier and Debian's Alertmanager.
#include <gtest/gtest.h>

#include "blackbox/alertmanager.h"
#include "http/fake_tls.h"
#include "rules/notifier.h"
#include "rules/notifier_fixture.h"

namespace hearth {
namespace {

using blackbox::FreePort;
using blackbox::Http;
using blackbox::TempDir;
using Json = nlohmann::json;

class NotifierPeerTest : public NotifierTest {
 protected:
  void SetUp() override {
    if (!blackbox::HaveAlertmanager()) GTEST_SKIP() << "prometheus-alertmanager is not installed";
    options_.clock = &SystemClock::Get();
  }

  static OutgoingAlert AlertOfNow(std::string_view name, bool resolved) {
    const TimeMs now = SystemClock::Get().NowMs();
    OutgoingAlert alert;
    alert.labels = Labels{{"alertname", name}, {"severity", "page"}};
    alert.annotations = Labels{{"summary", "<b>\"quoted\"</b> ☃\n"}};
    alert.starts_at_ms = now - 60'000;
    alert.ends_at_ms = resolved ? now : now + 240'000;
    alert.generator_url = "http://hearth:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1";
    return alert;
  }

  TempDir directory_;
  blackbox::Webhook webhook_;
};

TEST_F(NotifierPeerTest, WhatIsPostedIsListedAndNotified) {
  const uint16_t port = FreePort();
  const auto am = blackbox::StartAlertmanager(directory_, port, webhook_);
  ASSERT_TRUE(am->WaitUntilOk("/-/ready")) << am->process().Output();
  Start(Static({StrCat("127.0.0.1:", port)}), "external_labels: {cluster: c1}");
  const OutgoingAlert firing = AlertOfNow("Down", /*resolved=*/false);
  notifier_->Send({firing, AlertOfNow("Full", /*resolved=*/false)});
  Json listed;
  ASSERT_TRUE(Eventually([&] {
    listed = am->Get("/api/v2/alerts?filter=alertname=Down").Json();
    return listed.is_array() && listed.size() == 1;
  })) << am->process().Output();
  EXPECT_EQ(listed[0]["labels"],
            Json::parse(R"({"alertname": "Down", "severity": "page", "cluster": "c1"})"));
  EXPECT_EQ(listed[0]["annotations"]["summary"], "<b>\"quoted\"</b> ☃\n");
  EXPECT_EQ(listed[0]["generatorURL"], firing.generator_url);
  EXPECT_EQ(listed[0]["status"]["state"], "active");
  EXPECT_FALSE(webhook_.WaitFor("Full", "firing").is_null()) << am->process().Output();

  notifier_->Send({AlertOfNow("Down", /*resolved=*/true)});
  EXPECT_FALSE(webhook_.WaitFor("Down", "resolved").is_null()) << am->process().Output();
  EXPECT_EQ(Log(), "");
}

TEST_F(NotifierPeerTest, OneBadAlertDoesNotCostTheOthersOfItsBatch) {
  const uint16_t port = FreePort();
  const auto am = blackbox::StartAlertmanager(directory_, port, webhook_);
  ASSERT_TRUE(am->WaitUntilOk("/-/ready")) << am->process().Output();
  Start(Static({StrCat("127.0.0.1:", port)}));
  OutgoingAlert bad = AlertOfNow("Bad", /*resolved=*/false);
  bad.labels = Labels{{"alertname", "Bad"}, {"no name of old", "x"}};
  notifier_->Send({bad, AlertOfNow("Good", /*resolved=*/false)});
  EXPECT_FALSE(webhook_.WaitFor("Good", "firing").is_null()) << am->process().Output();
  const std::string url = StrCat("http://127.0.0.1:", port, "/api/v2/alerts");
  EXPECT_TRUE(Eventually([&] { return Metric("dropped_total", url) == "2"; })) << Metrics();
  EXPECT_NE(Log().find("bad response status 400 Bad Request"), std::string::npos) << Log();
}

TEST_F(NotifierPeerTest, TlsAndBasicAuthAreThoseOfTheToolkit) {
  const http::SelfSigned identity;
  const std::string cert = directory_.Write("cert.pem", identity.cert_pem);
  const std::string key = directory_.Write("key.pem", identity.key_pem);
  // The password is s3cret.
  const std::string web = directory_.Write(
      "web.yml",
      StrCat("tls_server_config: {cert_file: '", cert, "', key_file: '", key,
             "'}\nbasic_auth_users: "
             "{hearth: '$2b$04$abcdefghijklmnopqrstuuLZYjhNQAOdpbzt4WxWlUHjv1wsyH5DG'}\n"));
  const uint16_t port = FreePort();
  const auto am =
      blackbox::StartAlertmanager(directory_, port, webhook_, {StrCat("--web.config.file=", web)});
  Start(Static({StrCat("127.0.0.1:", port)},
               StrCat(", scheme: https, tls_config: {ca_file: '", cert,
                      "'}, basic_auth: {username: hearth, password: s3cret}")));
  notifier_->Send({AlertOfNow("Down", /*resolved=*/false)});  // It starts meanwhile.
  EXPECT_FALSE(webhook_.WaitFor("Down", "firing").is_null()) << Log() << am->process().Output();
}

}  // namespace
}  // namespace hearth
