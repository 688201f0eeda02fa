#include "scrape/http_settings.h"

#include <fstream>

#include "absl/strings/escaping.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth {
namespace {

constexpr size_t kSecretFileBytesMax = 1 << 20;

absl::StatusOr<std::string> TextOrFile(const std::string& text, const std::string& file) {
  if (file.empty()) return text;
  return ReadSecretFile(file);
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

absl::StatusOr<std::shared_ptr<const http::TlsContext>> MakeTlsContext(
    const HttpClientConfig& config) {
  std::shared_ptr<const http::TlsContext> tls;
  if (config.tls_config) {
    const TlsConfig& c = *config.tls_config;
    http::TlsOptions options;
    options.ca_pem = c.ca;
    options.ca_file = c.ca_file;
    options.cert_pem = c.cert;
    options.cert_file = c.cert_file;
    options.key_pem = c.key.value;
    options.key_file = c.key_file;
    options.server_name = c.server_name;
    options.insecure_skip_verify = c.insecure_skip_verify;
    options.min_version = c.min_version;
    options.max_version = c.max_version;
    HEARTH_ASSIGN_OR_RETURN(tls, http::TlsContext::Create(options));
  }
  return tls;
}

}  // namespace hearth
