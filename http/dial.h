// http/dial.h
//
// Makes one connection for a request: resolve, connect, through a proxy where there is one, TLS.
//
//   direct                target: TCP or Unix socket → TLS if https
//   http through a proxy  proxy: TCP → TLS if the proxy is https. Requests then carry whole URLs.
//   https through a proxy proxy: TCP → TLS if the proxy is https → CONNECT → TLS with the target
//
// For the client's own .cc files; includes Asio. Thread safety: none; on the IO thread only.
#ifndef HEARTH_HTTP_DIAL_H_
#define HEARTH_HTTP_DIAL_H_

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/http.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "http/connection_pool.h"
#include "http/message.h"
#include "http/tls.h"
#include "http/url.h"

namespace hearth::http {

// Go's words for errno-like errors; Asio's already agree but for the case of the first letter.
std::string ErrorText(const boost::system::error_code& error);

// Where a request goes.
struct Route {
  Url target;
  std::string unix_socket;   // Instead of the target's host; "" = none. Has no proxy.
  std::optional<Url> proxy;  // Null = direct.

  bool tls() const { return target.tls() || (proxy && proxy->tls()); }
  // Whether the proxy is sent whole URLs.
  bool absolute_form() const { return proxy && !target.tls(); }
  std::string PoolKey() const;
};

class Dial : public std::enable_shared_from_this<Dial> {
 public:
  // kUnavailable: what went wrong, without the URL ("dial tcp 127.0.0.1:1: connect: connection
  // refused").
  using Done = std::function<void(absl::StatusOr<std::unique_ptr<Connection>>)>;
  struct Options {
    std::shared_ptr<const TlsContext> tls;  // Not null when the route has TLS.
    Headers connect_headers;                // Of the CONNECT request.
    size_t header_bytes_max = 0;            // Of its answer.
  };

  Dial(boost::asio::io_context& context, Route route, Options options);

  // Calls `done` once, perhaps before Start returns, unless it is cancelled first. There is no
  // deadline.
  void Start(Done done);
  void Cancel();

 private:
  template <typename Fn>
  auto Guarded(Fn fn);  // A handler that does nothing once the dial has ended.
  void Finish(absl::StatusOr<std::unique_ptr<Connection>> result);
  void Fail(std::string_view what);
  void Resolve(const Url& where);
  void Connect(std::vector<Connection::Stream::endpoint> endpoints);
  void Connected();
  template <typename TlsStream>
  void Handshake(TlsStream* stream, const std::string& host, std::function<void()> next);
  void Reached();  // The proxy, or the target when there is none.
  void OpenTunnel();
  void TunnelAnswered();

  const Route route_;
  const Options options_;
  Done done_;
  boost::asio::ip::tcp::resolver resolver_;
  std::vector<Connection::Stream::endpoint> endpoints_;
  std::string last_address_;  // Of endpoints_, for messages.
  std::unique_ptr<Connection> connection_;
  boost::beast::http::request<boost::beast::http::empty_body> connect_;
  boost::beast::http::response_parser<boost::beast::http::empty_body> answer_;
  bool proxy_reached_ = false;  // What fails now is not the way to the proxy any more.
  bool ended_ = false;
};

}  // namespace hearth::http

#endif  // HEARTH_HTTP_DIAL_H_
