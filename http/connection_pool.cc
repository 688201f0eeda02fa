#include "http/connection_pool.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <utility>

namespace hearth::http {

using SteadyClock = std::chrono::steady_clock;
using ErrorCode = boost::system::error_code;

void Connection::Close() {
  ErrorCode ignored;
  socket.close(ignored);
}

bool Connection::StillOpen() {
  ErrorCode error;
  socket.non_blocking(true, error);
  char byte;
  socket.receive(boost::asio::buffer(&byte, 1), Stream::socket::message_peek, error);
  return error == boost::asio::error::would_block;
}

std::unique_ptr<Connection> ConnectionPool::Take(const std::string& key) {
  const auto it = idle_.find(key);
  while (it != idle_.end() && !it->second.empty()) {
    std::unique_ptr<Connection> connection = std::move(it->second.back());
    it->second.pop_back();
    if (connection->StillOpen()) return connection;
  }
  return nullptr;
}

void ConnectionPool::GiveBack(std::unique_ptr<Connection> connection) {
  if (closed_) return;
  auto& idle = idle_[connection->pool_key];
  connection->buffer = {};  // Thousands of idle connections: no memory for them.
  connection->reused = true;
  connection->idle_since = SteadyClock::now();
  idle.push_back(std::move(connection));
  if (static_cast<int>(idle.size()) > idle_per_key_max_) idle.pop_front();
  ScheduleSweep();
}

void ConnectionPool::Close() {
  closed_ = true;
  Clear();
}

void ConnectionPool::ScheduleSweep() {
  if (sweeping_ || idle_.empty()) return;
  sweeping_ = true;
  io_->RunAfter(idle_timeout_ms_ / 2 + 1, [weak = weak_from_this()] {
    if (const std::shared_ptr<ConnectionPool> self = weak.lock()) {
      self->sweeping_ = false;
      self->DropExpired();
      self->ScheduleSweep();
    }
  });
}

void ConnectionPool::DropExpired() {
  const auto oldest = SteadyClock::now() - std::chrono::milliseconds(idle_timeout_ms_);
  for (auto it = idle_.begin(); it != idle_.end();) {
    auto& idle = it->second;
    while (!idle.empty() && idle.front()->idle_since < oldest) idle.pop_front();
    it = idle.empty() ? idle_.erase(it) : std::next(it);
  }
}

}  // namespace hearth::http
