// The client against servers with TLS: whom it trusts, who it is, which versions it speaks, and
// files that change while it runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "http/client.h"
#include "http/fake_api.h"
#include "http/fake_tls.h"

namespace hearth::http {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr TimeMs kLong = 20'000;

std::string Message(const absl::Status& status) {
  return std::string(status.message().data(), status.message().size());
}

class ClientTlsTest : public testing::Test {
 protected:
  ClientTlsTest() { api_.Answer("/", "ok"); }
  // "ok" or an error.
  std::string GetWith(Client* client, const FakeTls& server) {
    const auto result =
        client->FetchBlocking({.url = "https://" + server.HostPort() + "/", .timeout_ms = kLong});
    return result.ok() ? result->body : Message(result.status());
  }
  std::string Get(const TlsOptions& options, const FakeTls& server) {
    const auto tls = TlsContext::Create(options);
    if (!tls.ok()) return Message(tls.status());
    Client client(&io_, *tls);
    return GetWith(&client, server);
  }
  static std::string Write(const std::string& name, const std::string& text) {
    const std::string path = testing::TempDir() + "/" + name;
    std::ofstream(path + ".new") << text;  // Renamed: another inode, as a rotation leaves it.
    EXPECT_EQ(std::rename((path + ".new").c_str(), path.c_str()), 0);
    return path;
  }

  IoThread io_;
  FakeApi api_;
  const SelfSigned identity_, other_;
};

TEST_F(ClientTlsTest, VerifiesTheServersCertificate) {
  const FakeTls server(identity_, {.backend_port = api_.port()});
  EXPECT_EQ(Get({.ca_pem = identity_.cert_pem}, server), "ok");
  EXPECT_EQ(Get({.insecure_skip_verify = true}, server), "ok");
  EXPECT_EQ(Get({.ca_pem = identity_.cert_pem, .server_name = "a.test"}, server), "ok");
  const std::string refused = "tls: failed to verify certificate: ";
  EXPECT_THAT(Get({}, server), HasSubstr(refused));
  EXPECT_THAT(Get({.ca_pem = other_.cert_pem}, server), HasSubstr(refused));
  EXPECT_THAT(Get({.ca_pem = identity_.cert_pem, .server_name = "other.example"}, server),
              HasSubstr(refused));
}

TEST_F(ClientTlsTest, SpeaksTheVersionsThatItIsTold) {
  const FakeTls server(identity_, {.backend_port = api_.port(), .tls12_only = true});
  EXPECT_EQ(Get({.insecure_skip_verify = true}, server), "ok");
  EXPECT_EQ(Get({.insecure_skip_verify = true, .max_version = "TLS12"}, server), "ok");
  EXPECT_THAT(Get({.insecure_skip_verify = true, .min_version = "TLS13"}, server),
              HasSubstr("\": tls: "));
  // The library refuses an empty range of versions when it comes to use it.
  EXPECT_THAT(Get({.insecure_skip_verify = true, .max_version = "TLS11"}, server),
              HasSubstr("\": tls: "));
}

TEST_F(ClientTlsTest, ShowsItsCertificate) {
  const SelfSigned client;
  const FakeTls server(identity_, {.backend_port = api_.port(), .client_ca_pem = client.cert_pem});
  TlsOptions options{.ca_pem = identity_.cert_pem};
  EXPECT_NE(Get(options, server), "ok");
  options.cert_pem = client.cert_pem;
  options.key_pem = client.key_pem;
  EXPECT_EQ(Get(options, server), "ok");
}

TEST_F(ClientTlsTest, FilesThatChangeAreReadAgain) {
  const SelfSigned client_identity;
  const FakeTls server(identity_,
                       {.backend_port = api_.port(), .client_ca_pem = client_identity.cert_pem});
  const auto tls = TlsContext::Create({.ca_file = Write("ca.pem", other_.cert_pem),
                                       .cert_file = Write("cert.pem", other_.cert_pem),
                                       .key_file = Write("key.pem", other_.key_pem)});
  ASSERT_TRUE(tls.ok()) << tls.status();
  Client client(&io_, *tls);
  EXPECT_THAT(GetWith(&client, server), HasSubstr("tls: failed to verify certificate: "));
  Write("ca.pem", identity_.cert_pem);
  EXPECT_THAT(GetWith(&client, server), Not(testing::AnyOf("ok", HasSubstr("verify certificate"))));
  Write("cert.pem", client_identity.cert_pem);  // The key does not fit yet.
  EXPECT_THAT(GetWith(&client, server), HasSubstr("tls_config: key_file "));
  Write("key.pem", client_identity.key_pem);
  EXPECT_EQ(GetWith(&client, server), "ok");
  Write("ca.pem", "rubbish");
  EXPECT_THAT(GetWith(&client, server), HasSubstr("tls_config: ca_file "));
}

TEST(TlsContextTest, NamesTheBadSetting) {
  EXPECT_THAT(Message(TlsContext::Create({.ca_file = "/nonexistent/ca.pem"}).status()),
              StartsWith("tls_config: ca_file /nonexistent/ca.pem: "));
  EXPECT_THAT(Message(TlsContext::Create({.key_pem = "rubbish"}).status()),
              StartsWith("tls_config: key: "));
  EXPECT_THAT(Message(TlsContext::Create({.min_version = "TLS9"}).status()),
              HasSubstr("unknown TLS version: TLS9"));
}

}  // namespace
}  // namespace hearth::http
