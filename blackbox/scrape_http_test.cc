// Targets and providers that want a token or stand behind a proxy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <set>

#include "blackbox/server_process.h"
#include "http/fake_api.h"
#include "http/fake_proxy.h"
#include "http/fake_tls.h"
#include "http/server.h"
#include "model/mutex.h"

namespace hearth::blackbox {
namespace {

using ::testing::HasSubstr;

class ScrapeHttpTest : public testing::Test {
 protected:
  void Start(const std::string& scrape_configs) {
    hearth_ = StartHearth(directory_,
                          "global: {scrape_interval: 1s}\nscrape_configs:\n" + scrape_configs);
    ASSERT_TRUE(hearth_->WaitUntilOk("/-/ready")) << hearth_->process().Output();
  }
  void ExpectUp(const std::string& job, double up) const {
    const std::string query = "up{job=\"" + job + "\"}";
    EXPECT_TRUE(WaitFor(seconds(30), [&] { return hearth_->Value(query) == up; }))
        << job << ": " << LastError(job) << "\n"
        << hearth_->process().Output();
  }
  std::string LastError(const std::string& job) const {
    const nlohmann::json answer = hearth_->Get("/api/v1/targets?state=active").Json();
    if (!answer.is_object()) return "";
    for (const nlohmann::json& target : answer["data"]["activeTargets"]) {
      if (target["scrapePool"] == job) return target["lastError"].get<std::string>();
    }
    return "";
  }
  static std::unique_ptr<http::Server> Serve(
      const std::function<http::Response(const http::Request&)>& handle) {
    return *http::Server::Start(
        {.listen_addresses = {"127.0.0.1:0"}}, [handle](const http::Request&) {
          return http::Dispatch{.body_bytes_max = 1 << 20, .handle = handle};
        });
  }
  static std::string Address(const http::Server& server) {
    return "127.0.0.1:" + std::to_string(server.port());
  }

  TempDir directory_;
  std::unique_ptr<ServerProcess> hearth_;
};

TEST_F(ScrapeHttpTest, TokensAreFetchedKeptAndReplaced) {
  Mutex mu;
  int made = 0, scrapes = 0;  // Both guarded by mu.
  bool broken = false;
  const auto tokens = Serve([&](const http::Request& request) {
    MutexLock lock(&mu);
    if (broken || request.headers.Get("Authorization") != "Basic bWU6czM=")
      return http::Response::Text(503, "later");
    return http::Response{
        200,
        {{"Content-Type", "application/json"}},
        "{\"access_token\": \"t" + std::to_string(++made) + "\", \"expires_in\": 3600}"};
  });
  const auto target = Serve([&](const http::Request& request) {
    MutexLock lock(&mu);
    if (request.headers.Get("Authorization") != "Bearer t" + std::to_string(made))
      return http::Response::Text(401, "");
    ++scrapes;
    if (request.path == "/sd") {
      return http::Response{200,
                            {{"Content-Type", "application/json"}},
                            R"([{"targets": ["127.0.0.1:1"], "labels": {"found": "yes"}}])"};
    }
    return http::Response::Text(200, "guarded 1\n");
  });
  const auto counted = [&](const int& counter) {
    MutexLock lock(&mu);
    return counter;
  };
  const std::string secret = directory_.Write("secret", "s3\n");
  const std::string oauth2 = "oauth2: {client_id: me, client_secret_file: '" + secret +
                             "', token_url: 'http://" + Address(*tokens) + "/token'}";
  Start("- {job_name: guarded, static_configs: [{targets: ['" + Address(*target) + "']}], " +
        oauth2 + "}\n");
  ExpectUp("guarded", 1);
  const int before = counted(scrapes);
  EXPECT_TRUE(WaitFor(seconds(30), [&] { return counted(scrapes) >= before + 3; }));
  EXPECT_EQ(counted(made), 1);
  {
    MutexLock lock(&mu);
    ++made;  // The target takes the token from now on that nobody has been given.
  }
  EXPECT_TRUE(WaitFor(seconds(30), [&] { return counted(made) == 3; }));
  ExpectUp("guarded", 1);
  {
    MutexLock lock(&mu);
    ++made;
    broken = true;
  }
  ExpectUp("guarded", 0);
  EXPECT_EQ(LastError("guarded"), "Get \"http://" + Address(*target) +
                                      "/metrics\": oauth2: cannot fetch token: 503 Service "
                                      "Unavailable: later");
  {
    MutexLock lock(&mu);
    broken = false;
  }
  ExpectUp("guarded", 1);

  directory_.Write("prometheus.yml",
                   "global: {scrape_interval: 1s}\nscrape_configs:\n- {job_name: found, "
                   "http_sd_configs: [{url: 'http://" +
                       Address(*target) + "/sd', refresh_interval: 1s, " + oauth2 + "}]}\n");
  EXPECT_EQ(hearth_->Post("/-/reload").status, 200);
  EXPECT_TRUE(WaitFor(seconds(30), [&] {
    return hearth_->Value("up{job=\"found\",found=\"yes\"}") == 0.0;
  })) << hearth_->process().Output();
}

TEST_F(ScrapeHttpTest, ProxiesAreAsked) {
  http::FakeApi api;
  api.Answer("/metrics", "behind 1\n", 200, "text/plain");
  api.Answer("/sd", R"([{"targets": ["127.0.0.1:1"]}])");
  const http::SelfSigned identity;
  const http::FakeTls tls(identity, {.backend_port = api.port()});
  const http::FakeProxy proxy("Basic dTpw");
  const std::string ca = directory_.Write("ca.pem", identity.cert_pem);
  const std::string through = "proxy_url: 'http://u:p@" + proxy.HostPort() + "'";
  const std::string port = std::to_string(api.port());
  ::setenv("HTTP_PROXY", ("u:p@" + proxy.HostPort()).c_str(), 1);
  Start("- {job_name: tunnel, scheme: https, static_configs: [{targets: ['a.test:" +
        std::to_string(tls.port()) + "']}], tls_config: {ca_file: '" + ca + "'}, " + through +
        "}\n- {job_name: whole, static_configs: [{targets: ['b.test:" + port + "']}], " + through +
        "}\n- {job_name: environment, static_configs: [{targets: ['c.test:" + port +
        "']}], proxy_from_environment: true}\n"
        "- {job_name: refused, static_configs: [{targets: ['d.test:1']}], scheme: https, "
        "proxy_url: 'http://" +
        proxy.HostPort() + "'}\n- {job_name: found, http_sd_configs: [{url: 'http://e.test:" +
        port + "/sd', refresh_interval: 1s, " + through + "}]}\n");
  ::unsetenv("HTTP_PROXY");
  for (const char* job : {"tunnel", "whole", "environment"}) ExpectUp(job, 1);
  ExpectUp("refused", 0);
  EXPECT_THAT(LastError("refused"), HasSubstr("/metrics\": Proxy Authentication Required"));
  ExpectUp("found", 0);
  std::set<std::string> asked;
  for (const std::string& request : proxy.Requests())
    asked.insert(request.substr(0, request.find(" HTTP/1.1")));
  EXPECT_THAT(asked, testing::IsSupersetOf({"CONNECT a.test:" + std::to_string(tls.port()),
                                            "GET http://b.test:" + port + "/metrics",
                                            "GET http://c.test:" + port + "/metrics",
                                            "GET http://e.test:" + port + "/sd"}));
}

}  // namespace
}  // namespace hearth::blackbox
