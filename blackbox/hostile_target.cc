#include "blackbox/hostile_target.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

namespace hearth::blackbox {
namespace {

constexpr std::string_view kHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nConnection: close\r\n";

// False when the other side has gone.
bool Send(int connection, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

void SendBody(int connection, std::string_view body, std::string_view headers = "") {
  std::string head(kHead);
  head.append(headers).append("Content-Length: ").append(std::to_string(body.size()));
  if (Send(connection, head.append("\r\n\r\n"))) Send(connection, body);
}

void Endless(int connection, const std::atomic<bool>& stop) {
  std::string lines;
  for (int i = 0; i < 1000; ++i) lines += "endless{i=\"" + std::to_string(i) + "\"} 1\n";
  for (bool more = Send(connection, std::string(kHead) + "\r\n"); more && !stop;) {
    more = Send(connection, lines);
  }
}

void EndlessHeaders(int connection, const std::atomic<bool>& stop) {
  const std::string line = "X-More: " + std::string(1000, 'x') + "\r\n";
  for (bool more = Send(connection, kHead); more && !stop;) more = Send(connection, line);
}

// Half a megabyte that inflates to half a gigabyte.
void GzipBomb(int connection, const std::atomic<bool>& /*stop*/) {
  static const std::string* const bomb = [] {
    z_stream stream{};
    deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY);
    std::string line(size_t{1} << 20, '\n');
    auto* const out = new std::string(size_t{1} << 20, '\0');
    stream.next_out = reinterpret_cast<Bytef*>(out->data());
    stream.avail_out = static_cast<uInt>(out->size());
    while (stream.total_out < size_t{512} << 10) {
      stream.next_in = reinterpret_cast<Bytef*>(line.data());
      stream.avail_in = static_cast<uInt>(line.size());
      deflate(&stream, Z_NO_FLUSH);
    }
    deflate(&stream, Z_FINISH);
    out->resize(stream.total_out);
    deflateEnd(&stream);
    return out;
  }();
  SendBody(connection, *bomb, "Content-Encoding: gzip\r\n");
}

void SlowDrip(int connection, const std::atomic<bool>& stop) {
  for (bool more = Send(connection, std::string(kHead) + "\r\n"); more && !stop;) {
    more = Send(connection, "#");
    pollfd gone{connection, POLLIN, 0};
    if (poll(&gone, 1, 100) > 0) return;
  }
}

void Silence(int connection, const std::atomic<bool>& stop) {
  pollfd gone{connection, POLLIN, 0};
  while (!stop && poll(&gone, 1, 50) == 0) {
  }
}

void InvalidUtf8(int connection, const std::atomic<bool>& /*stop*/) {
  SendBody(connection, "bad{x=\"\xff\xfe\"} 1\n");
}

void RedirectLoop(int connection, const std::atomic<bool>& /*stop*/) {
  Send(connection,
       "HTTP/1.1 302 Found\r\nLocation: /loop\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
}

void LongLine(int connection, const std::atomic<bool>& /*stop*/) {
  SendBody(connection, "long{x=\"" + std::string(10'000'000, 'y') + "\"} 1\n");
}

void LongName(int connection, const std::atomic<bool>& /*stop*/) {
  SendBody(connection, std::string(10'000'000, 'n'));
}

void ManyLabels(int connection, const std::atomic<bool>& /*stop*/) {
  std::string line = "many{";
  for (int i = 0; i < 100'000; ++i) line += "l" + std::to_string(i) + "=\"some value\",";
  SendBody(connection, line + "} 1\n");
}

void CutShort(int connection, const std::atomic<bool>& /*stop*/) {
  Send(connection, std::string(kHead) + "Content-Length: 1000\r\n\r\ncut 1\n");
}

void Garbage(int connection, const std::atomic<bool>& /*stop*/) {
  Send(connection, "\x01\x02 not HTTP at all\r\n\r\n");
}

}  // namespace

const std::vector<HostileTarget::Misdeed>& HostileTarget::Misdeeds() {
  static const std::vector<Misdeed> misdeeds = {
      {"/endless", "body size limit exceeded", &Endless},
      {"/headers", "header", &EndlessHeaders},
      {"/bomb", "body size limit exceeded", &GzipBomb},
      {"/drip", "context deadline exceeded", &SlowDrip},
      {"/silence", "context deadline exceeded", &Silence},
      {"/utf8", "invalid UTF-8", &InvalidUtf8},
      {"/loop", "stopped after 10 redirects", &RedirectLoop},
      {"/line", "limit of 1048576", &LongLine},
      {"/name", "line 1, column ", &LongName},
      {"/labels", "more than 10000 labels", &ManyLabels},
      {"/cut", "unexpected EOF", &CutShort},
      {"/garbage", "malformed HTTP response", &Garbage},
  };
  return misdeeds;
}

HostileTarget::HostileTarget() {
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

HostileTarget::~HostileTarget() {
  stop_ = true;
  thread_.join();
  for (std::thread& connection : connections_) connection.join();
  close(listener_);
}

void HostileTarget::Serve() {
  while (!stop_) {
    pollfd ready{listener_, POLLIN, 0};
    if (poll(&ready, 1, 50) <= 0) continue;
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    connections_.emplace_back([this, connection] {
      timeval patience{2, 0};
      setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
      setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
      std::string request;
      char buffer[4096];
      while (request.find("\r\n\r\n") == std::string::npos) {
        const ssize_t n = read(connection, buffer, sizeof(buffer));
        if (n <= 0) break;
        request.append(buffer, static_cast<size_t>(n));
      }
      for (const Misdeed& misdeed : Misdeeds()) {
        if (request.starts_with("GET " + std::string(misdeed.path) + " ")) {
          misdeed.answer(connection, stop_);
        }
      }
      close(connection);
    });
  }
}

}  // namespace hearth::blackbox
