#include "http/server_session.h"

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "http/gzip.h"
#include "http/piece_sender.h"
#include "http/url.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using Tcp = asio::ip::tcp;
using ErrorCode = boost::system::error_code;

namespace {

constexpr size_t kBodyReadBytes = 64 << 10;
// Smaller bodies are many and come to little.
constexpr size_t kChargedBodyBytes = 64 << 10;
constexpr size_t kChunkedBytes = 1 << 20;
constexpr const char* kRetryAfterSeconds = "5";
constexpr int kGzipLevel = 1;
constexpr std::chrono::milliseconds kLingerTime(1000);

std::string_view View(beast::string_view s) { return {s.data(), s.size()}; }

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

ServerSession::ServerSession(SessionHost* server, Tcp::socket socket)
    : server_(server),
      stream_(std::move(socket)),
      cancelled_(std::make_shared<std::atomic<bool>>(false)) {
  ErrorCode error;
  stream_.socket().set_option(Tcp::no_delay(true), error);
  const Tcp::endpoint peer = stream_.socket().remote_endpoint(error);
  remote_address_ = EndpointText(error, peer);
}

void ServerSession::ReadHeader() {
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
  ExpireAfter(std::chrono::milliseconds(server_->options().read_timeout_ms));
  beast::http::async_read_header(
      stream_, buffer_, *header_,
      [self = shared_from_this()](const ErrorCode& error, size_t) { self->OnHeader(error); });
}

void ServerSession::OnHeader(const ErrorCode& error) {
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
  if (!ChargeBody()) return;
  if (EqualsIgnoreCase(request_.headers.Get("Expect"), "100-continue")) return SendContinue();
  ReadBody();
}

bool ServerSession::ChargeBody() {
  // Of a chunked body the length is not known; it gets what few exceed.
  const uint64_t expected =
      header_->chunked() ? kChunkedBytes : header_->content_length().value_or(0);
  const size_t bytes = std::min<uint64_t>(expected, dispatch_.body_bytes_max);
  if (bytes < kChargedBodyBytes) return true;
  body_charge_ = ByteCharge(server_->options().bodies);
  const absl::Status charged = body_charge_.Add(bytes);
  if (charged.ok()) return true;
  Refuse(503, FromAbsl(charged.message()));
  return false;
}

void ServerSession::TakeHead() {
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
  request_.takes_pieces =
      head.version() >= 11 && !head_ && !AcceptsGzip(request_.headers.Get("Accept-Encoding"));
}

void ServerSession::SendContinue() {
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  asio::async_write(stream_, asio::buffer(kContinue),
                    [self = shared_from_this()](const ErrorCode& error, size_t) {
                      if (self->closed_) return;
                      error ? self->Close() : self->ReadBody();
                    });
}

void ServerSession::ReadBody() {
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

void ServerSession::OnBody(const ErrorCode& error) {
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
  ExpireNever();
  RunHandler();
}

void ServerSession::RunHandler() {
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
bool ServerSession::WatchForHangUp() {
  if (!handling_ || closed_) return false;
  pollfd connection{stream_.socket().native_handle(), POLLRDHUP, 0};
  if (poll(&connection, 1, 0) > 0) cancelled_->store(true);
  return !cancelled_->load();
}

void ServerSession::Send(Response response) {
  handling_ = false;
  const std::string client(ClientOf(request_));
  request_ = {};  // Its body may be large; the handler is done with it.
  body_charge_.Release();
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
  held_ = std::move(response.held);
  if (response.rest != nullptr) {
    message.chunked(true);
    return SendPieces(client, std::move(response.body), std::move(response.rest));
  }
  const size_t body_bytes = response.body.size();
  if (!head_) message.body() = std::move(response.body);
  if (response.status != 204 && response.status != 304) message.content_length(body_bytes);
  ExpireAfter(std::chrono::milliseconds(server_->options().read_timeout_ms));
  beast::http::async_write(
      stream_, *response_,
      [self = shared_from_this()](const ErrorCode& error, size_t) { self->OnSent(error); });
}

void ServerSession::OnSent(const ErrorCode& error) {
  if (closed_) return;
  response_.reset();
  held_.reset();
  if (error) return Close();
  if (refused_) return Linger();
  if (!keep_alive_) return Close();
  ReadHeader();
}

void ServerSession::SendPieces(const std::string& client, std::string first,
                               std::shared_ptr<BodySource> rest) {
  PieceSender::Done done = [self = shared_from_this()](const ErrorCode& error) {
    self->stream_.expires_never();  // The pieces' time; the session has its own.
    self->OnSent(error);
  };
  PieceSender::Submit submit = [server = server_, lane = dispatch_.lane,
                                client](std::function<void()> task) {
    return lane != Lane::kInline && server->pool(lane).TrySubmit(client, std::move(task));
  };
  const auto sender = std::make_shared<PieceSender>(
      PieceSender::Setting{.io = &server_->io(),
                           .stream = &stream_,
                           .timeout_ms = server_->options().read_timeout_ms,
                           .submit = std::move(submit),
                           .done = std::move(done)},
      std::move(rest));
  sender->Begin(&*response_, std::move(first));
}

void ServerSession::Refuse(int status, std::string_view why) {
  keep_alive_ = false;
  refused_ = true;
  Response response = Response::Text(status, StrCat(why, "\n"));
  if (status == 503) response.headers.Set("Retry-After", kRetryAfterSeconds);
  Send(std::move(response));
}

// Closing with unread bytes in the socket would reset the connection and could take the answer with
// it: take in what the client is still sending, for a moment.
void ServerSession::Linger() {
  ErrorCode ignored;
  stream_.socket().shutdown(Tcp::socket::shutdown_send, ignored);
  buffer_.clear();
  ExpireAfter(kLingerTime);
  Discard();
}

void ServerSession::Discard() {
  stream_.async_read_some(buffer_.prepare(4096),
                          [self = shared_from_this()](const ErrorCode& error, size_t) {
                            if (self->closed_) return;
                            error ? self->Close() : self->Discard();
                          });
}

void ServerSession::Close() {
  if (closed_) return;
  closed_ = true;
  ErrorCode ignored;
  stream_.socket().shutdown(Tcp::socket::shutdown_both, ignored);
  stream_.close();
  server_->Ended(shared_from_this());
}

}  // namespace hearth::http
