// http/fake_api.h
//
// A server that tests script: answers by target, over TCP on loopback or a Unix socket. Each answer
// closes its connection.
//
// Thread safety: all methods may be called from any thread.
#ifndef HEARTH_HTTP_FAKE_API_H_
#define HEARTH_HTTP_FAKE_API_H_

#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "model/mutex.h"

namespace hearth::http {

class FakeApi {
 public:
  // Listens on a free port of 127.0.0.1, or on a Unix socket at `unix_path` (at most 107 bytes).
  explicit FakeApi(std::string unix_path = "");
  ~FakeApi();
  FakeApi(const FakeApi&) = delete;
  FakeApi& operator=(const FakeApi&) = delete;

  // What a target (path and query as sent) is answered with; 404 for all others.
  void Answer(std::string_view target, std::string_view body, int status = 200,
              std::string_view content_type = "application/json") LOCKS_EXCLUDED(mu_);
  // Takes requests and does not answer them.
  void Hold() LOCKS_EXCLUDED(mu_);

  int port() const { return port_; }
  std::string Url() const;  // "http://127.0.0.1:port"
  // The requests that came, heads and bodies, in order.
  std::vector<std::string> Requests() const LOCKS_EXCLUDED(mu_);

 private:
  struct Canned {
    int status;
    std::string content_type, body;
  };
  void Run() LOCKS_EXCLUDED(mu_);
  void Serve(int fd) LOCKS_EXCLUDED(mu_);

  const std::string unix_path_;
  int listen_fd_ = -1;
  int port_ = 0;
  mutable Mutex mu_;
  std::map<std::string, Canned, std::less<>> answers_ GUARDED_BY(mu_);
  std::vector<std::string> requests_ GUARDED_BY(mu_);
  std::vector<int> held_ GUARDED_BY(mu_);
  bool hold_ GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace hearth::http

#endif  // HEARTH_HTTP_FAKE_API_H_
