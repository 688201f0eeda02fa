// The scraper against a real HTTP server on the loopback: compression, authentication, statuses,
// limits.
#include "scrape/http_fetcher.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>

#include "http/fake_proxy.h"
#include "http/fake_tls.h"
#include "http/server.h"
#include "http/url.h"
#include "model/text.h"

namespace hearth {
namespace {

class HttpFetcherTest : public testing::Test {
 protected:
  void SetUp() override {
    auto server =
        http::Server::Start({.listen_addresses = {"127.0.0.1:0"}}, [](const http::Request&) {
          return http::Dispatch{.body_bytes_max = 1 << 20, .handle = &HttpFetcherTest::Answer};
        });
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  static http::Response Answer(const http::Request& request) {
    if (request.path == "/missing") return http::Response::Text(404, "no");
    if (request.path == "/large") return http::Response::Text(200, std::string(100'000, '#'));
    if (request.path == "/token") {  // The token tells how it was asked for.
      const std::string asked =
          StrCat(request.headers.Get("Authorization"), "|", request.body, "|", request.target);
      return http::Response{200,
                            {{"Content-Type", "application/json"}},
                            StrCat("{\"access_token\": \"", http::PercentEncode(asked), "\"}")};
    }
    if (request.path == "/headers") {
      return http::Response::Text(
          200, StrCat(request.headers.Get("Authorization"), "|", request.headers.Get("X-Extra"),
                      "|", request.headers.Get("Accept")));
    }
    std::string body;
    for (int i = 0; i < 200; ++i) StrAppend(&body, "metric{i=\"", i, "\"} 1\n");
    return http::Response::Text(200, body);  // The server compresses it for those who accept gzip.
  }

  // Fetches and inflates as a scrape does.
  absl::StatusOr<ScrapeResponse> Fetch(const HttpClientConfig& config, const std::string& path,
                                       size_t limit = 1 << 20) {
    auto fetcher = HttpFetcherFactory(&io_).Create(config);
    if (!fetcher.ok()) return fetcher.status();
    return FetchWith(fetcher->get(), path, limit);
  }
  absl::StatusOr<ScrapeResponse> FetchWith(Fetcher* fetcher, const std::string& path,
                                           size_t limit = 1 << 20) {
    ScrapeRequest request;
    request.url = StrCat(scheme_, "://", host_, ":", port_ == 0 ? server_->port() : port_, path);
    request.headers = {{"Accept", "text/plain"}, {"Accept-Encoding", "gzip"}};
    request.timeout_ms = 10'000;
    request.body_bytes_max = limit;
    std::promise<absl::StatusOr<ScrapeResponse>> promise;
    fetcher->Fetch(std::move(request), [&](absl::StatusOr<ScrapeResponse> response) {
      promise.set_value(std::move(response));
    });
    auto response = promise.get_future().get();
    if (response.ok() && response->inflate) {
      inflated_ = true;
      if (absl::Status status = response->inflate(&response->body); !status.ok()) return status;
    }
    return response;
  }

  http::IoThread io_;
  std::unique_ptr<http::Server> server_;
  std::string scheme_ = "http", host_ = "127.0.0.1";
  int port_ = 0;  // 0 = server_'s.
  bool inflated_ = false;
};

TEST_F(HttpFetcherTest, CompressedBodiesAreInflatedByTheCaller) {
  const auto response = Fetch({}, "/metrics");
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_TRUE(inflated_);
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->content_type.rfind("text/plain", 0), 0u);
  EXPECT_EQ(response->body.rfind("metric{i=\"0\"} 1\n", 0), 0u);
}

TEST_F(HttpFetcherTest, StatusesAreHandedOn) {
  const auto response = Fetch({}, "/missing");
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->status, 404);
  EXPECT_EQ(response->reason, "Not Found");
}

TEST_F(HttpFetcherTest, TheBodyLimitHoldsForTheInflatedBody) {
  const auto response = Fetch({}, "/large", 5'000);
  EXPECT_EQ(response.status().code(), absl::StatusCode::kResourceExhausted) << response.status();
  EXPECT_EQ(response.status().message(), "body size limit exceeded");
}

TEST_F(HttpFetcherTest, CredentialsAndHeadersAreSent) {
  HttpClientConfig config;
  config.basic_auth = BasicAuthConfig{.username = "u", .password = {"p"}};
  config.http_headers["X-Extra"].values = {"yes"};
  EXPECT_EQ(Fetch(config, "/headers")->body, "Basic dTpw|yes|text/plain");
  HttpClientConfig token;
  token.authorization = AuthorizationConfig{.type = "Bearer", .credentials = {"t0ken"}};
  EXPECT_EQ(Fetch(token, "/headers")->body, "Bearer t0ken||text/plain");
}

TEST_F(HttpFetcherTest, SecretsComeFromFilesAtEveryFetch) {
  const auto write = [](const std::string& name, std::string_view text) {
    const std::string path = testing::TempDir() + "/" + name;
    std::ofstream(path) << text;
    return path;
  };
  HttpClientConfig basic;
  basic.basic_auth = BasicAuthConfig{.username_file = write("user", "u\n"),
                                     .password_file = write("password", "p")};
  basic.http_headers["X-Extra"].files = {write("header", " from a file ")};
  EXPECT_EQ(Fetch(basic, "/headers")->body, "Basic dTpw|from a file|text/plain");
  write("user", "v");
  EXPECT_EQ(Fetch(basic, "/headers")->body, "Basic djpw|from a file|text/plain");

  HttpClientConfig token;
  token.authorization =
      AuthorizationConfig{.type = "Bearer", .credentials_file = write("token", "t0ken\n")};
  token.http_headers["X-Extra"].secrets = {{"hidden"}};
  EXPECT_EQ(Fetch(token, "/headers")->body, "Bearer t0ken|hidden|text/plain");
}

TEST_F(HttpFetcherTest, TheProxyIsAsked) {
  const http::FakeProxy proxy;
  HttpClientConfig config;
  config.proxy.proxy_url = StrCat("http://", proxy.HostPort());
  EXPECT_EQ(Fetch(config, "/missing")->status, 404);
  EXPECT_EQ(proxy.Requests().size(), 1u);
  config.proxy.no_proxy = "other.test";  // Exceptions of any kind make localhost one.
  EXPECT_EQ(Fetch(config, "/missing")->status, 404);
  EXPECT_EQ(proxy.Requests().size(), 1u);
}

TEST_F(HttpFetcherTest, TheProxyOfTheEnvironmentIsAskedOnRequest) {
  const http::FakeProxy proxy;
  ::setenv("HTTP_PROXY", proxy.HostPort().c_str(), 1);
  HttpClientConfig config;
  host_ = "a.test";
  EXPECT_NE(std::string(Fetch(config, "/missing").status().message()).find("no such host"),
            std::string::npos);
  config.proxy.proxy_from_environment = true;
  EXPECT_EQ(Fetch(config, "/missing")->status, 404);
  ::unsetenv("HTTP_PROXY");
  EXPECT_EQ(proxy.Requests().size(), 1u);
}

TEST_F(HttpFetcherTest, TlsSettingsAreTheClients) {
  const http::SelfSigned identity, client;
  const http::FakeTls tls(identity,
                          {.backend_port = server_->port(), .client_ca_pem = client.cert_pem});
  const http::FakeProxy proxy;
  HttpClientConfig config;
  config.tls_config.emplace();
  config.tls_config->ca = identity.cert_pem;
  config.tls_config->cert = client.cert_pem;
  config.tls_config->key.value = client.key_pem;
  config.tls_config->server_name = "a.test";
  config.proxy.proxy_url = StrCat("http://", proxy.HostPort());
  config.proxy.proxy_connect_header["X-Connect"] = {{"yes"}};
  scheme_ = "https";
  port_ = tls.port();
  EXPECT_EQ(Fetch(config, "/missing")->status, 404);
  EXPECT_NE(proxy.Requests()[0].find("X-Connect: yes\r\n"), std::string::npos);

  const auto fails = [&](const std::function<void(TlsConfig*)>& change) {
    HttpClientConfig changed = config;
    change(&*changed.tls_config);
    return !Fetch(changed, "/missing").ok();
  };
  EXPECT_TRUE(fails([](TlsConfig* c) { c->ca.clear(); }));
  EXPECT_TRUE(fails([](TlsConfig* c) { c->cert.clear(), c->key.value.clear(); }));
  EXPECT_TRUE(fails([](TlsConfig* c) { c->server_name = "b.test"; }));
  EXPECT_TRUE(fails([](TlsConfig* c) { c->max_version = "TLS11"; }));
  EXPECT_FALSE(fails([](TlsConfig* c) { c->min_version = "TLS13"; }));
  EXPECT_TRUE(fails([](TlsConfig* c) { c->min_version = "TLS13", c->max_version = "TLS12"; }));
  EXPECT_FALSE(fails([](TlsConfig* c) { c->ca.clear(), c->insecure_skip_verify = true; }));
}

TEST_F(HttpFetcherTest, TlsFilesAreReadAgainWhenTheyChange) {
  const http::SelfSigned old_identity, identity, client;
  const auto write = [](const std::string& name, std::string_view text) {
    const std::string path = testing::TempDir() + "/" + name;
    std::filesystem::remove(path);
    std::ofstream(path) << text;
    return path;
  };
  const http::FakeTls tls(identity,
                          {.backend_port = server_->port(), .client_ca_pem = client.cert_pem});
  HttpClientConfig config;
  config.tls_config.emplace();
  config.tls_config->ca_file = write("ca.pem", old_identity.cert_pem);
  config.tls_config->cert_file = write("cert.pem", client.cert_pem);
  config.tls_config->key_file = write("key.pem", client.key_pem);
  scheme_ = "https";
  port_ = tls.port();
  const auto fetcher = *HttpFetcherFactory(&io_).Create(config);
  EXPECT_FALSE(FetchWith(fetcher.get(), "/missing").ok());
  write("ca.pem", identity.cert_pem);
  EXPECT_EQ(FetchWith(fetcher.get(), "/missing")->status, 404);
}

TEST_F(HttpFetcherTest, OAuth2SaysHowTokensAreAskedFor) {
  // "Bearer " and how the token was asked for.
  const auto shown = [&](const HttpClientConfig& config) {
    const auto response = Fetch(config, "/headers");
    if (!response.ok()) return std::string(response.status().message());
    return http::PercentDecode(response->body, false);
  };
  HttpClientConfig config;
  OAuth2Config& oauth2 = config.oauth2.emplace();
  oauth2.client_id = "me";
  oauth2.client_secret.value = "s3";
  oauth2.token_url = StrCat("http://127.0.0.1:", server_->port(), "/token");
  EXPECT_EQ(shown(config),
            "Bearer Basic bWU6czM=|grant_type=client_credentials|/token||text/plain");
  const std::string path = testing::TempDir() + "/client_secret";
  std::ofstream(path) << "s4\n";
  oauth2.client_id = "you";
  oauth2.client_secret.value.clear();
  oauth2.client_secret_file = path;
  oauth2.scopes = {"a", "b"};
  oauth2.endpoint_params = {{"p", "q"}};
  oauth2.token_url += "?x";
  EXPECT_EQ(
      shown(config),
      "Bearer Basic eW91OnM0|grant_type=client_credentials&p=q&scope=a%20b|/token?x||text/plain");

  const auto fetcher = *HttpFetcherFactory(&io_).Create(config);
  EXPECT_EQ(FetchWith(fetcher.get(), "/headers")->body.rfind("Bearer Basic%20eW91OnM0", 0), 0u);
  std::ofstream(path) << "s5";
  EXPECT_EQ(FetchWith(fetcher.get(), "/headers")->body.rfind("Bearer Basic%20eW91OnM1", 0), 0u);

  oauth2.grant_type = kJwtBearerGrant;
  EXPECT_NE(shown(config).find("oauth2: grant_type \"" + oauth2.grant_type + "\" is not supported"),
            std::string::npos);
}

TEST_F(HttpFetcherTest, OAuth2HasATlsConfigAndAProxyOfItsOwn) {
  const http::SelfSigned identity;
  const http::FakeTls tls(identity, {.backend_port = server_->port()});
  const http::FakeProxy proxy;
  HttpClientConfig config;
  OAuth2Config& oauth2 = config.oauth2.emplace();
  oauth2.client_id = "me";
  oauth2.token_url = StrCat("https://", tls.HostPort(), "/token");
  const auto refused = Fetch(config, "/headers");
  EXPECT_NE(std::string(refused.status().message()).find("tls: failed to verify certificate"),
            std::string::npos)
      << refused.status();
  oauth2.tls_config.emplace().ca = identity.cert_pem;
  oauth2.proxy.proxy_url = StrCat("http://", proxy.HostPort());
  oauth2.proxy.proxy_connect_header["X-Connect"] = {{"yes"}};
  EXPECT_EQ(Fetch(config, "/headers")->body.rfind("Bearer ", 0), 0u);
  ASSERT_EQ(proxy.Requests().size(), 1u) << "the target is asked directly";
  EXPECT_EQ(proxy.Requests()[0].rfind(StrCat("CONNECT ", tls.HostPort()), 0), 0u);
  EXPECT_NE(proxy.Requests()[0].find("X-Connect: yes\r\n"), std::string::npos);
  oauth2.proxy.no_proxy = "other.test";
  EXPECT_EQ(Fetch(config, "/headers")->status, 200);
  EXPECT_EQ(proxy.Requests().size(), 1u);
  oauth2.proxy = {.proxy_from_environment = true};
  oauth2.token_url = StrCat("https://a.test:", tls.port(), "/token");
  ::setenv("https_proxy", proxy.HostPort().c_str(), 1);
  EXPECT_EQ(Fetch(config, "/headers")->status, 200);
  ::unsetenv("https_proxy");
  EXPECT_EQ(proxy.Requests().size(), 2u);
}

TEST_F(HttpFetcherTest, AMissingSecretFileFailsTheFetch) {
  HttpClientConfig config;
  config.authorization =
      AuthorizationConfig{.type = "Bearer", .credentials_file = "/nowhere/token"};
  EXPECT_EQ(Fetch(config, "/metrics").status().message(), "unable to read file /nowhere/token");
}

TEST_F(HttpFetcherTest, ARefusedConnectionSaysSo) {
  auto fetcher = HttpFetcherFactory(&io_).Create({});
  ASSERT_TRUE(fetcher.ok());
  const int port = server_->port();
  server_.reset();
  std::promise<absl::Status> promise;
  ScrapeRequest request;
  request.url = StrCat("http://127.0.0.1:", port, "/metrics");
  request.timeout_ms = 5'000;
  request.body_bytes_max = 1000;
  (*fetcher)->Fetch(std::move(request),
                    [&](absl::StatusOr<ScrapeResponse> r) { promise.set_value(r.status()); });
  const absl::Status status = promise.get_future().get();
  EXPECT_NE(std::string(status.message()).find("connection refused"), std::string::npos) << status;
}

}  // namespace
}  // namespace hearth
