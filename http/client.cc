#include "http/client.h"

#include <optional>
#include <set>
#include <utility>

#include "http/exchange.h"
#include "http/gzip.h"
#include "model/mutex.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth::http {

// The set of running fetches.
class Client::Impl : public std::enable_shared_from_this<Client::Impl> {
 public:
  Impl(IoThread* io, std::shared_ptr<const TlsContext> tls, ClientOptions options,
       Authorizer* authorizer)
      : io_(io),
        state_(std::make_shared<ClientState>(io, std::move(tls), std::move(options), authorizer)) {}

  void Start(FetchRequest request, Callback done);
  void CloseAndDrain();

 private:
  void Forget(const std::shared_ptr<Exchange>& exchange);

  IoThread* const io_;
  const std::shared_ptr<ClientState> state_;  // Also of exchanges that have not been freed yet.

  Mutex mu_;
  CondVar drained_;
  bool closed_ GUARDED_BY(mu_) = false;
  std::set<std::shared_ptr<Exchange>> running_ GUARDED_BY(mu_);
};

void Client::Impl::Start(FetchRequest request, Callback done) {
  auto exchange = std::make_shared<Exchange>(
      state_, std::move(request), std::move(done),
      [self = shared_from_this()](const std::shared_ptr<Exchange>& ended) { self->Forget(ended); });
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
    state_->pool().Close();
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

Client::Client(IoThread* io, std::shared_ptr<const TlsContext> tls, ClientOptions options,
               std::unique_ptr<Authorizer> authorizer)
    : authorizer_(std::move(authorizer)),
      impl_(std::make_shared<Impl>(io, std::move(tls), std::move(options), authorizer_.get())) {}

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
