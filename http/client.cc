#include "http/client.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "http/gzip.h"
#include "http/url.h"
#include "model/mutex.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using Tcp = asio::ip::tcp;
using Stream = asio::generic::stream_protocol;  // TCP or a Unix socket.
using ErrorCode = boost::system::error_code;
using SteadyClock = std::chrono::steady_clock;

namespace {

constexpr size_t kReadBufferBytes = 64 << 10;
constexpr size_t kUnixPathBytesMax = 107;  // sun_path without its terminator.

// One connection, with or without TLS. Used by one fetch at a time, or idle in the pool.
struct Connection {
  explicit Connection(asio::io_context& context) : socket(context) {}

  Stream::socket socket;
  std::unique_ptr<asio::ssl::stream<Stream::socket&>> tls;  // Null for http.
  beast::flat_buffer buffer;
  std::string pool_key;
  bool reused = false;
  SteadyClock::time_point idle_since;

  void Close() {
    ErrorCode ignored;
    socket.close(ignored);
  }
  // False when the peer has closed, or has sent what nobody asked for.
  bool StillOpen() {
    ErrorCode error;
    socket.non_blocking(true, error);
    char byte;
    socket.receive(asio::buffer(&byte, 1), Stream::socket::message_peek, error);
    return error == asio::error::would_block;
  }
};

bool IsRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// Go's words for errno-like errors; Asio's already agree but for the case of the first letter.
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

// `Get "http://…"`: the verb of the method, then the URL without a password.
std::string FetchPrefix(const std::string& method, const Url& url) {
  std::string verb = method;
  std::transform(
      verb.begin() + (verb.empty() ? 0 : 1), verb.end(), verb.begin() + (verb.empty() ? 0 : 1),
      [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return StrCat(verb, " \"", url.scheme, "://", url.Authority(), url.target, "\"");
}

}  // namespace

// The pool and the set of running fetches. All but Register/Unregister and the drain run on the IO
// thread.
class Client::Impl : public std::enable_shared_from_this<Client::Impl> {
 public:
  class Exchange;

  Impl(IoThread* io, std::shared_ptr<const TlsContext> tls, ClientOptions options)
      : io_(io), options_(options), tls_(std::move(tls)) {}

  void Start(FetchRequest request, Callback done);
  void CloseAndDrain();

  // An idle connection, or null.
  std::unique_ptr<Connection> TakeIdle(const std::string& key);
  void GiveBack(std::unique_ptr<Connection> connection);
  void Forget(const std::shared_ptr<Exchange>& exchange);
  absl::StatusOr<std::shared_ptr<const TlsContext>> Tls();

  IoThread* io() const { return io_; }
  const ClientOptions& options() const { return options_; }

 private:
  void ScheduleSweep();
  void DropExpired();

  IoThread* const io_;
  const ClientOptions options_;

  // On the IO thread only.
  std::shared_ptr<const TlsContext> tls_;
  std::map<std::string, std::deque<std::unique_ptr<Connection>>> idle_;
  bool sweeping_ = false;

  Mutex mu_;
  CondVar drained_;
  bool closed_ GUARDED_BY(mu_) = false;
  std::set<std::shared_ptr<Exchange>> running_ GUARDED_BY(mu_);
};

// One fetch, redirects included. Lives until its last handler has run; `done_` is called once, by
// Finish.
class Client::Impl::Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(std::shared_ptr<Impl> client, FetchRequest request, Callback done)
      : client_(std::move(client)),
        request_(std::move(request)),
        done_(std::move(done)),
        deadline_(client_->io()->context()),
        resolver_(client_->io()->context()) {}

  void Begin();
  void Finish(absl::StatusOr<FetchResult> result);
  void Cancel() { Finish(absl::CancelledError(StrCat(Prefix(), ": context canceled"))); }

 private:
  template <typename Fn>
  auto Guarded(Fn fn) {  // Handlers of a finished exchange do nothing.
    return [self = shared_from_this(), fn = std::move(fn)](const ErrorCode& error, auto&&... args) {
      if (!self->finished_) fn(error, std::forward<decltype(args)>(args)...);
    };
  }
  std::string Prefix() const { return FetchPrefix(request_.method, url_); }
  void Fail(std::string_view what) { Finish(absl::UnavailableError(StrCat(Prefix(), ": ", what))); }

  void Open();  // Pool, or resolve → connect → handshake.
  void Connect(std::vector<Stream::endpoint> endpoints);
  std::string DialError(const ErrorCode& error) const;
  void Handshake();
  void Send();
  void Receive();
  void Received();
  bool RetryOnFreshConnection();
  void FailReceive(const ErrorCode& error);
  void Redirect(std::string_view location, int status);
  template <typename Operation>
  void WithStream(Operation operation) {
    if (connection_->tls != nullptr) {
      operation(*connection_->tls);
    } else {
      operation(connection_->socket);
    }
  }

  const std::shared_ptr<Impl> client_;
  FetchRequest request_;
  Callback done_;
  asio::steady_timer deadline_;
  Tcp::resolver resolver_;
  Url url_;
  std::vector<Stream::endpoint> endpoints_;
  std::string last_address_;  // Of endpoints_, for messages.
  std::unique_ptr<Connection> connection_;
  beast::http::request<beast::http::string_body> message_;
  std::optional<beast::http::response_parser<beast::http::string_body>> parser_;
  int redirects_ = 0;
  bool finished_ = false;
};

void Client::Impl::Exchange::Begin() {
  if (finished_) return;
  absl::StatusOr<Url> url = ParseUrl(request_.url);
  if (!url.ok()) return Finish(url.status());
  url_ = *std::move(url);
  deadline_.expires_after(std::chrono::milliseconds(request_.timeout_ms));
  deadline_.async_wait([self = shared_from_this()](const ErrorCode& error) {
    if (!error) {
      self->Finish(
          absl::DeadlineExceededError(StrCat(self->Prefix(), ": context deadline exceeded")));
    }
  });
  Open();
}

void Client::Impl::Exchange::Finish(absl::StatusOr<FetchResult> result) {
  if (finished_) return;
  finished_ = true;
  deadline_.cancel();
  resolver_.cancel();
  if (connection_ != nullptr)
    connection_->Close();  // Handlers still pending hold this exchange, and it the connection.
  const Callback done = std::move(done_);
  done(std::move(result));
  client_->Forget(shared_from_this());
}

void Client::Impl::Exchange::Open() {
  const std::string key = StrCat(url_.scheme, "://", url_.HostPort(),
                                 request_.unix_socket.empty() ? "" : " at ", request_.unix_socket);
  connection_ = client_->TakeIdle(key);
  if (connection_ != nullptr) return Send();
  connection_ = std::make_unique<Connection>(client_->io()->context());
  connection_->pool_key = key;
  if (!request_.unix_socket.empty()) {
    if (request_.unix_socket.size() > kUnixPathBytesMax) {
      return Fail(StrCat("dial unix ", request_.unix_socket, ": path longer than ",
                         kUnixPathBytesMax, " bytes"));
    }
    return Connect({asio::local::stream_protocol::endpoint(request_.unix_socket)});
  }
  ErrorCode not_an_address;
  const asio::ip::address address = asio::ip::make_address(url_.host, not_an_address);
  if (!not_an_address) {
    last_address_ = url_.HostPort();
    return Connect({Tcp::endpoint(address, url_.port)});
  }
  resolver_.async_resolve(
      url_.host, std::to_string(url_.port), Tcp::resolver::numeric_service,
      Guarded([this](const ErrorCode& error, const Tcp::resolver::results_type& results) {
        if (error) {
          return Fail(
              StrCat("dial tcp: lookup ", url_.host, ": ",
                     error == asio::error::host_not_found ? "no such host" : ErrorText(error)));
        }
        std::vector<Stream::endpoint> endpoints;
        for (const auto& entry : results) {
          Url where;
          where.host = entry.endpoint().address().to_string();
          where.port = entry.endpoint().port();
          last_address_ = where.HostPort();
          endpoints.emplace_back(entry.endpoint());
        }
        Connect(std::move(endpoints));
      }));
}

std::string Client::Impl::Exchange::DialError(const ErrorCode& error) const {
  if (request_.unix_socket.empty())
    return StrCat("dial tcp ", last_address_, ": connect: ", ErrorText(error));
  return StrCat("dial unix ", request_.unix_socket, ": connect: ", ErrorText(error));
}

void Client::Impl::Exchange::Connect(std::vector<Stream::endpoint> endpoints) {
  endpoints_ = std::move(endpoints);
  asio::async_connect(connection_->socket, endpoints_,
                      Guarded([this](const ErrorCode& error, const Stream::endpoint&) {
                        if (error) return Fail(DialError(error));
                        ErrorCode ignored;  // A Unix socket has no such option.
                        connection_->socket.set_option(Tcp::no_delay(true), ignored);
                        url_.tls() ? Handshake() : Send();
                      }));
}

void Client::Impl::Exchange::Handshake() {
  const absl::StatusOr<std::shared_ptr<const TlsContext>> tls = client_->Tls();
  if (!tls.ok()) return Fail(FromAbsl(tls.status().message()));
  connection_->tls =
      std::make_unique<asio::ssl::stream<Stream::socket&>>(connection_->socket, (*tls)->context());
  SSL* const ssl = connection_->tls->native_handle();
  const TlsOptions& options = (*tls)->options();
  const std::string name = options.server_name.empty() ? url_.host : options.server_name;
  ErrorCode not_an_address;
  asio::ip::make_address(name, not_an_address);
  X509_VERIFY_PARAM* const verify = SSL_get0_param(ssl);
  if (not_an_address) {
    SSL_set_tlsext_host_name(ssl, name.c_str());
    X509_VERIFY_PARAM_set1_host(verify, name.c_str(), name.size());
  } else {
    X509_VERIFY_PARAM_set1_ip_asc(verify, name.c_str());
  }
  connection_->tls->async_handshake(
      asio::ssl::stream_base::client, Guarded([this](const ErrorCode& error) {
        if (!error) return Send();
        const long verdict =
            SSL_get_verify_result(connection_->tls->native_handle());  // NOLINT(google-runtime-int)
        if (verdict != X509_V_OK) {
          return Fail(StrCat("tls: failed to verify certificate: ",
                             X509_verify_cert_error_string(verdict)));
        }
        Fail(StrCat("tls: ", ErrorText(error)));
      }));
}

void Client::Impl::Exchange::Send() {
  message_ = {};
  message_.version(11);
  message_.method_string(request_.method);
  message_.target(url_.target);
  message_.set(beast::http::field::host, url_.Authority());
  for (const auto& [name, value] : request_.headers) message_.insert(name, value);
  if (!request_.body.empty() || request_.method == "POST" || request_.method == "PUT") {
    message_.body() = request_.body;
    message_.prepare_payload();
  }
  WithStream([this](auto& stream) {
    beast::http::async_write(stream, message_, Guarded([this](const ErrorCode& error, size_t) {
                               if (!error) return Receive();
                               if (!RetryOnFreshConnection())
                                 Fail(StrCat("write: ", ErrorText(error)));
                             }));
  });
}

void Client::Impl::Exchange::Receive() {
  request_.body_buffer.clear();
  parser_.emplace();
  parser_->get().body() = std::move(request_.body_buffer);
  parser_->header_limit(static_cast<uint32_t>(client_->options().header_bytes_max));
  parser_->body_limit(request_.body_bytes_max);
  parser_->skip(request_.method == "HEAD");
  connection_->buffer.reserve(kReadBufferBytes);
  WithStream([this](auto& stream) {
    beast::http::async_read(stream, connection_->buffer, *parser_,
                            Guarded([this](const ErrorCode& error, size_t) {
                              error ? FailReceive(error) : Received();
                            }));
  });
}

// A kept connection may die between two requests without anybody's fault: once more on a new one.
bool Client::Impl::Exchange::RetryOnFreshConnection() {
  if (!connection_->reused || (parser_ && parser_->got_some())) return false;
  connection_->Close();
  if (parser_) request_.body_buffer = std::move(parser_->get().body());
  parser_.reset();
  Open();
  return true;
}

void Client::Impl::Exchange::FailReceive(const ErrorCode& error) {
  if (error == beast::http::error::body_limit) {
    return Finish(absl::ResourceExhaustedError("body size limit exceeded"));
  }
  const bool closed = error == beast::http::error::end_of_stream ||
                      error == asio::error::connection_reset || error == asio::error::broken_pipe ||
                      error == asio::ssl::error::stream_truncated;
  if (closed && RetryOnFreshConnection()) return;
  if (error.category() == make_error_code(beast::http::error::bad_version).category() &&
      error != beast::http::error::end_of_stream && error != beast::http::error::partial_message) {
    return Fail(StrCat("malformed HTTP response: ", error.message()));
  }
  Fail(ErrorText(error));
}

void Client::Impl::Exchange::Received() {
  auto& message = parser_->get();
  const int status = message.result_int();
  const bool keep = parser_->keep_alive();
  if (request_.follow_redirects && IsRedirect(status) && message.count("Location") > 0) {
    const std::string location(message["Location"]);
    request_.body_buffer = std::move(message.body());
    if (keep) {
      client_->GiveBack(std::move(connection_));
    } else {
      connection_->Close();
    }
    return Redirect(location, status);
  }
  FetchResult result;
  result.status = status;
  for (const auto& field : message) {
    const beast::string_view name = field.name_string(), value = field.value();
    result.headers.Add({name.data(), name.size()}, {value.data(), value.size()});
  }
  result.body = std::move(message.body());
  result.body_wire_bytes = result.body.size();
  result.url = StrCat(url_.scheme, "://", url_.Authority(), url_.target);
  if (keep) client_->GiveBack(std::move(connection_));
  if (request_.decode_body) {
    std::string scratch;
    const absl::Status decoded = DecodeBody(request_.body_bytes_max, &result, &scratch);
    if (!decoded.ok()) return Finish(decoded);
  }
  Finish(std::move(result));
}

void Client::Impl::Exchange::Redirect(std::string_view location, int status) {
  if (++redirects_ > client_->options().redirects_max) {
    return Fail(StrCat("stopped after ", client_->options().redirects_max, " redirects"));
  }
  absl::StatusOr<Url> next = ResolveReference(url_, location);
  if (!next.ok())
    return Fail(StrCat("failed to parse Location header: ", FromAbsl(next.status().message())));
  if (next->host != url_.host) {  // Credentials are for the host they were given for.
    request_.headers.Remove("Authorization");
    request_.headers.Remove("Cookie");
  }
  if (status <= 303 && request_.method != "HEAD" && request_.method != "GET") {
    request_.method = "GET";
    request_.body.clear();
    request_.headers.Remove("Content-Type");
    request_.headers.Remove("Content-Encoding");
  }
  url_ = *std::move(next);
  parser_.reset();
  Open();
}

void Client::Impl::Start(FetchRequest request, Callback done) {
  auto exchange =
      std::make_shared<Exchange>(shared_from_this(), std::move(request), std::move(done));
  bool closed;
  {
    MutexLock lock(&mu_);
    closed = closed_;
    running_.insert(exchange);
  }
  io_->Post([exchange, closed] { closed ? exchange->Cancel() : exchange->Begin(); });
}

void Client::Impl::Forget(const std::shared_ptr<Exchange>& exchange) {
  MutexLock lock(&mu_);
  running_.erase(exchange);
  if (running_.empty()) drained_.SignalAll();
}

void Client::Impl::CloseAndDrain() {
  std::set<std::shared_ptr<Exchange>> running;
  {
    MutexLock lock(&mu_);
    closed_ = true;
    running = running_;
  }
  Mutex mu;
  CondVar swept;
  bool done = false;
  io_->Post([&] {
    for (const auto& exchange : running) exchange->Cancel();
    idle_.clear();
    MutexLock lock(&mu);
    done = true;
    swept.SignalAll();
  });
  {
    MutexLock lock(&mu);
    while (!done) swept.Wait(&mu);
  }
  MutexLock lock(&mu_);
  while (!running_.empty()) drained_.Wait(&mu_);
}

std::unique_ptr<Connection> Client::Impl::TakeIdle(const std::string& key) {
  const auto it = idle_.find(key);
  while (it != idle_.end() && !it->second.empty()) {
    std::unique_ptr<Connection> connection = std::move(it->second.back());
    it->second.pop_back();
    if (connection->StillOpen()) return connection;
  }
  return nullptr;
}

void Client::Impl::GiveBack(std::unique_ptr<Connection> connection) {
  {
    MutexLock lock(&mu_);
    if (closed_) return;
  }
  auto& idle = idle_[connection->pool_key];
  connection->buffer = {};  // Thousands of idle connections: no memory for them.
  connection->reused = true;
  connection->idle_since = SteadyClock::now();
  idle.push_back(std::move(connection));
  if (static_cast<int>(idle.size()) > options_.idle_per_host_max) idle.pop_front();
  ScheduleSweep();
}

void Client::Impl::ScheduleSweep() {
  if (sweeping_ || idle_.empty()) return;
  sweeping_ = true;
  io_->RunAfter(options_.idle_timeout_ms / 2 + 1, [weak = weak_from_this()] {
    if (const std::shared_ptr<Impl> self = weak.lock()) {
      self->sweeping_ = false;
      self->DropExpired();
      self->ScheduleSweep();
    }
  });
}

void Client::Impl::DropExpired() {
  const auto oldest = SteadyClock::now() - std::chrono::milliseconds(options_.idle_timeout_ms);
  for (auto it = idle_.begin(); it != idle_.end();) {
    auto& idle = it->second;
    while (!idle.empty() && idle.front()->idle_since < oldest) idle.pop_front();
    it = idle.empty() ? idle_.erase(it) : std::next(it);
  }
}

absl::StatusOr<std::shared_ptr<const TlsContext>> Client::Impl::Tls() {
  if (tls_ == nullptr) {
    HEARTH_ASSIGN_OR_RETURN(tls_, TlsContext::Create({}));
  }
  return tls_;
}

Client::Client(IoThread* io, std::shared_ptr<const TlsContext> tls, ClientOptions options)
    : impl_(std::make_shared<Impl>(io, std::move(tls), options)) {}

Client::~Client() { Close(); }

void Client::Close() { impl_->CloseAndDrain(); }

void Client::Fetch(FetchRequest request, Callback done) {
  impl_->Start(std::move(request), std::move(done));
}

absl::StatusOr<FetchResult> Client::FetchBlocking(FetchRequest request) {
  const bool decode = std::exchange(request.decode_body, false);
  const size_t body_bytes_max = request.body_bytes_max;
  Mutex mu;
  CondVar arrived;
  std::optional<absl::StatusOr<FetchResult>> result;
  Fetch(std::move(request), [&](absl::StatusOr<FetchResult> answer) {
    MutexLock lock(&mu);
    result = std::move(answer);
    arrived.SignalAll();
  });
  {
    MutexLock lock(&mu);
    while (!result) arrived.Wait(&mu);
  }
  if (result->ok() && decode) {
    std::string scratch;
    HEARTH_RETURN_IF_ERROR(DecodeBody(body_bytes_max, &**result, &scratch));
  }
  return *std::move(result);
}

absl::Status DecodeBody(size_t body_bytes_max, FetchResult* result, std::string* scratch) {
  const std::string_view encoding = result->headers.Get("Content-Encoding");
  if (encoding.empty() || EqualsIgnoreCase(encoding, "identity") || result->body.empty()) {
    return absl::OkStatus();
  }
  if (!EqualsIgnoreCase(encoding, "gzip")) {
    return absl::InvalidArgumentError(StrCat("unsupported content encoding \"", encoding, "\""));
  }
  const absl::Status inflated = GzipDecompress(result->body, body_bytes_max, scratch);
  if (absl::IsResourceExhausted(inflated)) {
    return absl::ResourceExhaustedError("body size limit exceeded");
  }
  HEARTH_RETURN_IF_ERROR(inflated);
  result->body.swap(*scratch);
  result->headers.Remove("Content-Encoding");
  return absl::OkStatus();
}

absl::Status ExpectOk(const FetchResult& result) {
  if (result.status >= 200 && result.status <= 299) return absl::OkStatus();
  return absl::UnknownError(
      StrCat("server returned HTTP status ", result.status, " ", StatusText(result.status)));
}

}  // namespace hearth::http
