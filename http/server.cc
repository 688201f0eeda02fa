#include "http/server.h"

#include <poll.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <ctime>
#include <optional>
#include <set>
#include <utility>

#include "http/gzip.h"
#include "http/io_thread.h"
#include "http/listen_address.h"
#include "http/url.h"
#include "http/worker_pool.h"
#include "model/mutex.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using Tcp = asio::ip::tcp;
using ErrorCode = boost::system::error_code;

namespace {

constexpr size_t kBodyReadBytes = 64 << 10;
constexpr int kGzipLevel = 1;
constexpr std::chrono::milliseconds kLingerTime(1000);
// Handlers that are done sooner are not worth the system calls that notice a vanished client.
constexpr TimeMs kHangUpDelayMs = 50;

std::string_view View(beast::string_view s) { return {s.data(), s.size()}; }

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string HttpDate(std::time_t now) {
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[64];
  const size_t n = std::strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return std::string(text, n);
}

std::string EndpointText(const ErrorCode& error, const Tcp::endpoint& endpoint) {
  if (error) return "";
  Url where;
  where.host = endpoint.address().to_string();
  where.port = endpoint.port();
  return where.HostPort();
}

// True when `Accept-Encoding` names gzip without q=0.
bool AcceptsGzip(std::string_view accept) {
  while (!accept.empty()) {
    const size_t comma = std::min(accept.find(','), accept.size());
    std::string_view entry = accept.substr(0, comma);
    accept.remove_prefix(std::min(comma + 1, accept.size()));
    const size_t semicolon = std::min(entry.find(';'), entry.size());
    std::string_view name = entry.substr(0, semicolon);
    const std::string_view parameters = entry.substr(semicolon);
    while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
    while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
    if (!EqualsIgnoreCase(name, "gzip")) continue;
    return parameters.find("q=0") == std::string_view::npos ||
           parameters.find_first_of("123456789") != std::string_view::npos;
  }
  return false;
}

// Runs on the thread of the handler.
void CompressIfWanted(const Request& request, const ServerOptions& options, Response* response) {
  const size_t bytes = response->body.size();
  if (bytes < options.gzip_bytes_min || bytes > options.gzip_bytes_max ||
      request.cancelled->load() || response->headers.Has("Content-Encoding") ||
      !AcceptsGzip(request.headers.Get("Accept-Encoding"))) {
    return;
  }
  std::string compressed;
  GzipCompress(response->body, kGzipLevel, &compressed);
  response->body = std::move(compressed);
  response->headers.Set("Content-Encoding", "gzip");
}

}  // namespace

class Server::Impl {
 public:
  class Session;

  Impl(ServerOptions options, Router router)
      : options_(std::move(options)),
        router_(std::move(router)),
        ingest_(std::make_unique<WorkerPool>(options_.ingest_threads, options_.queue_max)),
        query_(std::make_unique<WorkerPool>(options_.query_threads, options_.queue_max)),
        engine_(std::make_unique<WorkerPool>(options_.engine_threads, options_.queue_max)),
        io_(std::make_unique<IoThread>()) {}
  ~Impl() { Stop(0); }

  absl::Status Listen();
  void BeginAccepting();
  void Stop(TimeMs deadline_ms);
  int port(size_t i) const { return ports_[i]; }
  int connections() const { return connections_.load(); }

  const ServerOptions& options() const { return options_; }
  const Router& router() const { return router_; }
  IoThread& io() { return *io_; }
  WorkerPool& pool(Lane lane) {
    return lane == Lane::kIngest ? *ingest_ : lane == Lane::kEngine ? *engine_ : *query_;
  }
  bool stopping() const { return stopping_; }
  void Ended(const std::shared_ptr<Session>& session);
  // Looks after a while, and again while handlers run, whether their clients are still there.
  void WatchSoon();
  // The Date of an answer that is sent now.
  const std::string& Date();

 private:
  struct Listener {
    explicit Listener(asio::io_context& context) : acceptor(context) {}
    Tcp::acceptor acceptor;
    bool accepting = false;
  };
  absl::Status Bind(const std::string& text);
  void Accept(Listener* listener);
  // Runs fn on the IO thread and waits for it.
  void RunOnIo(const std::function<void()>& fn);

