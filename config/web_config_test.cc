#include "config/web_config.h"

#include <gtest/gtest.h>

namespace hearth {
namespace {

constexpr std::string_view kHash = "$2b$12$hNf2lSsxfm0.i4a.1kVpSOVyBCfIB51VRjgBUyv6kdnyTlgWj81Ay";

std::string ErrorOf(std::string_view text) {
  const auto config = LoadWebConfig(text, "/etc/web.yml");
  return config.ok() ? "accepted" : std::string(config.status().message());
}

TEST(WebConfigTest, LoadsAWholeFileAndResolvesItsPaths) {
  const auto config = LoadWebConfig(
      std::string("tls_server_config: {cert_file: c.pem, key_file: /k.pem, client_ca_file: ca.pem, "
                  "client_auth_type: RequireAndVerifyClientCert, min_version: TLS13}\n"
                  "http_server_config: {http2: false, headers: {X-Frame-Options: deny}}\n"
                  "basic_auth_users: {alice: '") +
          std::string(kHash) + "'}\n",
      "/etc/web.yml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->tls_server_config->cert_file, "/etc/c.pem");
  EXPECT_EQ(config->tls_server_config->key_file, "/k.pem");
  EXPECT_EQ(config->tls_server_config->max_version, "TLS13");
  EXPECT_FALSE(config->http_server_config.http2);
  EXPECT_EQ(config->basic_auth_users.at("alice").value, kHash);
  EXPECT_EQ(ErrorOf(""), "accepted");
}

TEST(WebConfigTest, RefusesInPrometheusWords) {
  const struct {
    std::string_view text, error;
  } kCases[] = {
      {"nonsense: 1", "line 1: field nonsense not found in type web.Config"},
      {"tls_server_config: {key_file: k}", "missing one of cert or cert_file"},
      {"tls_server_config: {cert_file: c}", "missing one of key or key_file"},
      {"tls_server_config: {cert_file: c, key_file: k, client_auth_type: Maybe}",
       "Invalid ClientAuth: Maybe"},
      {"tls_server_config: {cert_file: c, key_file: k, client_ca_file: a}",
       "Client CA's have been configured without a Client Auth Policy"},
      {"tls_server_config: {cert_file: c, key_file: k, min_version: TLS9}",
       "unknown TLS version: TLS9"},
      {"tls_server_config: {cert_file: c, key_file: k, curve_preferences: [C1]}",
       "unknown curve: C1"},
      {"http_server_config: {headers: {X-Other: a}}",
       "HTTP header \"X-Other\" can not be configured"},
      {"http_server_config: {headers: {X-Content-Type-Options: sniff}}",
       "invalid value for X-Content-Type-Options. Expected one of: [\"nosniff\"], but got: "
       "\"sniff\""},
      {"basic_auth_users: {a: password}",
       "crypto/bcrypt: hashedSecret too short to be a bcrypted password"},
      {"basic_auth_users: {a: '$2b$99$hNf2lSsxfm0.i4a.1kVpSOVyBCfIB51VRjgBUyv6kdnyTlgWj81Ay'}",
       "crypto/bcrypt: cost 99 is outside allowed inclusive range 4..31"},
  };
  for (const auto& test : kCases) EXPECT_EQ(ErrorOf(test.text), test.error) << test.text;
}

}  // namespace
}  // namespace hearth
