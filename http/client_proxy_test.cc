// The client through a forward proxy: whole URLs for http, CONNECT for https.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/client.h"
#include "http/fake_api.h"
#include "http/fake_proxy.h"
#include "http/fake_tls.h"

namespace hearth::http {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr TimeMs kLong = 20'000;

class ClientProxyTest : public testing::Test {
 protected:
  ClientProxyTest() {
    api_.Answer("/metrics?a=b", "up 1\n");
    api_.Answer("/metrics", "up 2\n");
  }
  // A client that asks `proxy`, trusts identity_ and sends X-Connect with CONNECT.
  std::unique_ptr<Client> ClientBehind(const std::string& proxy_url,
                                       const std::string& no_proxy = "") {
    ClientOptions options;
    options.proxy = std::make_shared<Proxy>(Proxy::To(proxy_url, no_proxy, {{"X-Connect", "yes"}}));
    return std::make_unique<Client>(&io_, *TlsContext::Create({.ca_pem = identity_.cert_pem}),
                                    options);
  }
  // The body, or the error.
  static std::string Get(Client* client, const std::string& url) {
    const auto result = client->FetchBlocking({.url = url, .timeout_ms = kLong});
    if (result.ok()) return result->status == 200 ? result->body : std::to_string(result->status);
    return std::string(result.status().message().data(), result.status().message().size());
  }
  std::string Api(const std::string& host) const {
    return host + ":" + std::to_string(api_.port());
  }

  IoThread io_;
  FakeApi api_;
  const SelfSigned identity_;
};

TEST_F(ClientProxyTest, HttpGoesAsAWholeUrl) {
  const FakeProxy proxy;
  const auto client = ClientBehind("http://" + proxy.HostPort());
  EXPECT_EQ(Get(client.get(), "http://" + Api("a.test") + "/metrics?a=b"), "up 1\n");
  ASSERT_EQ(proxy.Requests().size(), 1u);
  EXPECT_THAT(proxy.Requests()[0],
              StartsWith("GET http://" + Api("a.test") + "/metrics?a=b HTTP/1.1\r\n"));
  EXPECT_THAT(proxy.Requests()[0], HasSubstr("Host: " + Api("a.test") + "\r\n"));
  EXPECT_THAT(proxy.Requests()[0], Not(HasSubstr("X-Connect")));
  EXPECT_THAT(proxy.Requests()[0], Not(HasSubstr("Proxy-Authorization")));
  ASSERT_EQ(api_.Requests().size(), 1u);
  EXPECT_THAT(api_.Requests()[0], HasSubstr("Via: 1.1 fake"));
}

TEST_F(ClientProxyTest, HttpsGoesThroughATunnel) {
  const FakeTls tls(identity_, {.backend_port = api_.port()});
  const FakeProxy proxy;
  const auto client = ClientBehind("http://" + proxy.HostPort());
  const std::string target = "a.test:" + std::to_string(tls.port());
  EXPECT_EQ(Get(client.get(), "https://" + target + "/metrics"), "up 2\n");
  ASSERT_EQ(proxy.Requests().size(), 1u);
  EXPECT_THAT(proxy.Requests()[0], StartsWith("CONNECT " + target + " HTTP/1.1\r\n"));
  EXPECT_THAT(proxy.Requests()[0], HasSubstr("Host: " + target + "\r\n"));
  EXPECT_THAT(proxy.Requests()[0], HasSubstr("X-Connect: yes\r\n"));
  EXPECT_THAT(api_.Requests()[0], Not(HasSubstr("X-Connect")));
  // The certificate is for a.test: what is verified is the target, not the proxy.
  const std::string other = "b.example:" + std::to_string(tls.port());
  EXPECT_THAT(Get(client.get(), "https://" + other + "/metrics"),
              HasSubstr("\": tls: failed to verify certificate: "));
}

TEST_F(ClientProxyTest, TheProxyMayBeHttpsItself) {
  const FakeTls target(identity_, {.backend_port = api_.port()});
  const FakeProxy proxy;
  const FakeTls front(identity_, {.backend_port = proxy.port()});
  const auto client = ClientBehind("https://" + front.HostPort());
  EXPECT_EQ(Get(client.get(), "http://" + Api("a.test") + "/metrics"), "up 2\n");
  EXPECT_EQ(Get(client.get(), "https://a.test:" + std::to_string(target.port()) + "/metrics?a=b"),
            "up 1\n");
  ASSERT_EQ(proxy.Requests().size(), 2u);
  EXPECT_THAT(proxy.Requests()[1], StartsWith("CONNECT a.test:"));
}

TEST_F(ClientProxyTest, CredentialsAreInTheProxysUrl) {
  const FakeTls tls(identity_, {.backend_port = api_.port()});
  const FakeProxy proxy("Basic dTpw");
  const std::string http = "http://" + Api("a.test") + "/metrics",
                    https = "https://a.test:" + std::to_string(tls.port()) + "/metrics";
  const auto known = ClientBehind("http://u:p@" + proxy.HostPort());
  EXPECT_EQ(Get(known.get(), http), "up 2\n");
  EXPECT_EQ(Get(known.get(), https), "up 2\n");
  EXPECT_THAT(api_.Requests()[1], Not(HasSubstr("Proxy-Authorization")));
  const auto unknown = ClientBehind("http://" + proxy.HostPort());
  EXPECT_EQ(Get(unknown.get(), http), "407");
  EXPECT_EQ(Get(unknown.get(), https), "Get \"" + https + "\": Proxy Authentication Required");
}

TEST_F(ClientProxyTest, ExceptionsAreAskedDirectly) {
  const FakeProxy proxy;
  const auto client = ClientBehind("http://" + proxy.HostPort(), "10.0.0.0/8");
  EXPECT_EQ(Get(client.get(), "http://" + Api("127.0.0.1") + "/metrics"), "up 2\n");
  EXPECT_TRUE(proxy.Requests().empty());
  EXPECT_EQ(Get(client.get(), "http://" + Api("a.test") + "/metrics"), "up 2\n");
  EXPECT_EQ(proxy.Requests().size(), 1u);
}

TEST_F(ClientProxyTest, FailuresSayThatItIsTheProxy) {
  int port;
  {
    const FakeProxy gone;
    port = gone.port();
  }
  const std::string proxy = "127.0.0.1:" + std::to_string(port);
  for (const std::string url : {"http://a.test/", "https://a.test/"}) {
    EXPECT_EQ(Get(ClientBehind("http://" + proxy).get(), url),
              "Get \"" + url + "\": proxyconnect tcp: dial tcp " + proxy +
                  ": connect: connection refused");
  }
  EXPECT_THAT(Get(ClientBehind("socks5://" + proxy).get(), "http://a.test/"),
              EndsWith("\": proxy: unsupported protocol scheme \"socks5\""));
}

}  // namespace
}  // namespace hearth::http
