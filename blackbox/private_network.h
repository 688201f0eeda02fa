// blackbox/private_network.h
//
// A network and mounts of a test's own: nothing but the loopback, every port free, and an
// /etc/resolv.conf that names 127.0.0.1. What the test starts later lives there too.
//
// Thread safety: Enter is called once, before the process has a second thread.
#ifndef HEARTH_BLACKBOX_PRIVATE_NETWORK_H_
#define HEARTH_BLACKBOX_PRIVATE_NETWORK_H_

#include <string>

namespace hearth::blackbox {

// Moves this process into new namespaces, with `resolv_conf` (a path) in the place of
// /etc/resolv.conf. There is no way back. "" or why it is not permitted here; then the process may
// be half there, and the test should end.
std::string EnterPrivateNetwork(const std::string& resolv_conf);

}  // namespace hearth::blackbox

#endif  // HEARTH_BLACKBOX_PRIVATE_NETWORK_H_