  const ServerOptions options_;
  const Router router_;
  std::vector<int> ports_;  // Constant after Listen.

  // On the IO thread only.
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::set<std::shared_ptr<Session>> sessions_;
  bool stopping_ = false;
  bool will_watch_ = false;
  std::time_t date_time_ = -1;
  std::string date_;

  std::atomic<int> connections_{0};
  Mutex mu_;
  CondVar all_ended_;
  bool stopped_ GUARDED_BY(mu_) = false;

  // Destroyed by Stop in this order: no session may be left when the IO thread goes.
  std::unique_ptr<WorkerPool> ingest_, query_, engine_;
  std::unique_ptr<IoThread> io_;
};

// One connection. All on the IO thread but the body of RunHandler.
class Server::Impl::Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Impl* server, Tcp::socket socket)
      : server_(server),
        stream_(std::move(socket)),
        cancelled_(std::make_shared<std::atomic<bool>>(false)) {
    ErrorCode error;
    stream_.socket().set_option(Tcp::no_delay(true), error);
    const Tcp::endpoint peer = stream_.socket().remote_endpoint(error);
    remote_address_ = EndpointText(error, peer);
  }

  void ReadHeader();
  // Closes now when idle; else after the answer.
  void CloseWhenIdle() {
    if (idle_) Close();
  }
  // False when no handler runs. While one does nobody reads, so this is how a vanished client is
  // noticed.
  bool WatchForHangUp();
  // Sets the flag of a running handler and closes.
  void Abort() {
    cancelled_->store(true);
    Close();
  }

 private:
  using HeaderParser = beast::http::request_parser<beast::http::empty_body>;
  using BodyParser = beast::http::request_parser<beast::http::string_body>;

  void OnHeader(const ErrorCode& error);
  void TakeHead();
  void ReadBody();
  void SendContinue();
  void OnBody(const ErrorCode& error);
  void RunHandler();
  void Send(Response response);
  // Answers and closes: the rest of the request is not read.
  void Refuse(int status, std::string_view why);
  void Linger();
  void Discard();
  void Close();

  Impl* const server_;
  beast::tcp_stream stream_;
  const std::shared_ptr<std::atomic<bool>> cancelled_;
  std::string remote_address_;
  beast::flat_buffer buffer_;
  std::optional<HeaderParser> header_;
  std::optional<BodyParser> body_;
  Request request_;
  Dispatch dispatch_;
  std::optional<beast::http::response<beast::http::string_body>> response_;
  std::shared_ptr<const void> held_;  // Of response_.
  bool keep_alive_ = false;
  bool head_ = false;
  bool refused_ = false;  // The rest of the request was left unread.
  bool idle_ = true;      // No byte of a request has been taken from the socket.
  bool handling_ = false;
  bool closed_ = false;
};

void Server::Impl::Session::ReadHeader() {
  if (server_->stopping()) return Close();
  request_ = {};
  dispatch_ = {};
  response_.reset();
  held_.reset();
  body_.reset();
  header_.emplace();
  header_->header_limit(
      static_cast<uint32_t>(std::min<size_t>(server_->options().header_bytes_max, UINT32_MAX)));
  header_->body_limit(boost::none);  // Judged in OnHeader, when the route is known.
  idle_ = true;
  stream_.expires_after(std::chrono::milliseconds(server_->options().read_timeout_ms));
  beast::http::async_read_header(
      stream_, buffer_, *header_,
      [self = shared_from_this()](const ErrorCode& error, size_t) { self->OnHeader(error); });
}

void Server::Impl::Session::OnHeader(const ErrorCode& error) {
  if (closed_) return;
  idle_ = false;
  if (error == beast::http::error::header_limit) {
    return Refuse(431,
                  StrCat("request header exceeds ", server_->options().header_bytes_max, " bytes"));
  }
  if (error.category() == make_error_code(beast::http::error::bad_version).category() &&
      error != beast::http::error::end_of_stream && error != beast::http::error::partial_message) {
    return Refuse(400, StrCat("malformed request: ", error.message()));
  }
  if (error) return Close();
  TakeHead();
  const size_t question = std::min(request_.target.find('?'), request_.target.size() - 1);
  absl::StatusOr<Params> query = ParseQuery(std::string_view(request_.target).substr(question + 1));
  if (!query.ok()) return Refuse(400, FromAbsl(query.status().message()));
  request_.query = *std::move(query);
  dispatch_ = server_->router()(request_);
  const auto declared = header_->content_length();
  if (declared && *declared > dispatch_.body_bytes_max) {
    return Refuse(413, StrCat("request body of ", *declared, " bytes exceeds the limit of ",
                              dispatch_.body_bytes_max));
  }
  if (EqualsIgnoreCase(request_.headers.Get("Expect"), "100-continue")) return SendContinue();
  ReadBody();
}

