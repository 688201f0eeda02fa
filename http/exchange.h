// http/exchange.h
//
// One fetch of a client, from the URL to the last answer: authorisation, connections, redirects.
//
// For the client's own .cc files; includes Asio. Thread safety: none; on the IO thread only, but
// for the constructors.
#ifndef HEARTH_HTTP_EXCHANGE_H_
#define HEARTH_HTTP_EXCHANGE_H_

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/http.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/client.h"
#include "http/connection_pool.h"
#include "http/dial.h"

namespace hearth::http {

// What the exchanges of one client share.
class ClientState {
 public:
  ClientState(IoThread* io, std::shared_ptr<const TlsContext> tls, ClientOptions options,
              Authorizer* authorizer);

  // The context for new connections. Made anew when a file that it was made from has changed; what
  // is idle was opened with the old ones and is closed then.
  absl::StatusOr<std::shared_ptr<const TlsContext>> Tls();

  IoThread* io() const { return io_; }
  const ClientOptions& options() const { return options_; }
  ConnectionPool& pool() { return *pool_; }
  Authorizer* authorizer() const { return authorizer_; }

 private:
  IoThread* const io_;  // Borrowed.
  const ClientOptions options_;
  Authorizer* const authorizer_;  // Borrowed; null = none. Outlives the exchanges that run.
  const std::shared_ptr<ConnectionPool> pool_;
  std::shared_ptr<const TlsContext> tls_;
};

// Lives until its last handler has run; `done` and then `ended` are called once, by Finish.
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  using Ended = std::function<void(const std::shared_ptr<Exchange>&)>;
  Exchange(std::shared_ptr<ClientState> client, FetchRequest request, Client::Callback done,
           Ended ended);

  void Begin();
  void Cancel();

 private:
  template <typename Fn>
  auto Guarded(Fn fn);  // A handler that does nothing once the exchange has finished.
  std::string Prefix() const;
  void Fail(std::string_view what);
  void Finish(absl::StatusOr<FetchResult> result);

  void Authorize();
  bool RetryWithAnotherAuthorization(int status);
  void Open();  // From the pool, or dialled.
  absl::StatusOr<Route> MakeRoute() const;
  void Send();
  void Receive();
  void Received();
  void LetGo();
  bool RetryOnFreshConnection();
  void FailReceive(const boost::system::error_code& error);
  void Redirect(std::string_view location, int status);

  const std::shared_ptr<ClientState> client_;
  FetchRequest request_;
  Client::Callback done_;
  Ended ended_;
  boost::asio::steady_timer deadline_;
  Url url_;
  Route route_;
  std::shared_ptr<Dial> dial_;              // While one is on its way.
  std::unique_ptr<Connection> connection_;  // Otherwise.
  boost::beast::http::request<boost::beast::http::string_body> message_;
  std::optional<boost::beast::http::response_parser<boost::beast::http::string_body>> parser_;
  Authorizer::Authorization authorization_;
  bool authorized_again_ = false;
  int redirects_ = 0;
  bool finished_ = false;
};

}  // namespace hearth::http

#endif  // HEARTH_HTTP_EXCHANGE_H_
