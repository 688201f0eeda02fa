// http/no_proxy.h
//
// Which hosts are asked directly although there is a proxy: the text of `no_proxy` and NO_PROXY,
// read as Go's golang.org/x/net/http/httpproxy documents it. Entries are separated by commas:
//
//   example.com, example.com:8080    the host and every host below it; with a port, that port only
//   .example.com, *.example.com      only hosts below it
//   10.0.0.1, 10.0.0.1:80, [::1]:80  that address
//   10.0.0.0/8, fd00::/8             addresses of the network
//   *                                everything
//
// "localhost" and loopback addresses are direct always. Case does not matter. Names are not
// resolved.
//
// Thread safety: immutable once made.
#ifndef HEARTH_HTTP_NO_PROXY_H_
#define HEARTH_HTTP_NO_PROXY_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::http {

class NoProxy {
 public:
  // Entries that mean nothing are skipped.
  explicit NoProxy(std::string_view text);

  // `host` without brackets.
  bool Matches(std::string_view host, uint16_t port) const;

 private:
  using Address = std::array<uint8_t, 16>;  // IPv4 as ::ffff:a.b.c.d.
  struct Network {
    Address address;
    int prefix_bits;   // 128 = this address alone.
    std::string port;  // "" = all.
  };
  struct Domain {
    std::string suffix;  // ".example.com"
    bool itself;         // Also "example.com".
    std::string port;    // "" = all.
  };
  static bool ParseAddress(std::string_view text, Address* address, bool* v4);
  void Add(std::string entry);
  bool AddNetwork(const std::string& entry);

  bool everything_ = false;
  std::vector<Network> networks_;
  std::vector<Domain> domains_;
};

}  // namespace hearth::http

#endif  // HEARTH_HTTP_NO_PROXY_H_
