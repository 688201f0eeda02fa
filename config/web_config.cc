#include "config/web_config.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <initializer_list>

#include "config/checking.h"
#include "config/field_reader.h"
#include "config/path_resolver.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth {

template <typename V>
void Fields(V& v, WebTlsConfig& c) {
  v("cert", &c.cert);
  v("key", &c.key);
  v("client_ca", &c.client_ca);
  v.Path("cert_file", &c.cert_file);
  v.Path("key_file", &c.key_file);
  v("client_auth_type", &c.client_auth_type);
  v.Path("client_ca_file", &c.client_ca_file);
  v("client_allowed_sans", &c.client_allowed_sans);
  v("cipher_suites", &c.cipher_suites);
  v("curve_preferences", &c.curve_preferences);
  v("min_version", &c.min_version);
  v("max_version", &c.max_version);
  v("prefer_server_cipher_suites", &c.prefer_server_cipher_suites);
}

template <typename V>
void Fields(V& v, WebHttpConfig& c) {
  v("http2", &c.http2);
  v("headers", &c.headers);
}

template <typename V>
void Fields(V& v, WebConfig& c) {
  v("tls_server_config", &c.tls_server_config);
  v("http_server_config", &c.http_server_config);
  v("basic_auth_users", &c.basic_auth_users);
}

namespace {

using config_internal::Invalid;
using config_internal::Quoted;

// A header that may be set, and the values that it may have; none = any.
struct HeaderRule {
  std::string_view name;
  std::array<std::string_view, 2> values;
};
constexpr HeaderRule kHeaderRules[] = {
    {"Strict-Transport-Security", {}},
    {"X-Content-Type-Options", {"nosniff"}},
    {"X-Frame-Options", {"deny", "sameorigin"}},
    {"X-XSS-Protection", {}},
    {"Content-Security-Policy", {}},
};

absl::Status CheckWebHeaders(const StringMapConfig& headers) {
  for (const auto& [name, value] : headers) {
    const auto rule =
        std::find_if(std::begin(kHeaderRules), std::end(kHeaderRules),
                     [&wanted = name](const HeaderRule& r) { return r.name == wanted; });
    if (rule == std::end(kHeaderRules))
      return Invalid(StrCat("HTTP header ", Quoted(name), " can not be configured"));
    const std::string lower = config_internal::Lower(value);
    if (value.empty() || rule->values[0].empty() || lower == rule->values[0] ||
        lower == rule->values[1]) {
      continue;
    }
    std::string allowed;
    for (const std::string_view word : rule->values) {
      if (!word.empty()) StrAppend(&allowed, allowed.empty() ? "" : " ", Quoted(word));
    }
    return Invalid(StrCat("invalid value for ", name, ". Expected one of: [", allowed,
                          "], but got: ", Quoted(value)));
  }
  return absl::OkStatus();
}

// What `$2b$12$…` must be made of; the words are those of Go's bcrypt.
absl::Status CheckBcrypt(std::string_view hash) {
  if (hash.size() < 59) {
    return Invalid("crypto/bcrypt: hashedSecret too short to be a bcrypted password");
  }
  if (hash[0] != '$') {
    return Invalid(StrCat("crypto/bcrypt: bcrypt hashes must start with '$', but hashedSecret ",
                          "started with '", hash.substr(0, 1), "'"));
  }
  if (hash[1] > '2') {
    return Invalid(StrCat("crypto/bcrypt: bcrypt algorithm version '", hash.substr(1, 1),
                          "' requested is newer than current version '2'"));
  }
  const std::string_view cost = hash.substr(hash[2] == '$' ? 3 : 4, 2);
  const auto digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
  if (!digit(cost[0]) || !digit(cost[1]))
    return Invalid(StrCat("crypto/bcrypt: invalid cost ", Quoted(cost)));
  const int value = (cost[0] - '0') * 10 + (cost[1] - '0');
  if (value < 4 || value > 31) {
    return Invalid(
        StrCat("crypto/bcrypt: cost ", value, " is outside allowed inclusive range 4..31"));
  }
  return absl::OkStatus();
}

absl::Status CheckOneOf(std::string_view value, std::initializer_list<std::string_view> words,
                        std::string_view message) {
  if (std::find(words.begin(), words.end(), value) != words.end()) return absl::OkStatus();
  return Invalid(StrCat(message, value));
}

absl::Status CheckWebTls(const WebTlsConfig& tls) {
  if (tls.cert.empty() && tls.cert_file.empty()) return Invalid("missing one of cert or cert_file");
  if (tls.key.empty() && tls.key_file.empty()) return Invalid("missing one of key or key_file");
  if (!tls.cert.empty() && !tls.cert_file.empty())
    return Invalid("cannot specify both cert and cert_file");
  if (!tls.key.empty() && !tls.key_file.empty())
    return Invalid("cannot specify both key and key_file");
  const bool client_ca = !tls.client_ca.empty() || !tls.client_ca_file.empty();
  if (!tls.client_ca.empty() && !tls.client_ca_file.empty())
    return Invalid("cannot specify both client_ca and client_ca_file");
  HEARTH_RETURN_IF_ERROR(
      CheckOneOf(tls.client_auth_type,
                 {"", "NoClientCert", "RequestClientCert", "RequireAnyClientCert",
                  "RequireClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"},
                 "Invalid ClientAuth: "));
  if (client_ca && (tls.client_auth_type.empty() || tls.client_auth_type == "NoClientCert"))
    return Invalid("Client CA's have been configured without a Client Auth Policy");
  for (const std::string& version : {tls.min_version, tls.max_version}) {
    HEARTH_RETURN_IF_ERROR(
        CheckOneOf(version, {"TLS10", "TLS11", "TLS12", "TLS13"}, "unknown TLS version: "));
  }
  for (const std::string& curve : tls.curve_preferences) {
    HEARTH_RETURN_IF_ERROR(
        CheckOneOf(curve, {"CurveP256", "CurveP384", "CurveP521", "X25519", "X25519MLKEM768"},
                   "unknown curve: "));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<WebConfig> LoadWebConfig(std::string_view text, std::string_view filename) {
  HEARTH_ASSIGN_OR_RETURN(const YamlNode root, ParseYaml(text));
  WebConfig config;
  HEARTH_RETURN_IF_ERROR(ReadYaml(root, &config));
  ResolvePaths(filename, &config);
  HEARTH_RETURN_IF_ERROR(CheckWebHeaders(config.http_server_config.headers));
  for (const auto& [user, hash] : config.basic_auth_users)
    HEARTH_RETURN_IF_ERROR(CheckBcrypt(hash.value));
  if (config.tls_server_config) HEARTH_RETURN_IF_ERROR(CheckWebTls(*config.tls_server_config));
  return config;
}

}  // namespace hearth
