#include "http/server.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <chrono>
#include <ctime>
#include <iterator>
#include <set>
#include <utility>

#include "http/io_thread.h"
#include "http/listen_address.h"
#include "http/server_session.h"
#include "http/worker_pool.h"
#include "model/mutex.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth::http {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;
using ErrorCode = boost::system::error_code;

namespace {

// Handlers that are done sooner are not worth the system calls that notice a vanished client.
constexpr TimeMs kHangUpDelayMs = 50;
// How long a session may stay beyond its time.
constexpr TimeMs kSweepMinMs = 5, kSweepMaxMs = 1000;

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string HttpDate(std::time_t now) {
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[64];
  const size_t n = std::strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return std::string(text, n);
}

}  // namespace

class Server::Impl : public SessionHost {
 public:
  Impl(ServerOptions options, Router router)
      : options_(std::move(options)),
        router_(std::move(router)),
        ingest_(std::make_unique<WorkerPool>(options_.ingest_threads, options_.queue_max)),
        query_(std::make_unique<WorkerPool>(options_.query_threads, options_.queue_max)),
        engine_(std::make_unique<WorkerPool>(options_.engine_threads, options_.queue_max)),
        io_(std::make_unique<IoThread>()) {}
  ~Impl() override { Stop(0); }

  absl::Status Listen();
  void BeginAccepting();
  void Stop(TimeMs deadline_ms);
  int port(size_t i) const { return ports_[i]; }
  int connections() const { return connections_.load(); }

  const ServerOptions& options() const override { return options_; }
  const Router& router() const override { return router_; }
  IoThread& io() override { return *io_; }
  WorkerPool& pool(Lane lane) override {
    return lane == Lane::kIngest ? *ingest_ : lane == Lane::kEngine ? *engine_ : *query_;
  }
  bool stopping() const override { return stopping_; }
  void Ended(const std::shared_ptr<ServerSession>& session) override;
  void WatchSoon() override;
  // Closes late sessions from time to time, while there are sessions.
  void SweepSoon();
  const std::string& Date() override;

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
  std::set<std::shared_ptr<ServerSession>> sessions_;
  bool stopping_ = false;
  bool will_watch_ = false, will_sweep_ = false;
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
      const auto session = std::make_shared<ServerSession>(this, std::move(socket));
      sessions_.insert(session);
      session->ReadHeader();
      SweepSoon();
    } else if (error != asio::error::connection_aborted) {
      // Out of file descriptors, most likely: try again when some may have come free.
      io_->RunAfter(100, [this, listener] { Accept(listener); });
      return;
    }
    Accept(listener);
  });
}

void Server::Impl::Ended(const std::shared_ptr<ServerSession>& session) {
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
    for (const std::shared_ptr<ServerSession>& session : sessions_) {
      any = session->WatchForHangUp() || any;
    }
    if (any) WatchSoon();
  });
}

void Server::Impl::SweepSoon() {
  if (will_sweep_) return;
  will_sweep_ = true;
  io_->RunAfter(std::clamp(options_.read_timeout_ms / 4, kSweepMinMs, kSweepMaxMs), [this] {
    will_sweep_ = false;
    const auto now = ServerSession::Clock::now();
    std::vector<std::shared_ptr<ServerSession>> late;
    std::copy_if(sessions_.begin(), sessions_.end(), std::back_inserter(late),
                 [now](const auto& session) { return session->Late(now); });
    for (const auto& session : late) session->Close();
    if (!sessions_.empty()) SweepSoon();
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
