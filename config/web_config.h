// config/web_config.h
//
// The file that --web.config.file names in Prometheus: TLS, users and headers of the server's own
// HTTP side. `hearthctl check web-config` reads it.
//
// Thread safety: values; LoadWebConfig is pure.
#ifndef HEARTH_CONFIG_WEB_CONFIG_H_
#define HEARTH_CONFIG_WEB_CONFIG_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "config/http_client_config.h"
#include "config/units.h"

namespace hearth {

struct WebTlsConfig {
  static constexpr std::string_view kYamlType = "web.plain";

  std::string cert;
  Secret key;
  std::string client_ca;
  std::string cert_file, key_file, client_ca_file;  // Resolved against the file's folder.
  std::string client_auth_type;                     // "NoClientCert" when empty.
  std::vector<std::string> client_allowed_sans, cipher_suites, curve_preferences;
  std::string min_version = "TLS12", max_version = "TLS13";
  bool prefer_server_cipher_suites = true;
};

struct WebHttpConfig {
  static constexpr std::string_view kYamlType = "web.plain";

  bool http2 = true;
  StringMapConfig headers;
};

struct WebConfig {
  static constexpr std::string_view kYamlType = "web.Config";

  std::optional<WebTlsConfig> tls_server_config;
  WebHttpConfig http_server_config;
  std::map<std::string, Secret> basic_auth_users;  // User to bcrypt hash.
};

// kInvalidArgument, one line, in Prometheus' words. Certificates are not opened.
absl::StatusOr<WebConfig> LoadWebConfig(std::string_view text, std::string_view filename);

}  // namespace hearth

#endif  // HEARTH_CONFIG_WEB_CONFIG_H_
