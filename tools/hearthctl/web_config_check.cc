#include "tools/hearthctl/web_config_check.h"

#include "config/config.h"
#include "config/web_config.h"
#include "http/tls.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth::hearthctl {
namespace {

absl::Status CheckFile(const std::string& path) {
  HEARTH_ASSIGN_OR_RETURN(const std::string text, SystemEnvironment().read_file(path));
  HEARTH_ASSIGN_OR_RETURN(const WebConfig config, LoadWebConfig(text, path));
  if (!config.tls_server_config) return absl::OkStatus();
  const WebTlsConfig& tls = *config.tls_server_config;
  http::TlsOptions options;
  options.ca_pem = tls.client_ca;
  options.ca_file = tls.client_ca_file;
  options.cert_pem = tls.cert;
  options.cert_file = tls.cert_file;
  options.key_pem = tls.key.value;
  options.key_file = tls.key_file;
  options.min_version = tls.min_version;
  options.max_version = tls.max_version;
  return http::TlsContext::Create(options).status();
}

}  // namespace

int CheckWebConfigFiles(const std::vector<std::string>& files, std::ostream& out,
                        std::ostream& err) {
  int code = 0;
  for (const std::string& file : files) {
    if (const absl::Status status = CheckFile(file); !status.ok()) {
      err << file << " FAILED: " << FromAbsl(status.message()) << "\n";
      code = 1;
    } else {
      out << file << " SUCCESS\n";
    }
  }
  return code;
}

}  // namespace hearth::hearthctl
