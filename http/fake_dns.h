// http/fake_dns.h
//
// A name server that tests script: UDP on loopback, one question a message.
//
// Thread safety: all methods may be called from any thread.
#ifndef HEARTH_HTTP_FAKE_DNS_H_
#define HEARTH_HTTP_FAKE_DNS_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "model/mutex.h"

namespace hearth::http {

class FakeDns {
 public:
  enum class Type : uint16_t { kA = 1, kNs = 2, kMx = 15, kAaaa = 28, kSrv = 33 };
  enum Code : uint8_t { kNoError = 0, kServerFailure = 2, kNoSuchName = 3 };

  FakeDns();
  ~FakeDns();
  FakeDns(const FakeDns&) = delete;
  FakeDns& operator=(const FakeDns&) = delete;

  // A name that was never set does not exist.
  void SetAddresses(const std::string& name, Type type, const std::vector<std::string>& addresses);
  // Records that name hosts; the ports are those of SRV.
  void SetHosts(const std::string& name, Type type,
                const std::vector<std::pair<std::string, uint16_t>>& hosts);
  void Fail(const std::string& name, Code code) LOCKS_EXCLUDED(mu_);
  // Reads questions and does not answer them.
  void Hold() LOCKS_EXCLUDED(mu_);

  int questions() const LOCKS_EXCLUDED(mu_);
  std::string Address() const;  // "127.0.0.1:port"

 private:
  struct Zone {
    Code code = kNoError;
    std::vector<std::string> records;  // Their data, as on the wire.
  };
  void Set(const std::string& name, Type type, Zone zone) LOCKS_EXCLUDED(mu_);
  void Run() LOCKS_EXCLUDED(mu_);
  // "" when no answer is due.
  std::string AnswerTo(std::string_view question) LOCKS_EXCLUDED(mu_);

  int fd_ = -1;
  int port_ = 0;
  mutable Mutex mu_;
  std::map<std::pair<std::string, uint16_t>, Zone> zones_ GUARDED_BY(mu_);
  std::map<std::string, Code> failing_ GUARDED_BY(mu_);
  int questions_ GUARDED_BY(mu_) = 0;
  bool hold_ GUARDED_BY(mu_) = false;
  bool stopping_ GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace hearth::http

#endif  // HEARTH_HTTP_FAKE_DNS_H_
