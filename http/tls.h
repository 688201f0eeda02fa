// http/tls.h
//
// TLS settings of a client, as `tls_config` of the configuration file has them, and the OpenSSL
// context made from them.
//
// Thread safety: TlsContext is immutable; many connections share one.
#ifndef HEARTH_HTTP_TLS_H_
#define HEARTH_HTTP_TLS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

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
  // Whether a file that it was made from is another one now, by its time, size and inode. Costs a
  // stat(2) for each of at most three.
  bool FilesChanged() const;
  // For the .cc files that include Asio.
  boost::asio::ssl::context& context() const { return *context_; }

 private:
  // What tells one state of a file from another; all 0 when there is none.
  struct FileStamp {
    std::string path;
    int64_t modified_ns = 0, bytes = 0;
    uint64_t inode = 0;
    friend bool operator==(const FileStamp&, const FileStamp&) = default;
  };
  explicit TlsContext(const TlsOptions& options);
  static FileStamp StampOf(const std::string& path);

  const TlsOptions options_;
  const std::vector<FileStamp> files_;  // As they were just before they were read.
  std::unique_ptr<boost::asio::ssl::context> context_;
};

}  // namespace hearth::http

#endif  // HEARTH_HTTP_TLS_H_
