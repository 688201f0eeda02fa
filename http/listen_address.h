// http/listen_address.h
//
// "0.0.0.0:9090", ":9090", "[::1]:9090", "localhost:9090": where a server listens.
//
// Thread safety: pure functions.
#ifndef HEARTH_HTTP_LISTEN_ADDRESS_H_
#define HEARTH_HTTP_LISTEN_ADDRESS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace hearth::http {

struct ListenAddress {
  std::string host;  // Without brackets; empty = every address of this machine, IPv4 and IPv6.
  uint16_t port = 0;
};

// kInvalidArgument in Go's words: `listen tcp: address 9090: missing port in address`.
absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text);

}  // namespace hearth::http

#endif  // HEARTH_HTTP_LISTEN_ADDRESS_H_