void Server::Impl::Session::TakeHead() {
  const auto& head = header_->get();
  request_.method.assign(View(head.method_string()));
  request_.target.assign(View(head.target()));
  if (request_.target.empty()) request_.target = "/";
  const std::string_view target = request_.target;
  request_.path = PercentDecode(target.substr(0, target.find('?')), /*plus_is_space=*/false);
  for (const auto& field : head)
    request_.headers.Add(View(field.name_string()), View(field.value()));
  request_.remote_address = remote_address_;
  request_.cancelled = cancelled_;
  keep_alive_ = head.keep_alive();
  head_ = head.method() == beast::http::verb::head;
}

void Server::Impl::Session::SendContinue() {
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  asio::async_write(stream_, asio::buffer(kContinue),
                    [self = shared_from_this()](const ErrorCode& error, size_t) {
                      if (self->closed_) return;
                      error ? self->Close() : self->ReadBody();
                    });
}

void Server::Impl::Session::ReadBody() {
  const auto declared = header_->content_length();
  body_.emplace(std::move(*header_));
  body_->body_limit(dispatch_.body_bytes_max);
  if (body_->chunked() || declared.value_or(0) > 4096) {
    buffer_.reserve(std::min<size_t>(declared.value_or(kBodyReadBytes), kBodyReadBytes) +
                    buffer_.size());
  }
  beast::http::async_read(
      stream_, buffer_, *body_,
      [self = shared_from_this()](const ErrorCode& error, size_t) { self->OnBody(error); });
}

void Server::Impl::Session::OnBody(const ErrorCode& error) {
  if (closed_) return;
  if (error == beast::http::error::body_limit) {
    return Refuse(413,
                  StrCat("request body exceeds the limit of ", dispatch_.body_bytes_max, " bytes"));
  }
  if (error.category() == make_error_code(beast::http::error::bad_version).category() &&
      error != beast::http::error::end_of_stream && error != beast::http::error::partial_message) {
    return Refuse(400, StrCat("malformed request: ", error.message()));
  }
  if (error) return Close();
  request_.body = std::move(body_->get().body());
  if (buffer_.capacity() >= kBodyReadBytes) buffer_.shrink_to_fit();
  stream_.expires_never();
  RunHandler();
}

void Server::Impl::Session::RunHandler() {
  handling_ = true;
  const auto handle = [this] {
    Response response = dispatch_.handle(request_);
    CompressIfWanted(request_, server_->options(), &response);
    return response;
  };
  if (dispatch_.lane == Lane::kInline) return Send(handle());
  server_->WatchSoon();
  const bool taken =
      server_->pool(dispatch_.lane)
          .TrySubmit(ClientOf(request_), [self = shared_from_this(), handle]() mutable {
            auto response = std::make_shared<Response>(handle());
            IoThread& io = self->server_->io();
            io.Post([self = std::move(self), response] { self->Send(std::move(*response)); });
          });
  if (!taken) {
    Response busy = Response::Text(503, "too many requests are waiting\n");
    busy.headers.Set("Retry-After", "1");
    Send(std::move(busy));
  }
}

// Asks the kernel rather than the stream: bytes of a further request may lie before the end.
bool Server::Impl::Session::WatchForHangUp() {
  if (!handling_ || closed_) return false;
  pollfd connection{stream_.socket().native_handle(), POLLRDHUP, 0};
  if (poll(&connection, 1, 0) > 0) cancelled_->store(true);
  return !cancelled_->load();
}

