// blackbox/hostile_target.h
//
// A target that means harm: what it does depends on the path it is asked for. Each connection has a
// thread of its own, so one that never ends does not keep the others waiting. Sockets only.
//
// Thread safety: none; one test owns it.
#ifndef HEARTH_BLACKBOX_HOSTILE_TARGET_H_
#define HEARTH_BLACKBOX_HOSTILE_TARGET_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace hearth::blackbox {

class HostileTarget {
 public:
  HostileTarget();
  ~HostileTarget();
  HostileTarget(const HostileTarget&) = delete;
  HostileTarget& operator=(const HostileTarget&) = delete;

  uint16_t port() const { return port_; }

  // A path, and what lastError of a target there has to contain.
  struct Misdeed {
    std::string_view path;
    std::string_view error;
    void (*answer)(int connection, const std::atomic<bool>& stop);
  };
  static const std::vector<Misdeed>& Misdeeds();

 private:
  void Serve();

  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<bool> stop_{false};
  std::vector<std::thread> connections_;  // Of the serving thread.
  std::thread thread_;
};

}  // namespace hearth::blackbox

#endif  // HEARTH_BLACKBOX_HOSTILE_TARGET_H_
