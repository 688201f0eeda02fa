#include "http/piece_sender.h"

#include <boost/asio/write.hpp>
#include <chrono>
#include <utility>

namespace hearth::http {

namespace asio = boost::asio;
namespace beast = boost::beast;

void PieceSender::Begin(Message* message, std::string first) {
  sending_ = std::move(first);
  writing_ = true;
  header_.emplace(*message);
  header_->split(true);
  setting_.stream->expires_after(std::chrono::milliseconds(setting_.timeout_ms));
  beast::http::async_write_header(*setting_.stream, *header_,
                                  [self = shared_from_this()](const ErrorCode& error, size_t) {
                                    if (error || self->sending_.empty())
                                      return self->OnWritten(error);
                                    self->WritePiece();
                                  });
  Make();
}

void PieceSender::Make() {
  making_ = true;
  const auto make = [self = shared_from_this()] {
    const bool more = self->source_->Next(&self->spare_);
    IoThread* const io = self->setting_.io;
    io->Post([self, more] { self->OnMade(more); });
  };
  // Where no worker has time for it, a piece is little enough for the IO thread.
  if (!setting_.submit(make)) make();
}

void PieceSender::OnMade(bool more) {
  making_ = false;
  made_ = true;
  more_ = more;
  if (!writing_) Advance();
}

void PieceSender::WritePiece() {
  writing_ = true;
  setting_.stream->expires_after(std::chrono::milliseconds(setting_.timeout_ms));
  asio::async_write(
      *setting_.stream,
      beast::http::make_chunk(asio::const_buffer(sending_.data(), sending_.size())),
      [self = shared_from_this()](const ErrorCode& error, size_t) { self->OnWritten(error); });
}

void PieceSender::OnWritten(const ErrorCode& error) {
  writing_ = false;
  if (error) {
    ended_ = true;
    return setting_.done(error);
  }
  if (made_) Advance();
}

void PieceSender::Advance() {
  if (ended_) return;
  made_ = false;
  std::swap(sending_, spare_);
  if (more_) {
    WritePiece();
    return Make();
  }
  // The last piece, with the end behind it.
  writing_ = true;
  setting_.stream->expires_after(std::chrono::milliseconds(setting_.timeout_ms));
  const auto end = [self = shared_from_this()](const ErrorCode& error, size_t) {
    self->ended_ = true;
    self->setting_.done(error);
  };
  asio::async_write(*setting_.stream,
                    beast::buffers_cat(beast::http::make_chunk(
                                           asio::const_buffer(sending_.data(), sending_.size())),
                                       beast::http::make_chunk_last()),
                    end);
}

}  // namespace hearth::http