void Server::Impl::Session::Send(Response response) {
  handling_ = false;
  request_ = {};  // Its body may be large; the handler is done with it.
  if (closed_) return;
  auto& message = response_.emplace();
  message.version(11);
  message.result(static_cast<unsigned>(response.status));
  message.reason(
      beast::string_view(StatusText(response.status).data(), StatusText(response.status).size()));
  message.set(beast::http::field::date, server_->Date());
  for (const auto& [name, value] : response.headers) message.insert(name, value);
  if (server_->stopping()) keep_alive_ = false;
  message.keep_alive(keep_alive_);
  const size_t body_bytes = response.body.size();
  if (!head_) message.body() = std::move(response.body);
  held_ = std::move(response.held);
  if (response.status != 204 && response.status != 304) message.content_length(body_bytes);
  stream_.expires_after(std::chrono::milliseconds(server_->options().read_timeout_ms));
  beast::http::async_write(stream_, *response_,
                           [self = shared_from_this()](const ErrorCode& error, size_t) {
                             if (self->closed_) return;
                             self->response_.reset();
                             self->held_.reset();
                             if (error) return self->Close();
                             if (self->refused_) return self->Linger();
                             if (!self->keep_alive_) return self->Close();
                             self->ReadHeader();
                           });
}

void Server::Impl::Session::Refuse(int status, std::string_view why) {
  keep_alive_ = false;
  refused_ = true;
  Send(Response::Text(status, StrCat(why, "\n")));
}

// Closing with unread bytes in the socket would reset the connection and could take the answer with
// it: take in what the client is still sending, for a moment.
void Server::Impl::Session::Linger() {
  ErrorCode ignored;
  stream_.socket().shutdown(Tcp::socket::shutdown_send, ignored);
  buffer_.clear();
  stream_.expires_after(kLingerTime);
  Discard();
}

void Server::Impl::Session::Discard() {
  stream_.async_read_some(buffer_.prepare(4096),
                          [self = shared_from_this()](const ErrorCode& error, size_t) {
                            if (self->closed_) return;
                            error ? self->Close() : self->Discard();
                          });
}

void Server::Impl::Session::Close() {
  if (closed_) return;
  closed_ = true;
  ErrorCode ignored;
  stream_.socket().shutdown(Tcp::socket::shutdown_both, ignored);
  stream_.close();
  server_->Ended(shared_from_this());
}

absl::Status Server::Impl::Bind(const std::string& text) {
  HEARTH_ASSIGN_OR_RETURN(const ListenAddress address, ParseListenAddress(text));
  const auto failed = [&text](std::string_view call, const ErrorCode& error) {
    std::string what = error.message();
    if (!what.empty() && what[0] >= 'A' && what[0] <= 'Z')
      what[0] = static_cast<char>(what[0] + 32);
    return absl::UnavailableError(StrCat("listen tcp ", text, ": ", call, ": ", what));
  };
  auto listener = std::make_unique<Listener>(io_->context());
  Tcp::acceptor& acceptor = listener->acceptor;
  ErrorCode error;
  Tcp::endpoint endpoint(Tcp::v6(), address.port);
  if (!address.host.empty()) {
    const asio::ip::address ip = asio::ip::make_address(address.host, error);
    if (!error) {
      endpoint = Tcp::endpoint(ip, address.port);
    } else {
      Tcp::resolver resolver(io_->context());
      const auto found = resolver.resolve(address.host, std::to_string(address.port), error);
      if (error) return failed(StrCat("lookup ", address.host), error);
      endpoint = found.begin()->endpoint();
    }
  }
  acceptor.open(endpoint.protocol(), error);
  if (error && address.host.empty()) {  // A kernel without IPv6.
    endpoint = Tcp::endpoint(Tcp::v4(), address.port);
    acceptor.open(endpoint.protocol(), error);
  }
  if (error) return failed("socket", error);
  if (address.host.empty() && endpoint.protocol() == Tcp::v6()) {
    acceptor.set_option(asio::ip::v6_only(false), error);
  }
  acceptor.set_option(Tcp::acceptor::reuse_address(true), error);
  acceptor.bind(endpoint, error);
  if (error) return failed("bind", error);
  acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return failed("listen", error);
  ports_.push_back(acceptor.local_endpoint(error).port());
  listeners_.push_back(std::move(listener));
  return absl::OkStatus();
}

