#include "http/dial.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <utility>

#include "http/proxy.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using Tcp = asio::ip::tcp;
using Stream = Connection::Stream;
using ErrorCode = boost::system::error_code;

namespace {

constexpr size_t kUnixPathBytesMax = 107;  // sun_path without its terminator.

// Whom the certificate must name, and whom the server is told is meant.
void SetPeerName(SSL* ssl, const std::string& name) {
  ErrorCode not_an_address;
  asio::ip::make_address(name, not_an_address);
  X509_VERIFY_PARAM* const verify = SSL_get0_param(ssl);
  if (not_an_address) {
    SSL_set_tlsext_host_name(ssl, name.c_str());
    X509_VERIFY_PARAM_set1_host(verify, name.c_str(), name.size());
  } else {
    X509_VERIFY_PARAM_set1_ip_asc(verify, name.c_str());
  }
}

}  // namespace

std::string ErrorText(const ErrorCode& error) {
  if (error == asio::error::eof || error == beast::http::error::end_of_stream) return "EOF";
  if (error == beast::http::error::partial_message) return "unexpected EOF";
  if (error == asio::ssl::error::stream_truncated) return "unexpected EOF";
  std::string text = error.message();
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z' && text.size() > 1 && text[1] >= 'a') {
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  }
  return text;
}

std::string Route::PoolKey() const {
  if (!unix_socket.empty())
    return StrCat(target.scheme, "://", target.HostPort(), " at ", unix_socket);
  if (!proxy) return StrCat(target.scheme, "://", target.HostPort());
  const std::string through =
      StrCat(proxy->scheme, "://", proxy->user_info, "@", proxy->HostPort());
  // A connection to a proxy serves every http target; a tunnel ends at one.
  return target.tls() ? StrCat(through, " to ", target.HostPort()) : through;
}

Dial::Dial(asio::io_context& context, Route route, Options options)
    : route_(std::move(route)),
      options_(std::move(options)),
      resolver_(context),
      connection_(std::make_unique<Connection>(context, route_.PoolKey())) {}

template <typename Fn>
auto Dial::Guarded(Fn fn) {
  return [self = shared_from_this(), fn = std::move(fn)](const ErrorCode& error, auto&&... args) {
    if (!self->ended_) fn(error, std::forward<decltype(args)>(args)...);
  };
}

void Dial::Finish(absl::StatusOr<std::unique_ptr<Connection>> result) {
  if (ended_) return;
  ended_ = true;
  const auto self = shared_from_this();  // The receiver may let go of it.
  const Done done = std::move(done_);
  done(std::move(result));
}

void Dial::Fail(std::string_view what) {
  if (connection_ != nullptr) connection_->Close();
  const bool on_the_way = route_.proxy && !proxy_reached_;
  Finish(absl::UnavailableError(StrCat(on_the_way ? "proxyconnect tcp: " : "", what)));
}

void Dial::Cancel() {
  if (ended_) return;
  ended_ = true;
  done_ = nullptr;
  resolver_.cancel();
  connection_->Close();  // Handlers still pending hold this dial, and it the connection.
}

void Dial::Start(Done done) {
  done_ = std::move(done);
  const std::string& path = route_.unix_socket;
  if (path.empty()) return Resolve(route_.proxy ? *route_.proxy : route_.target);
  if (path.size() > kUnixPathBytesMax) {
    return Fail(StrCat("dial unix ", path, ": path longer than ", kUnixPathBytesMax, " bytes"));
  }
  Connect({asio::local::stream_protocol::endpoint(path)});
}

void Dial::Resolve(const Url& where) {
  ErrorCode not_an_address;
  const asio::ip::address address = asio::ip::make_address(where.host, not_an_address);
  if (!not_an_address) {
    last_address_ = where.HostPort();
    return Connect({Tcp::endpoint(address, where.port)});
  }
  resolver_.async_resolve(
      where.host, std::to_string(where.port), Tcp::resolver::numeric_service,
      Guarded([this, host = where.host](const ErrorCode& error,
                                        const Tcp::resolver::results_type& results) {
        if (error) {
          return Fail(
              StrCat("dial tcp: lookup ", host, ": ",
                     error == asio::error::host_not_found ? "no such host" : ErrorText(error)));
        }
        std::vector<Stream::endpoint> endpoints;
        for (const auto& entry : results) {
          Url resolved;
          resolved.host = entry.endpoint().address().to_string();
          resolved.port = entry.endpoint().port();
          last_address_ = resolved.HostPort();
          endpoints.emplace_back(entry.endpoint());
        }
        Connect(std::move(endpoints));
      }));
}

