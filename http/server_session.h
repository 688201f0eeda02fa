// http/server_session.h
//
// One connection of a server: reads a request whole, has it handled, sends the answer, begins anew.
// What it asks of the server is SessionHost. Internal to http/server.cc.
//
// Thread safety: everything on the IO thread, but for handlers, which run where their lane says.
// Ownership: the host keeps a session until it says Ended; what is under way keeps it, too.
#ifndef HEARTH_HTTP_SERVER_SESSION_H_
#define HEARTH_HTTP_SERVER_SESSION_H_

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/io_thread.h"
#include "http/message.h"
#include "http/server.h"
#include "http/worker_pool.h"
#include "model/byte_account.h"

namespace hearth::http {

class ServerSession;

class SessionHost {
 public:
  virtual ~SessionHost() = default;
  virtual const ServerOptions& options() const = 0;
  virtual const Router& router() const = 0;
  virtual IoThread& io() = 0;
  // Not for Lane::kInline.
  virtual WorkerPool& pool(Lane lane) = 0;
  virtual bool stopping() const = 0;
  // The session is closed; called once.
  virtual void Ended(const std::shared_ptr<ServerSession>& session) = 0;
  // Looks after a while, and again while handlers run, whether their clients are still there.
  virtual void WatchSoon() = 0;
  // The Date of an answer that is sent now.
  virtual const std::string& Date() = 0;
};

class ServerSession : public std::enable_shared_from_this<ServerSession> {
 public:
  // `server` is borrowed and outlives the session.
  ServerSession(SessionHost* server, boost::asio::ip::tcp::socket socket);

  // Waits for a request; the session lives by itself from here on.
  void ReadHeader();
  // Closes now when idle; else after the answer.
  void CloseWhenIdle() {
    if (idle_) Close();
  }
  // False when no handler runs. While one does nobody reads, so this is how a vanished client is
  // noticed.
  bool WatchForHangUp();
  // Whether the time for what the session waits for is over: a read, a write, the end of a refused
  // request. The host asks from time to time and closes then, since a timer of each request's own
  // costs two system calls and a round of the event loop.
  using Clock = std::chrono::steady_clock;
  bool Late(Clock::time_point now) const { return now > deadline_; }
  void Close();
  // Sets the flag of a running handler and closes.
  void Abort() {
    cancelled_->store(true);
    Close();
  }

 private:
  using ErrorCode = boost::system::error_code;
  using HeaderParser = boost::beast::http::request_parser<boost::beast::http::empty_body>;
  using BodyParser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  void OnHeader(const ErrorCode& error);
  void TakeHead();
  void ReadBody();
  void SendContinue();
  void OnBody(const ErrorCode& error);
  void RunHandler();
  void Send(Response response);
  // Sends response_, whose header is complete, with a body in pieces.
  void SendPieces(const std::string& client, std::string first, std::shared_ptr<BodySource> rest);
  void OnSent(const ErrorCode& error);
  // Answers and closes: the rest of the request is not read.
  void Refuse(int status, std::string_view why);
  // Whether there is memory for the body that the header announces; else the answer is under way.
  bool ChargeBody();
  void Linger();
  void Discard();
  void ExpireAfter(std::chrono::milliseconds time) { deadline_ = Clock::now() + time; }
  void ExpireNever() { deadline_ = Clock::time_point::max(); }

  SessionHost* const server_;
  boost::beast::tcp_stream stream_;
  const std::shared_ptr<std::atomic<bool>> cancelled_;
  std::string remote_address_;
  Clock::time_point deadline_ = Clock::time_point::max();
  boost::beast::flat_buffer buffer_;
  std::optional<HeaderParser> header_;
  std::optional<BodyParser> body_;
  Request request_;
  ByteCharge body_charge_;  // Of request_.
  Dispatch dispatch_;
  std::optional<boost::beast::http::response<boost::beast::http::string_body>> response_;
  std::shared_ptr<const void> held_;  // Of response_.
  bool keep_alive_ = false;
  bool head_ = false;
  bool refused_ = false;  // The rest of the request was left unread.
  bool idle_ = true;      // No byte of a request has been taken from the socket.
  bool handling_ = false;
  bool closed_ = false;
};

}  // namespace hearth::http

#endif  // HEARTH_HTTP_SERVER_SESSION_H_
