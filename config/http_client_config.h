// config/http_client_config.h
//
// How to speak HTTP to somebody: authentication, TLS, proxies, headers. The keys of Prometheus'
// http_config, which stand inline in scrape configurations, Alertmanagers, remote write and remote
// read, and in most kinds of discovery. Plain data.
#ifndef HEARTH_CONFIG_HTTP_CLIENT_CONFIG_H_
#define HEARTH_CONFIG_HTTP_CLIENT_CONFIG_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hearth {

// Text that is never shown: prints as `<secret>`.
struct Secret {
  std::string value;
  bool empty() const { return value.empty(); }
  friend bool operator==(const Secret&, const Secret&) = default;
};

struct BasicAuthConfig {
  std::string username, username_file;
  Secret password;
  std::string password_file;
  friend bool operator==(const BasicAuthConfig&, const BasicAuthConfig&) = default;
};

struct AuthorizationConfig {
  std::string type;  // "Bearer" unless given.
  Secret credentials;
  std::string credentials_file;
  friend bool operator==(const AuthorizationConfig&, const AuthorizationConfig&) = default;
};

struct TlsConfig {
  std::string ca, ca_file, cert, cert_file;
  Secret key;
  std::string key_file;
  std::string server_name;
  bool insecure_skip_verify = false;
  std::string min_version, max_version;  // "TLS10" … "TLS13"; empty = the library's default.
  friend bool operator==(const TlsConfig&, const TlsConfig&) = default;
};

struct ProxyConfig {
  std::string proxy_url, no_proxy;
  bool proxy_from_environment = false;
  std::map<std::string, std::vector<Secret>> proxy_connect_header;
  friend bool operator==(const ProxyConfig&, const ProxyConfig&) = default;
};

// The one grant besides the client credentials grant: a signed assertion instead of a secret.
inline constexpr std::string_view kJwtBearerGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer";

struct OAuth2Config {
  std::string client_id, grant_type;
  Secret client_secret;
  std::string client_secret_file;
  Secret client_certificate_key;
  std::string client_certificate_key_file, client_certificate_key_id, signature_algorithm, iss,
      audience;
  std::map<std::string, std::string> claims;
  std::vector<std::string> scopes;
  std::string token_url;
  std::map<std::string, std::string> endpoint_params;
  std::optional<TlsConfig> tls_config;
  ProxyConfig proxy;
  friend bool operator==(const OAuth2Config&, const OAuth2Config&) = default;
};

// The values of one additional request header.
struct HttpHeaderConfig {
  std::vector<std::string> values;
  std::vector<Secret> secrets;
  std::vector<std::string> files;
  friend bool operator==(const HttpHeaderConfig&, const HttpHeaderConfig&) = default;
};

struct HttpClientConfig {
  std::optional<BasicAuthConfig> basic_auth;
  std::optional<AuthorizationConfig> authorization;
  std::optional<OAuth2Config> oauth2;
  Secret bearer_token;            // Deprecated; moved to `authorization` when loaded.
  std::string bearer_token_file;  // Likewise.
  bool follow_redirects = true;
  bool enable_http2 = true;
  std::optional<TlsConfig> tls_config;
  ProxyConfig proxy;
  std::map<std::string, HttpHeaderConfig> http_headers;
  friend bool operator==(const HttpClientConfig&, const HttpClientConfig&) = default;
};

}  // namespace hearth

#endif  // HEARTH_CONFIG_HTTP_CLIENT_CONFIG_H_