void Dial::Connect(std::vector<Stream::endpoint> endpoints) {
  endpoints_ = std::move(endpoints);
  asio::async_connect(
      connection_->socket, endpoints_, Guarded([this](const ErrorCode& error, const auto&) {
        if (!error) return Connected();
        Fail(route_.unix_socket.empty()
                 ? StrCat("dial tcp ", last_address_, ": connect: ", ErrorText(error))
                 : StrCat("dial unix ", route_.unix_socket, ": connect: ", ErrorText(error)));
      }));
}

void Dial::Connected() {
  ErrorCode ignored;  // A Unix socket has no such option.
  connection_->socket.set_option(Tcp::no_delay(true), ignored);
  const Url& peer = route_.proxy ? *route_.proxy : route_.target;
  if (!peer.tls()) return Reached();
  connection_->tls =
      std::make_unique<Connection::Tls>(connection_->socket, options_.tls->context());
  Handshake(connection_->tls.get(), peer.host, [this] { Reached(); });
}

template <typename TlsStream>
void Dial::Handshake(TlsStream* stream, const std::string& host, std::function<void()> next) {
  const std::string& server_name = options_.tls->options().server_name;
  SetPeerName(stream->native_handle(), server_name.empty() ? host : server_name);
  stream->async_handshake(asio::ssl::stream_base::client,
                          Guarded([this, stream, next = std::move(next)](const ErrorCode& error) {
                            if (!error) return next();
                            const long verdict =  // NOLINT(google-runtime-int)
                                SSL_get_verify_result(stream->native_handle());
                            if (verdict != X509_V_OK) {
                              return Fail(StrCat("tls: failed to verify certificate: ",
                                                 X509_verify_cert_error_string(verdict)));
                            }
                            Fail(StrCat("tls: ", ErrorText(error)));
                          }));
}

void Dial::Reached() {
  if (route_.proxy && route_.target.tls()) return OpenTunnel();
  Finish(std::move(connection_));
}

void Dial::OpenTunnel() {
  connect_.version(11);
  connect_.method(beast::http::verb::connect);
  connect_.target(route_.target.HostPort());
  connect_.set(beast::http::field::host, route_.target.HostPort());
  for (const auto& [name, value] : options_.connect_headers) connect_.insert(name, value);
  if (const std::string credentials = BasicAuthorization(*route_.proxy); !credentials.empty())
    connect_.set(beast::http::field::proxy_authorization, credentials);
  answer_.header_limit(static_cast<uint32_t>(options_.header_bytes_max));
  connection_->WithStream([this](auto& stream) {
    beast::http::async_write(
        stream, connect_, Guarded([this, &stream](const ErrorCode& error, size_t) {
          if (error) return Fail(StrCat("write: ", ErrorText(error)));
          beast::http::async_read_header(stream, connection_->buffer, answer_,
                                         Guarded([this](const ErrorCode& failed, size_t) {
                                           if (failed) return Fail(ErrorText(failed));
                                           TunnelAnswered();
                                         }));
        }));
  });
}

void Dial::TunnelAnswered() {
  proxy_reached_ = true;
  const auto& head = answer_.get();
  if (head.result_int() != 200) {
    const std::string reason(head.reason());
    const std::string_view known = StatusText(static_cast<int>(head.result_int()));
    return Fail(!reason.empty()  ? reason
                : !known.empty() ? std::string(known)
                                 : StrCat("proxy answered CONNECT with ", head.result_int()));
  }
  // The target speaks after us: what has come already is the proxy's.
  if (connection_->buffer.size() > 0) return Fail("malformed HTTP response: bytes after CONNECT");
  const auto done = [this] { Finish(std::move(connection_)); };
  if (connection_->tls == nullptr) {
    connection_->tls =
        std::make_unique<Connection::Tls>(connection_->socket, options_.tls->context());
    return Handshake(connection_->tls.get(), route_.target.host, done);
  }
  connection_->tls_in_tls =
      std::make_unique<Connection::TlsInTls>(*connection_->tls, options_.tls->context());
  Handshake(connection_->tls_in_tls.get(), route_.target.host, done);
}

}  // namespace hearth::http
