#include "http/proxy.h"

#include <gtest/gtest.h>

#include <map>

namespace hearth::http {
namespace {

TEST(NoProxyTest, NamesMatchAsGoDocumentsThem) {
  struct Case {
    const char* rules;
    const char* host;
    uint16_t port;
    bool direct;
  };
  const Case cases[] = {
      {"", "localhost", 80, true},
      {"", "127.0.0.1", 80, true},
      {"", "127.8.9.1", 80, true},
      {"", "::1", 80, true},
      {"", "example.com", 80, false},
      {"", "128.0.0.1", 80, false},
      {"example.com", "example.com", 80, true},
      {"example.com", "a.b.example.com", 443, true},
      {"example.com", "EXAMPLE.com", 80, true},
      {"example.com", "notexample.com", 80, false},
      {"example.com:8080", "example.com", 8080, true},
      {"example.com:8080", "example.com", 80, false},
      {".example.com", "a.example.com", 80, true},
      {".example.com", "example.com", 80, false},
      {"*.example.com", "a.example.com", 80, true},
      {"*.example.com", "example.com", 80, false},
      {" a.org , example.com ", "example.com", 80, true},
      {"*", "anything", 1, true},
      {"10.1.2.3", "10.1.2.3", 80, true},
      {"10.1.2.3", "10.1.2.4", 80, false},
      {"10.1.2.3:81", "10.1.2.3", 80, false},
      {"10.1.2.3:81", "::ffff:10.1.2.3", 81, true},
      {"10.0.0.0/8", "10.255.0.1", 80, true},
      {"10.0.0.0/8", "11.0.0.1", 80, false},
      {"10.0.0.0/9", "10.128.0.1", 80, false},
      {"0.0.0.0/0", "200.1.2.3", 80, true},
      {"0.0.0.0/0", "2001:db8::1", 80, false},
      {"2001:db8::/33", "2001:db8:7fff::1", 80, true},
      {"2001:db8::/33", "2001:db8:8000::1", 80, false},
      {"[2001:db8::1]:90", "2001:db8::1", 90, true},
      {"[2001:db8::1]:90", "2001:db8::1", 91, false},
      {"2001:db8::1", "2001:db8::1", 91, true},
      {"10.0.0.0/33, 10.0.0.0/-1, 10.0.0.0/x, :80, ,", "10.0.0.1", 80, false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(NoProxy(c.rules).Matches(c.host, c.port), c.direct)
        << '"' << c.rules << "\" " << c.host << ':' << c.port;
  }
}

// "host:port" of the proxy for a URL, "" for none.
std::string ProxyFor(const Proxy& proxy, const std::string& url) {
  const auto found = proxy.For(*ParseUrl(url));
  EXPECT_TRUE(found.ok()) << found.status();
  return found.ok() && *found ? (*found)->HostPort() : "";
}

TEST(ProxyTest, OneUrlForAllButTheExceptions) {
  const Proxy all = Proxy::To("http://proxy:3128", "", {});
  EXPECT_EQ(ProxyFor(all, "http://a/"), "proxy:3128");
  EXPECT_EQ(ProxyFor(all, "https://a/"), "proxy:3128");
  EXPECT_EQ(ProxyFor(all, "http://localhost:1/"), "proxy:3128");
  const Proxy some = Proxy::To("http://proxy:3128", "a:81", {});
  EXPECT_EQ(ProxyFor(some, "http://a:81/"), "");
  EXPECT_EQ(ProxyFor(some, "http://a/"), "proxy:3128");
  EXPECT_EQ(ProxyFor(some, "http://localhost:1/"), "");
}

TEST(ProxyTest, TheEnvironmentNamesOneForEachScheme) {
  std::map<std::string, std::string> variables = {{"HTTP_PROXY", "first:1"},
                                                  {"http_proxy", "second:2"},
                                                  {"https_proxy", "https://third"},
                                                  {"no_proxy", "b"}};
  const auto get = [&](const char* name) { return variables[name]; };
  const Proxy proxy = Proxy::FromEnvironment(get, {});
  EXPECT_EQ(ProxyFor(proxy, "http://a/"), "first:1");
  EXPECT_EQ(ProxyFor(proxy, "https://a/"), "third:443");
  EXPECT_EQ(ProxyFor(proxy, "http://b/"), "");
  EXPECT_EQ(ProxyFor(proxy, "https://127.0.0.1/"), "");
  variables.clear();
  EXPECT_EQ(ProxyFor(Proxy::FromEnvironment(get, {}), "http://a/"), "");
}

TEST(ProxyTest, ErrorsDoNotShowThePassword) {
  const absl::Status status =
      Proxy::To("socks5://u:secret@p:1080", "", {}).For(*ParseUrl("http://a/")).status();
  EXPECT_EQ(status.message(), "proxy: unsupported protocol scheme \"socks5\"");
}

}  // namespace
}  // namespace hearth::http
