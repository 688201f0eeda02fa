#include "scrape/http_settings.h"

#include <cstdlib>
#include <fstream>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "http/oauth2_token.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth {
namespace {

constexpr size_t kSecretFileBytesMax = 1 << 20;

absl::StatusOr<std::string> TextOrFile(const std::string& text, const std::string& file) {
  if (file.empty()) return text;
  return ReadSecretFile(file);
}

// Null without a tls_config.
absl::StatusOr<std::shared_ptr<const http::TlsContext>> MakeTlsContext(
    const std::optional<TlsConfig>& config) {
  if (!config) return std::shared_ptr<const http::TlsContext>();
  http::TlsOptions options;
  options.ca_pem = config->ca;
  options.ca_file = config->ca_file;
  options.cert_pem = config->cert;
  options.cert_file = config->cert_file;
  options.key_pem = config->key.value;
  options.key_file = config->key_file;
  options.server_name = config->server_name;
  options.insecure_skip_verify = config->insecure_skip_verify;
  options.min_version = config->min_version;
  options.max_version = config->max_version;
  return http::TlsContext::Create(options);
}

// Null without a proxy.
std::shared_ptr<const http::Proxy> MakeProxy(const ProxyConfig& config) {
  if (config.proxy_url.empty() && !config.proxy_from_environment) return nullptr;
  http::Headers connect_headers;
  for (const auto& [name, values] : config.proxy_connect_header) {
    for (const Secret& value : values) connect_headers.Add(name, value.value);
  }
  const auto variable = [](const char* name) -> std::string {
    const char* const value = std::getenv(name);
    return value == nullptr ? "" : value;
  };
  return std::make_shared<http::Proxy>(
      config.proxy_from_environment
          ? http::Proxy::FromEnvironment(variable, std::move(connect_headers))
          : http::Proxy::To(config.proxy_url, config.no_proxy, std::move(connect_headers)));
}

// Null without an oauth2.
absl::StatusOr<std::unique_ptr<http::Authorizer>> MakeAuthorizer(
    http::IoThread* io, const std::optional<OAuth2Config>& config) {
  if (!config) return std::unique_ptr<http::Authorizer>();
  http::OAuth2Options options;
  options.token_url = config->token_url;
  options.client_id = config->client_id;
  options.client_secret = [secret = config->client_secret.value,
                           file = config->client_secret_file] { return TextOrFile(secret, file); };
  if (config->grant_type == kJwtBearerGrant) {
    options.client_secret = [grant = config->grant_type]() -> absl::StatusOr<std::string> {
      return absl::UnimplementedError(StrCat("grant_type \"", grant, "\" is not supported"));
    };
  }
  options.scopes = config->scopes;
  options.endpoint_params = config->endpoint_params;
  HEARTH_ASSIGN_OR_RETURN(options.tls, MakeTlsContext(config->tls_config));
  options.proxy = MakeProxy(config->proxy);
  return std::make_unique<http::OAuth2Tokens>(io, std::move(options));
}

}  // namespace

absl::StatusOr<std::string> ReadSecretFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text(kSecretFileBytesMax, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in && !in.eof()) return absl::NotFoundError(StrCat("unable to read file ", path));
  text.resize(static_cast<size_t>(in.gcount()));
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string::npos) return std::string();
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

absl::Status AddHttpHeaders(const HttpClientConfig& config, http::Headers* headers) {
  for (const auto& [name, header] : config.http_headers) {
    for (const std::string& value : header.values) headers->Add(name, value);
    for (const Secret& secret : header.secrets) headers->Add(name, secret.value);
    for (const std::string& file : header.files) {
      HEARTH_ASSIGN_OR_RETURN(const std::string value, ReadSecretFile(file));
      headers->Add(name, value);
    }
  }
  if (config.authorization) {
    const AuthorizationConfig& auth = *config.authorization;
    HEARTH_ASSIGN_OR_RETURN(const std::string credentials,
                            TextOrFile(auth.credentials.value, auth.credentials_file));
    if (!credentials.empty()) headers->Set("Authorization", StrCat(auth.type, " ", credentials));
  }
  if (config.basic_auth) {
    const BasicAuthConfig& auth = *config.basic_auth;
    HEARTH_ASSIGN_OR_RETURN(const std::string user, TextOrFile(auth.username, auth.username_file));
    HEARTH_ASSIGN_OR_RETURN(const std::string password,
                            TextOrFile(auth.password.value, auth.password_file));
    headers->Set("Authorization",
                 StrCat("Basic ", absl::Base64Escape(StrCat(user, ":", password))));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<http::Client>> MakeHttpClient(http::IoThread* io,
                                                             const HttpClientConfig& config) {
  HEARTH_ASSIGN_OR_RETURN(std::shared_ptr<const http::TlsContext> tls,
                          MakeTlsContext(config.tls_config));
  http::ClientOptions options;
  options.proxy = MakeProxy(config.proxy);
  HEARTH_ASSIGN_OR_RETURN(std::unique_ptr<http::Authorizer> authorizer,
                          MakeAuthorizer(io, config.oauth2));
  return std::make_unique<http::Client>(io, std::move(tls), std::move(options),
                                        std::move(authorizer));
}

}  // namespace hearth