absl::Status Server::Impl::Listen() {
  for (const std::string& address : options_.listen_addresses)
    HEARTH_RETURN_IF_ERROR(Bind(address));
  return absl::OkStatus();
}

void Server::Impl::BeginAccepting() {
  io_->Post([this] {
    for (const auto& listener : listeners_) Accept(listener.get());
  });
}

void Server::Impl::Accept(Listener* listener) {
  if (listener->accepting || stopping_ || connections_.load() >= options_.connections_max) return;
  listener->accepting = true;
  listener->acceptor.async_accept([this, listener](const ErrorCode& error, Tcp::socket socket) {
    listener->accepting = false;
    if (stopping_) return;
    if (!error) {
      connections_.fetch_add(1);
      const auto session = std::make_shared<Session>(this, std::move(socket));
      sessions_.insert(session);
      session->ReadHeader();
    } else if (error != asio::error::connection_aborted) {
      // Out of file descriptors, most likely: try again when some may have come free.
      io_->RunAfter(100, [this, listener] { Accept(listener); });
      return;
    }
    Accept(listener);
  });
}

void Server::Impl::Ended(const std::shared_ptr<Session>& session) {
  sessions_.erase(session);
  connections_.fetch_sub(1);
  if (!stopping_) {
    for (const auto& listener : listeners_) Accept(listener.get());
  }
  MutexLock lock(&mu_);
  if (sessions_.empty()) all_ended_.SignalAll();
}

void Server::Impl::WatchSoon() {
  if (will_watch_) return;
  will_watch_ = true;
  io_->RunAfter(kHangUpDelayMs, [this] {
    will_watch_ = false;
    bool any = false;
    for (const std::shared_ptr<Session>& session : sessions_) {
      any = session->WatchForHangUp() || any;
    }
    if (any) WatchSoon();
  });
}

const std::string& Server::Impl::Date() {
  const std::time_t now = std::time(nullptr);
  if (now != date_time_) {
    date_time_ = now;
    date_ = HttpDate(now);
  }
  return date_;
}

void Server::Impl::RunOnIo(const std::function<void()>& fn) {
  Mutex mu;
  CondVar ran;
  bool done = false;
  io_->Post([&] {
    fn();
    MutexLock lock(&mu);
    done = true;
    ran.SignalAll();
  });
  MutexLock lock(&mu);
  while (!done) ran.Wait(&mu);
}

void Server::Impl::Stop(TimeMs deadline_ms) {
  {
    MutexLock lock(&mu_);
    if (stopped_) return;
    stopped_ = true;
  }
  RunOnIo([this] {
    stopping_ = true;
    for (const auto& listener : listeners_) {
      ErrorCode ignored;
      listener->acceptor.close(ignored);
    }
    for (const auto& session : std::vector(sessions_.begin(), sessions_.end()))
      session->CloseWhenIdle();
  });
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(deadline_ms);
  {
    MutexLock lock(&mu_);
    for (auto now = std::chrono::steady_clock::now(); connections_.load() > 0 && now < deadline;
         now = std::chrono::steady_clock::now()) {
      all_ended_.WaitFor(&mu_,
                         std::chrono::duration_cast<std::chrono::milliseconds>(deadline - now) +
                             std::chrono::milliseconds(1));
    }
  }
  RunOnIo([this] {
    for (const auto& session : std::vector(sessions_.begin(), sessions_.end())) session->Abort();
  });
  ingest_.reset();  // Waits for handlers.
  query_.reset();
  engine_.reset();
  RunOnIo([this] { listeners_.clear(); });  // Comes after what the handlers posted.
  io_.reset();
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

absl::StatusOr<std::unique_ptr<Server>> Server::Start(ServerOptions options, Router router) {
  auto impl = std::make_unique<Impl>(std::move(options), std::move(router));
  HEARTH_RETURN_IF_ERROR(impl->Listen());
  impl->BeginAccepting();
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

void Server::Stop(TimeMs deadline_ms) { impl_->Stop(deadline_ms); }
int Server::port(size_t i) const { return impl_->port(i); }
int Server::connections() const { return impl_->connections(); }

}  // namespace hearth::http
