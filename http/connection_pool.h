// http/connection_pool.h
//
// The client's connections: one that is open, with its layers of TLS, and those that wait for the
// next request of their kind. For the client's own .cc files; includes Asio.
//
// Thread safety: none; on the IO thread only.
#ifndef HEARTH_HTTP_CONNECTION_POOL_H_
#define HEARTH_HTTP_CONNECTION_POOL_H_

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "http/io_thread.h"
#include "model/clock.h"

namespace hearth::http {

// Used by one fetch at a time, or idle in the pool.
struct Connection {
  using Stream = boost::asio::generic::stream_protocol;  // TCP or a Unix socket.
  using Tls = boost::asio::ssl::stream<Stream::socket&>;
  using TlsInTls = boost::asio::ssl::stream<Tls&>;

  Connection(boost::asio::io_context& context, std::string key)
      : socket(context), pool_key(std::move(key)) {}

  Stream::socket socket;
  std::unique_ptr<Tls> tls;              // Null for http.
  std::unique_ptr<TlsInTls> tls_in_tls;  // To an https target behind an https proxy; else null.
  boost::beast::flat_buffer buffer;
  const std::string pool_key;  // Equal for connections that can stand for each other.
  bool reused = false;
  std::chrono::steady_clock::time_point idle_since;

  // Calls `operation` with what requests are written to.
  template <typename Operation>
  void WithStream(Operation operation) {
    if (tls_in_tls != nullptr) {
      operation(*tls_in_tls);
    } else if (tls != nullptr) {
      operation(*tls);
    } else {
      operation(socket);
    }
  }
  void Close();
  // False when the peer has closed, or has sent what nobody asked for.
  bool StillOpen();
};

class ConnectionPool : public std::enable_shared_from_this<ConnectionPool> {
 public:
  // Keeps `idle_per_key_max` connections of a key for `idle_timeout_ms`.
  ConnectionPool(IoThread* io, int idle_per_key_max, TimeMs idle_timeout_ms)
      : io_(io), idle_per_key_max_(idle_per_key_max), idle_timeout_ms_(idle_timeout_ms) {}

  // An idle connection, or null.
  std::unique_ptr<Connection> Take(const std::string& key);
  void GiveBack(std::unique_ptr<Connection> connection);
  // Closes what is idle.
  void Clear() { idle_.clear(); }
  // Clear, and keeps nothing from now on.
  void Close();

 private:
  void ScheduleSweep();
  void DropExpired();

  IoThread* const io_;  // Borrowed.
  const int idle_per_key_max_;
  const TimeMs idle_timeout_ms_;
  std::map<std::string, std::deque<std::unique_ptr<Connection>>> idle_;
  bool sweeping_ = false;
  bool closed_ = false;
};

}  // namespace hearth::http

#endif  // HEARTH_HTTP_CONNECTION_POOL_H_
