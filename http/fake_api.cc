#include "http/fake_api.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace hearth::http {
namespace {

void WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

}  // namespace

FakeApi::FakeApi(std::string unix_path) : unix_path_(std::move(unix_path)) {
  if (unix_path_.empty()) {
    listen_fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    bind(listen_fd_, reinterpret_cast<sockaddr*>(&address), size);
    getsockname(listen_fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  } else {
    listen_fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    unlink(unix_path_.c_str());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    unix_path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
    bind(listen_fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address));
  }
  listen(listen_fd_, 16);
  thread_ = std::thread([this] { Run(); });
}

FakeApi::~FakeApi() {
  shutdown(listen_fd_, SHUT_RDWR);  // Wakes accept.
  thread_.join();
  close(listen_fd_);
  if (!unix_path_.empty()) unlink(unix_path_.c_str());
  MutexLock lock(&mu_);
  for (const int fd : held_) close(fd);
}

void FakeApi::Answer(std::string_view target, std::string_view body, int status,
                     std::string_view content_type) {
  MutexLock lock(&mu_);
  answers_.insert_or_assign(std::string(target),
                            Canned{status, std::string(content_type), std::string(body)});
}

void FakeApi::Hold() {
  MutexLock lock(&mu_);
  hold_ = true;
}

std::string FakeApi::Url() const { return "http://127.0.0.1:" + std::to_string(port_); }

std::vector<std::string> FakeApi::Requests() const {
  MutexLock lock(&mu_);
  return requests_;
}

void FakeApi::Run() {
  while (true) {
    const int fd = accept4(listen_fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    Serve(fd);
  }
}

void FakeApi::Serve(int fd) {
  std::string head;
  char buffer[4096];
  while (head.find("\r\n\r\n") == std::string::npos) {
    const ssize_t n = recv(fd, buffer, sizeof(buffer), 0);
    if (n <= 0) break;
    head.append(buffer, static_cast<size_t>(n));
  }
  // A body is read too: closing before its last byte would take the answer away.
  const size_t head_end = std::min(head.find("\r\n\r\n"), head.size()) + 4;
  const size_t length_at = head.find("Content-Length: ");
  const size_t length = length_at < head_end ? std::stoul(head.substr(length_at + 16)) : 0;
  while (head.size() < head_end + length) {
    const ssize_t n = recv(fd, buffer, sizeof(buffer), 0);
    if (n <= 0) break;
    head.append(buffer, static_cast<size_t>(n));
  }
  const size_t start = head.find(' ') + 1;
  const std::string target = head.substr(start, head.find(' ', start) - start);
  Canned canned{404, "text/plain", "no such page"};
  {
    MutexLock lock(&mu_);
    requests_.push_back(head);
    if (hold_) {
      held_.push_back(fd);
      return;
    }
    if (const auto it = answers_.find(target); it != answers_.end()) canned = it->second;
  }
  WriteAll(fd, "HTTP/1.1 " + std::to_string(canned.status) +
                   " Status\r\nContent-Type: " + canned.content_type +
                   "\r\nContent-Length: " + std::to_string(canned.body.size()) +
                   "\r\nConnection: close\r\n\r\n" + canned.body);
  close(fd);
}

}  // namespace hearth::http
