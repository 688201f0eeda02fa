#include "http/tls.h"

#include <openssl/ssl.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/context.hpp>
#include <optional>

#include "model/status.h"
#include "model/text.h"

namespace hearth::http {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;

absl::Status SettingError(std::string_view setting, std::string_view file,
                          const boost::system::error_code& error) {
  return absl::InvalidArgumentError(
      StrCat("tls_config: ", setting, file.empty() ? "" : " ", file, ": ", error.message()));
}

// 0 = no limit; nullopt = not a version.
std::optional<int> ProtocolVersion(std::string_view name) {
  if (name.empty()) return 0;
  if (name == "TLS10") return TLS1_VERSION;
  if (name == "TLS11") return TLS1_1_VERSION;
  if (name == "TLS12") return TLS1_2_VERSION;
  if (name == "TLS13") return TLS1_3_VERSION;
  return std::nullopt;
}

absl::Status SetVersions(const TlsOptions& options, ssl::context* context) {
  const std::optional<int> min = ProtocolVersion(options.min_version);
  const std::optional<int> max = ProtocolVersion(options.max_version);
  if (!min || !max) {
    return absl::InvalidArgumentError(StrCat("tls_config: unknown TLS version: ",
                                             min ? options.max_version : options.min_version));
  }
  SSL_CTX_set_min_proto_version(context->native_handle(), *min == 0 ? TLS1_2_VERSION : *min);
  SSL_CTX_set_max_proto_version(context->native_handle(), *max);
  return absl::OkStatus();
}

absl::Status LoadAuthorities(const TlsOptions& options, ssl::context* context) {
  boost::system::error_code error;
  if (!options.ca_pem.empty()) {
    context->add_certificate_authority(asio::buffer(options.ca_pem), error);
    if (error) return SettingError("ca", "", error);
  } else if (!options.ca_file.empty()) {
    context->load_verify_file(options.ca_file, error);
    if (error) return SettingError("ca_file", options.ca_file, error);
  } else {
    context->set_default_verify_paths(error);  // Without any, every verification fails and says so.
  }
  return absl::OkStatus();
}

absl::Status LoadCertificate(const TlsOptions& options, ssl::context* context) {
  boost::system::error_code error;
  if (!options.cert_pem.empty()) {
    context->use_certificate_chain(asio::buffer(options.cert_pem), error);
    if (error) return SettingError("cert", "", error);
  } else if (!options.cert_file.empty()) {
    context->use_certificate_chain_file(options.cert_file, error);
    if (error) return SettingError("cert_file", options.cert_file, error);
  }
  if (!options.key_pem.empty()) {
    context->use_private_key(asio::buffer(options.key_pem), ssl::context::pem, error);
    if (error) return SettingError("key", "", error);
  } else if (!options.key_file.empty()) {
    context->use_private_key_file(options.key_file, ssl::context::pem, error);
    if (error) return SettingError("key_file", options.key_file, error);
  }
  return absl::OkStatus();
}

}  // namespace

TlsContext::FileStamp TlsContext::StampOf(const std::string& path) {
  FileStamp stamp{path};
  struct stat file {};
  if (!path.empty() && stat(path.c_str(), &file) == 0) {
    stamp.modified_ns = int64_t{file.st_mtim.tv_sec} * 1'000'000'000 + file.st_mtim.tv_nsec;
    stamp.bytes = file.st_size;
    stamp.inode = file.st_ino;
  }
  return stamp;
}

bool TlsContext::FilesChanged() const {
  return std::any_of(files_.begin(), files_.end(),
                     [](const FileStamp& was) { return StampOf(was.path) != was; });
}

TlsContext::TlsContext(const TlsOptions& options)
    : options_(options),
      files_{StampOf(options.ca_file), StampOf(options.cert_file), StampOf(options.key_file)},
      context_(std::make_unique<ssl::context>(ssl::context::tls_client)) {}

TlsContext::~TlsContext() = default;

absl::StatusOr<std::shared_ptr<const TlsContext>> TlsContext::Create(const TlsOptions& options) {
  std::shared_ptr<TlsContext> tls(new TlsContext(options));
  HEARTH_RETURN_IF_ERROR(SetVersions(options, tls->context_.get()));
  HEARTH_RETURN_IF_ERROR(LoadAuthorities(options, tls->context_.get()));
  HEARTH_RETURN_IF_ERROR(LoadCertificate(options, tls->context_.get()));
  tls->context_->set_verify_mode(options.insecure_skip_verify ? ssl::verify_none
                                                              : ssl::verify_peer);
  return std::shared_ptr<const TlsContext>(std::move(tls));
}

}  // namespace hearth::http
