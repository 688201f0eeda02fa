// http/piece_sender.h
//
// Sends an answer whose body is made while it is sent, as a chunked message: one piece is on its
// way to the client while a worker makes the next. No more than these two are held, however slowly
// the client reads, and no worker waits for it. Internal to http/server_session.cc.
//
// Thread safety: everything on the IO thread, but for BodySource::Next. Ownership: what is under
// way keeps it.
#ifndef HEARTH_HTTP_PIECE_SENDER_H_
#define HEARTH_HTTP_PIECE_SENDER_H_

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "http/io_thread.h"
#include "http/message.h"
#include "model/clock.h"

namespace hearth::http {

class PieceSender : public std::enable_shared_from_this<PieceSender> {
 public:
  using ErrorCode = boost::system::error_code;
  using Message = boost::beast::http::response<boost::beast::http::string_body>;
  // Has the task run by a worker; false when it was not taken.
  using Submit = std::function<bool(std::function<void()>)>;
  // Called once: all is sent, or sending failed.
  using Done = std::function<void(const ErrorCode&)>;

  // Pointers are borrowed; `done` keeps what they point to.
  struct Setting {
    IoThread* io;
    boost::beast::tcp_stream* stream;
    TimeMs timeout_ms;  // For one piece to be taken by the client.
    Submit submit;
    Done done;
  };

  PieceSender(Setting setting, std::shared_ptr<BodySource> source)
      : setting_(std::move(setting)), source_(std::move(source)) {}

  // `message` has the header of a chunked message and lives until `done`; `first` may be empty.
  void Begin(Message* message, std::string first);

 private:
  // Has the next piece made, into spare_.
  void Make();
  void OnMade(bool more);
  // Writes sending_ as a chunk, and the end after the last one.
  void WritePiece();
  void OnWritten(const ErrorCode& error);
  // Goes on with what is ready.
  void Advance();

  const Setting setting_;
  const std::shared_ptr<BodySource> source_;
  std::optional<boost::beast::http::response_serializer<boost::beast::http::string_body>> header_;
  std::string sending_, spare_;
  bool writing_ = false;
  bool making_ = false;
  bool made_ = false;   // spare_ waits to be written.
  bool more_ = true;    // The source has more pieces.
  bool ended_ = false;  // `done` has been called.
};

}  // namespace hearth::http

#endif  // HEARTH_HTTP_PIECE_SENDER_H_
