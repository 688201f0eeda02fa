#include "blackbox/private_network.h"

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace hearth::blackbox {
namespace {

std::string Failure(const std::string& what) { return what + ": " + std::strerror(errno); }

// Whoever is not root becomes so in a namespace of users.
bool BecomeRoot() {
  const std::string uid = std::to_string(geteuid()), gid = std::to_string(getegid());
  if (unshare(CLONE_NEWUSER) != 0) return false;
  std::ofstream("/proc/self/setgroups") << "deny";
  std::ofstream("/proc/self/uid_map") << "0 " << uid << " 1";
  std::ofstream("/proc/self/gid_map") << "0 " << gid << " 1";
  return geteuid() == 0;
}

bool RaiseLoopback() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  const bool raised = ioctl(fd, SIOCSIFFLAGS, &request) == 0;
  close(fd);
  return raised;
}

}  // namespace

std::string EnterPrivateNetwork(const std::string& resolv_conf) {
  if (geteuid() != 0 && !BecomeRoot()) return Failure("a namespace of users");
  if (unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) return Failure("namespaces of network and mounts");
  if (!RaiseLoopback()) return Failure("raising the loopback");
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return Failure("making mounts private");
  }
  if (mount(resolv_conf.c_str(), "/etc/resolv.conf", nullptr, MS_BIND, nullptr) != 0) {
    return Failure("mounting over /etc/resolv.conf");
  }
  return "";
}

}  // namespace hearth::blackbox
