#include "http/fake_proxy.h"

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <cstdlib>
#include <thread>

#include "http/fake_relay.h"
#include "model/mutex.h"

namespace hearth::http {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;
using ErrorCode = boost::system::error_code;

class FakeProxy::Impl {
 public:
  explicit Impl(std::string authorization)
      : authorization_(std::move(authorization)),
        acceptor_(context_, Tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
        port_(acceptor_.local_endpoint().port()) {
    Accept();
    thread_ = std::thread([this] { context_.run(); });
  }
  ~Impl() {
    context_.stop();
    thread_.join();
  }
  int port() const { return port_; }
  std::vector<std::string> Requests() const {
    MutexLock lock(&mu_);
    return requests_;
  }

 private:
  using Socket = std::shared_ptr<Tcp::socket>;

  void Accept() {
    const auto client = std::make_shared<Tcp::socket>(context_);
    acceptor_.async_accept(*client, [this, client](ErrorCode error) {
      if (error) return;
      const auto head = std::make_shared<std::string>();
      asio::async_read_until(*client, asio::dynamic_buffer(*head), "\r\n\r\n",
                             [this, client, head](ErrorCode failed, size_t) {
                               if (!failed) Serve(client, *head);
                             });
      Accept();
    });
  }

  void Serve(const Socket& client, const std::string& head) {
    {
      MutexLock lock(&mu_);
      requests_.push_back(head);
    }
    if (!authorization_.empty() &&
        head.find("Proxy-Authorization: " + authorization_ + "\r\n") == std::string::npos) {
      return Answer(client,
                    "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n"
                    "Connection: close\r\n\r\n");
    }
    // "CONNECT host:port HTTP/1.1" or "GET http://host:port/path HTTP/1.1".
    const size_t space = head.find(' ') + 1;
    const std::string target = head.substr(space, head.find(' ', space) - space);
    if (head.starts_with("CONNECT ")) return Forward(client, target, "");
    const size_t host = std::min(target.find("://"), target.size() - 3) + 3;
    const size_t path = std::min(target.find('/', host), target.size());
    const size_t line_end = head.find("\r\n") + 2;
    Forward(client, target.substr(host, path - host),
            head.substr(0, space) + target.substr(path) +
                " HTTP/1.1\r\nConnection: close\r\nVia: 1.1 fake\r\n" + head.substr(line_end));
  }

  // Connects to the port of `authority`, sends `request` or, for a tunnel, tells the client, and
  // lets both talk.
  void Forward(const Socket& client, const std::string& authority, const std::string& request) {
    const auto target = std::make_shared<Tcp::socket>(context_);
    const size_t colon = authority.rfind(':');
    const int port = colon == std::string::npos ? 80 : std::atoi(authority.c_str() + colon + 1);
    ErrorCode error;
    target->connect(Tcp::endpoint(asio::ip::address_v4::loopback(), static_cast<uint16_t>(port)),
                    error);
    if (error) {
      return Answer(client,
                    "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    if (request.empty()) {
      asio::write(*client, asio::buffer(std::string("HTTP/1.1 200 Connection established\r\n\r\n")),
                  error);
    } else {
      asio::write(*target, asio::buffer(request), error);
    }
    std::make_shared<FakeRelay<Tcp::socket, Tcp::socket>>(client, target)->Start();
  }

  static void Answer(const Socket& client, const std::string& answer) {
    ErrorCode ignored;
    asio::write(*client, asio::buffer(answer), ignored);
  }

  const std::string authorization_;
  asio::io_context context_;
  Tcp::acceptor acceptor_;
  const int port_;
  mutable Mutex mu_;
  std::vector<std::string> requests_ GUARDED_BY(mu_);
  std::thread thread_;
};

FakeProxy::FakeProxy(std::string authorization)
    : impl_(std::make_unique<Impl>(std::move(authorization))) {}

FakeProxy::~FakeProxy() = default;

int FakeProxy::port() const { return impl_->port(); }

std::string FakeProxy::HostPort() const { return "127.0.0.1:" + std::to_string(port()); }

std::vector<std::string> FakeProxy::Requests() const { return impl_->Requests(); }

}  // namespace hearth::http
