// blackbox/http_fixture.h
//
// A target of a test: answers every request with one body, which may be changed. Sockets only, so
// that it shares no code with what it tests.
//
// Thread safety: Set may be called from the test while the fixture serves from its own thread.
#ifndef HEARTH_BLACKBOX_HTTP_FIXTURE_H_
#define HEARTH_BLACKBOX_HTTP_FIXTURE_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

#include "model/mutex.h"

namespace hearth::blackbox {

class HttpFixture {
 public:
  HttpFixture(std::string body, std::string content_type);
  ~HttpFixture();
  HttpFixture(const HttpFixture&) = delete;
  HttpFixture& operator=(const HttpFixture&) = delete;

  uint16_t port() const { return port_; }
  // `status` as in "200 OK".
  void Set(std::string body, std::string status = "200 OK");
  int requests() const { return requests_.load(); }

 private:
  void Serve();

  const std::string content_type_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<bool> stop_{false};
  std::atomic<int> requests_{0};
  Mutex mu_;
  std::string body_ GUARDED_BY(mu_);
  std::string status_ GUARDED_BY(mu_) = "200 OK";
  std::thread thread_;
};

}  // namespace hearth::blackbox

#endif  // HEARTH_BLACKBOX_HTTP_FIXTURE_H_
