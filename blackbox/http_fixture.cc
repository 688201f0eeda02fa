#include "blackbox/http_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace hearth::blackbox {

HttpFixture::HttpFixture(std::string body, std::string content_type)
    : content_type_(std::move(content_type)), body_(std::move(body)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
  listen(listener_, 64);
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Serve(); });
}

HttpFixture::~HttpFixture() {
  stop_ = true;
  thread_.join();
  close(listener_);
}

void HttpFixture::Set(std::string body, std::string status) {
  MutexLock lock(&mu_);
  body_ = std::move(body);
  status_ = std::move(status);
}

void HttpFixture::Serve() {
  while (!stop_) {
    pollfd ready{listener_, POLLIN, 0};
    if (poll(&ready, 1, 50) <= 0) continue;
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    timeval patience{2, 0};
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    std::string request;
    char buffer[4096];
    while (request.find("\r\n\r\n") == std::string::npos) {
      const ssize_t n = read(connection, buffer, sizeof(buffer));
      if (n <= 0) break;
      request.append(buffer, static_cast<size_t>(n));
    }
    std::string answer;
    {
      MutexLock lock(&mu_);
      answer = "HTTP/1.1 " + status_ + "\r\nContent-Type: " + content_type_ +
               "\r\nConnection: close\r\nContent-Length: " + std::to_string(body_.size()) +
               "\r\n\r\n" + body_;
    }
    ++requests_;
    for (size_t sent = 0; sent < answer.size();) {
      const ssize_t n = send(connection, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) break;
      sent += static_cast<size_t>(n);
    }
    close(connection);
  }
}

}  // namespace hearth::blackbox
