#include "http/exchange.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "http/proxy.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using ErrorCode = boost::system::error_code;

namespace {

constexpr size_t kReadBufferBytes = 64 << 10;

bool IsRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// `Get "http://…"`: the verb of the method, then the URL, its password as `***`.
std::string FetchPrefix(const std::string& method, const Url& url) {
  std::string verb = method;
  std::transform(
      verb.begin() + (verb.empty() ? 0 : 1), verb.end(), verb.begin() + (verb.empty() ? 0 : 1),
      [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  std::string user = url.user_info;
  if (const size_t colon = user.find(':'); colon != std::string::npos) {
    user.replace(colon + 1, std::string::npos, "***");
  }
  if (!user.empty()) user.push_back('@');
  return StrCat(verb, " \"", url.scheme, "://", user, url.Authority(), url.target, "\"");
}

}  // namespace

ClientState::ClientState(IoThread* io, std::shared_ptr<const TlsContext> tls, ClientOptions options,
                         Authorizer* authorizer)
    : io_(io),
      options_(std::move(options)),
      authorizer_(authorizer),
      pool_(std::make_shared<ConnectionPool>(io, options_.idle_per_host_max,
                                             options_.idle_timeout_ms)),
      tls_(std::move(tls)) {}

absl::StatusOr<std::shared_ptr<const TlsContext>> ClientState::Tls() {
  if (tls_ == nullptr) {
    HEARTH_ASSIGN_OR_RETURN(tls_, TlsContext::Create({}));
  } else if (tls_->FilesChanged()) {
    HEARTH_ASSIGN_OR_RETURN(tls_, TlsContext::Create(tls_->options()));
    pool_->Clear();
  }
  return tls_;
}

Exchange::Exchange(std::shared_ptr<ClientState> client, FetchRequest request, Client::Callback done,
                   Ended ended)
    : client_(std::move(client)),
      request_(std::move(request)),
      done_(std::move(done)),
      ended_(std::move(ended)),
      deadline_(client_->io()->context()) {}

template <typename Fn>
auto Exchange::Guarded(Fn fn) {
  return [self = shared_from_this(), fn = std::move(fn)](const ErrorCode& error, auto&&... args) {
    if (!self->finished_) fn(error, std::forward<decltype(args)>(args)...);
  };
}

std::string Exchange::Prefix() const { return FetchPrefix(request_.method, url_); }

void Exchange::Fail(std::string_view what) {
  Finish(absl::UnavailableError(StrCat(Prefix(), ": ", what)));
}

void Exchange::Cancel() { Finish(absl::CancelledError(StrCat(Prefix(), ": context canceled"))); }

void Exchange::Begin() {
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
  Authorize();
}

void Exchange::Authorize() {
  if (client_->authorizer() == nullptr) return Open();
  client_->authorizer()->Authorize(
      [self = shared_from_this()](absl::StatusOr<Authorizer::Authorization> authorization) {
        if (self->finished_) return;
        if (!authorization.ok()) return self->Fail(FromAbsl(authorization.status().message()));
        self->authorization_ = *std::move(authorization);
        self->request_.headers.Set("Authorization", self->authorization_.value);
        self->Open();
      });
}

void Exchange::Finish(absl::StatusOr<FetchResult> result) {
  if (finished_) return;
  finished_ = true;
  deadline_.cancel();
  if (dial_ != nullptr) dial_->Cancel();
  if (connection_ != nullptr)
    connection_->Close();  // Handlers still pending hold this exchange, and it the connection.
  const Client::Callback done = std::move(done_);
  done(std::move(result));
  ended_(shared_from_this());
}

absl::StatusOr<Route> Exchange::MakeRoute() const {
  Route route;
  route.target = url_;
  route.unix_socket = request_.unix_socket;
  if (client_->options().proxy != nullptr && route.unix_socket.empty()) {
    HEARTH_ASSIGN_OR_RETURN(route.proxy, client_->options().proxy->For(url_));
  }
  return route;
}

void Exchange::Open() {
  absl::StatusOr<Route> route = MakeRoute();
  if (!route.ok()) return Fail(FromAbsl(route.status().message()));
  route_ = *std::move(route);
  Dial::Options options;
  options.header_bytes_max = client_->options().header_bytes_max;
  if (route_.tls()) {
    absl::StatusOr<std::shared_ptr<const TlsContext>> tls = client_->Tls();
    if (!tls.ok()) return Fail(FromAbsl(tls.status().message()));
    options.tls = *std::move(tls);
  }
  connection_ = client_->pool().Take(route_.PoolKey());
  if (connection_ != nullptr) return Send();
  if (route_.proxy) options.connect_headers = client_->options().proxy->connect_headers();
  dial_ = std::make_shared<Dial>(client_->io()->context(), route_, std::move(options));
  dial_->Start([self = shared_from_this()](absl::StatusOr<std::unique_ptr<Connection>> dialled) {
    self->dial_ = nullptr;
    if (!dialled.ok()) return self->Fail(FromAbsl(dialled.status().message()));
    self->connection_ = *std::move(dialled);
    self->Send();
  });
}

void Exchange::Send() {
  message_ = {};
  message_.version(11);
  message_.method_string(request_.method);
  message_.set(beast::http::field::host, url_.Authority());
  for (const auto& [name, value] : request_.headers) message_.insert(name, value);
  if (!url_.user_info.empty() && message_.count(beast::http::field::authorization) == 0) {
    message_.set(beast::http::field::authorization, BasicAuthorization(url_));
  }
  if (route_.absolute_form()) {
    message_.target(StrCat(url_.scheme, "://", url_.Authority(), url_.target));
    if (const std::string credentials = BasicAuthorization(*route_.proxy); !credentials.empty())
      message_.set(beast::http::field::proxy_authorization, credentials);
  } else {
    message_.target(url_.target);
  }
  if (!request_.body.empty() || request_.method == "POST" || request_.method == "PUT") {
    message_.body() = request_.body;
    message_.prepare_payload();
  }
  connection_->WithStream([this](auto& stream) {
    beast::http::async_write(stream, message_, Guarded([this](const ErrorCode& error, size_t) {
                               if (!error) return Receive();
                               if (!RetryOnFreshConnection())
                                 Fail(StrCat("write: ", ErrorText(error)));
                             }));
  });
}

void Exchange::Receive() {
  request_.body_buffer.clear();
  parser_.emplace();
  parser_->get().body() = std::move(request_.body_buffer);
  parser_->header_limit(static_cast<uint32_t>(client_->options().header_bytes_max));
  parser_->body_limit(request_.body_bytes_max);
  parser_->skip(request_.method == "HEAD");
  connection_->buffer.reserve(kReadBufferBytes);
  connection_->WithStream([this](auto& stream) {
    beast::http::async_read(stream, connection_->buffer, *parser_,
                            Guarded([this](const ErrorCode& error, size_t) {
                              error ? FailReceive(error) : Received();
                            }));
  });
}

// A kept connection may die between two requests without anybody's fault: once more on a new one.
bool Exchange::RetryOnFreshConnection() {
  if (!connection_->reused || (parser_ && parser_->got_some())) return false;
  connection_->Close();
  if (parser_) request_.body_buffer = std::move(parser_->get().body());
  parser_.reset();
  Open();
  return true;
}

void Exchange::FailReceive(const ErrorCode& error) {
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

// After a whole answer: the connection serves somebody else, or has ended.
void Exchange::LetGo() {
  request_.body_buffer = std::move(parser_->get().body());
  const bool keep = parser_->keep_alive();
  parser_.reset();
  if (keep) {
    client_->pool().GiveBack(std::move(connection_));
  } else {
    connection_->Close();
  }
}

bool Exchange::RetryWithAnotherAuthorization(int status) {
  if (status != 401 || client_->authorizer() == nullptr) return false;
  // After a redirect to another host the server has not seen it.
  if (request_.headers.Has("Authorization")) client_->authorizer()->Refused(authorization_.value);
  if (!authorization_.from_cache || authorized_again_ || redirects_ > 0) return false;
  authorized_again_ = true;
  LetGo();
  Authorize();
  return true;
}

void Exchange::Received() {
  auto& message = parser_->get();
  const int status = message.result_int();
  if (RetryWithAnotherAuthorization(status)) return;
  if (request_.follow_redirects && IsRedirect(status) && message.count("Location") > 0) {
    const std::string location(message["Location"]);
    LetGo();
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
  if (parser_->keep_alive()) client_->pool().GiveBack(std::move(connection_));
  if (request_.decode_body) {
    std::string scratch;
    const absl::Status decoded = DecodeBody(request_.body_bytes_max, &result, &scratch);
    if (!decoded.ok()) return Finish(decoded);
  }
  Finish(std::move(result));
}

void Exchange::Redirect(std::string_view location, int status) {
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
  Open();
}

}  // namespace hearth::http
