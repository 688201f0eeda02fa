// http/tls.h
//
// TLS settings of a client, as `tls_config` of the configuration file has them, and the OpenSSL
// context made from them.
//
// Thread safety: TlsContext is immutable; many connections share one.
#ifndef HEARTH_HTTP_TLS_H_
#define HEARTH_HTTP_TLS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace boost::asio::ssl {
class context;
}

namespace hearth::http {

struct TlsOptions {
  // Each pair: the PEM text itself, or the name of a file with it; text wins. All empty = the
  // system's CAs, no client certificate.
  std::string ca_pem, ca_file;
  std::string cert_pem, cert_file;
  std::string key_pem, key_file;
  std::string server_name;  // Instead of the URL's host, for SNI and for verification.
  bool insecure_skip_verify = false;
  std::string min_version, max_version;  // "TLS10" to "TLS13"; "" = TLS12 and no upper limit.
};

class TlsContext {
 public:
  // Reads the files now. kInvalidArgument names the setting and, where there is one, the file.
  static absl::StatusOr<std::shared_ptr<const TlsContext>> Create(const TlsOptions& options);
  ~TlsContext();

  const TlsOptions& options() const { return options_; }
  // For the .cc files that include Asio.
  boost::asio::ssl::context& context() const { return *context_; }

 private:
  explicit TlsContext(const TlsOptions& options);
  TlsOptions options_;
  std::unique_ptr<boost::asio::ssl::context> context_;
};

}  // namespace hearth::http

#endif  // HEARTH_HTTP_TLS_H_
