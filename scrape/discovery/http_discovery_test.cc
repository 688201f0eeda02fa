#include "scrape/discovery/http_discovery.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "http/fake_api.h"
#include "http/fake_proxy.h"

namespace hearth {
namespace {

class HttpDiscoveryTest : public testing::Test {
 protected:
  std::unique_ptr<Discovery> Make(HttpSdConfig config = {}) {
    config.url = api_.Url() + "/sd";
    auto discovery = HttpDiscovery::Create(config, &io_, &registry_);
    EXPECT_TRUE(discovery.ok()) << discovery.status();
    return *std::move(discovery);
  }
  static std::string ErrorOf(Discovery* discovery) {
    return std::string(discovery->Refresh().status().message());
  }
  std::string Metrics() const {
    std::string text;
    registry_.Render(&text);
    return text;
  }

  http::FakeApi api_;
  http::IoThread io_;
  metrics::Registry registry_;
};

TEST_F(HttpDiscoveryTest, GivesEachTargetItsUrlAndLabels) {
  api_.Answer("/sd", R"([{"targets": ["a:1", "b:2"], "labels": {"env": "x"}}, {"targets": []}])");
  HttpSdConfig config;
  config.refresh_interval = {1'500};
  config.http.authorization = AuthorizationConfig{.type = "Bearer", .credentials = {"t0ken"}};
  const auto discovery = Make(config);
  const auto targets = discovery->Refresh();
  ASSERT_TRUE(targets.ok()) << targets.status();
  ASSERT_EQ(targets->size(), 2u);
  EXPECT_EQ((*targets)[0],
            (Labels{{"__address__", "a:1"}, {"__meta_url", api_.Url() + "/sd"}, {"env", "x"}}));
  EXPECT_EQ((*targets)[1].Get("__address__"), "b:2");
  const std::string request = api_.Requests().at(0);
  EXPECT_NE(request.find("\r\nX-Prometheus-Refresh-Interval-Seconds: 1.5\r\n"), std::string::npos);
  EXPECT_NE(request.find("\r\nAuthorization: Bearer t0ken\r\n"), std::string::npos);
  EXPECT_NE(request.find("\r\nUser-Agent: Prometheus/"), std::string::npos);
}

TEST_F(HttpDiscoveryTest, TheProxyIsAsked) {
  api_.Answer("/sd", R"([{"targets": ["a:1"]}])");
  const http::FakeProxy proxy;
  HttpSdConfig config;
  config.http.proxy.proxy_url = "http://" + proxy.HostPort();
  const auto targets = Make(config)->Refresh();
  ASSERT_TRUE(targets.ok()) << targets.status();
  EXPECT_EQ(targets->size(), 1u);
  EXPECT_EQ(proxy.Requests().size(), 1u);
}

TEST_F(HttpDiscoveryTest, ATokenIsFetchedFirst) {
  api_.Answer("/sd", R"([{"targets": ["a:1"]}])");
  HttpSdConfig config;
  config.http.oauth2.emplace();
  config.http.oauth2->client_id = "me";
  config.http.oauth2->token_url = api_.Url() + "/token";
  const auto discovery = Make(config);
  EXPECT_NE(ErrorOf(discovery.get()).find("oauth2: cannot fetch token: 404 Not Found"),
            std::string::npos);
  api_.Answer("/token", R"({"access_token": "t0ken"})");
  EXPECT_TRUE(discovery->Refresh().ok());
  EXPECT_NE(api_.Requests().back().find("\r\nAuthorization: Bearer t0ken\r\n"), std::string::npos);
}

TEST_F(HttpDiscoveryTest, CountsAndNamesFailures) {
  const auto discovery = Make();
  EXPECT_EQ(ErrorOf(discovery.get()), "server returned HTTP status 404 Not Found");
  api_.Answer("/sd", "[]", 204);
  EXPECT_EQ(ErrorOf(discovery.get()), "server returned HTTP status 204 No Content");
  api_.Answer("/sd", "[]", 200, "text/html");
  EXPECT_EQ(ErrorOf(discovery.get()), "unsupported content type \"text/html\"");
  api_.Answer("/sd", "[{]");
  EXPECT_EQ(ErrorOf(discovery.get()), "invalid JSON in 3 bytes");
  api_.Answer("/sd", std::string((size_t{16} << 20) + 1, ' '));
  EXPECT_EQ(ErrorOf(discovery.get()), "body size limit exceeded");
  EXPECT_NE(Metrics().find("prometheus_sd_http_failures_total 5\n"), std::string::npos);
  api_.Answer("/sd", "[]", 200, "Application/JSON; charset=\"UTF-8\"");
  EXPECT_TRUE(discovery->Refresh().ok());
}

TEST_F(HttpDiscoveryTest, CancelEndsARefreshThatWaits) {
  api_.Hold();
  const auto discovery = Make();
  auto status = std::async(std::launch::async, [&] { return discovery->Refresh().status(); });
  while (api_.Requests().empty()) std::this_thread::yield();
  discovery->Cancel();
  EXPECT_TRUE(absl::IsCancelled(status.get()));
  EXPECT_EQ(Metrics().find("prometheus_sd_http_failures_total 1"), std::string::npos);
}

}  // namespace
}  // namespace hearth
