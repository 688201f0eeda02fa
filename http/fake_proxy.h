// http/fake_proxy.h
//
// A forward proxy of a test on 127.0.0.1: takes whole URLs and CONNECT. Whatever host a request
// names, it is 127.0.0.1, so tests may use names that do not exist.
//
// Thread safety: all methods may be called from any thread.
#ifndef HEARTH_HTTP_FAKE_PROXY_H_
#define HEARTH_HTTP_FAKE_PROXY_H_

#include <memory>
#include <string>
#include <vector>

namespace hearth::http {

class FakeProxy {
 public:
  // With `authorization`, answers 407 to requests whose Proxy-Authorization is not just that.
  explicit FakeProxy(std::string authorization = "");
  ~FakeProxy();
  FakeProxy(const FakeProxy&) = delete;
  FakeProxy& operator=(const FakeProxy&) = delete;

  int port() const;
  std::string HostPort() const;  // "127.0.0.1:port"
  // Heads of the requests that came, in order.
  std::vector<std::string> Requests() const;

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::http

#endif  // HEARTH_HTTP_FAKE_PROXY_H_
