#include "http/no_proxy.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace hearth::http {
namespace {

std::string LowerTrimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return "";
  std::string out(text.substr(first, text.find_last_not_of(kSpace) - first + 1));
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

// "host:port" or "[v6]:port". False: there is no port, so that all of it is the host.
bool SplitPort(const std::string& entry, std::string* host, std::string* port) {
  const size_t colon = entry.rfind(':');
  if (colon == std::string::npos) return false;
  std::string front = entry.substr(0, colon);
  if (front.size() >= 2 && front.front() == '[' && front.back() == ']') {
    front = front.substr(1, front.size() - 2);
  } else if (front.find(':') != std::string::npos) {
    return false;  // An IPv6 address.
  }
  *host = std::move(front);
  *port = entry.substr(colon + 1);
  return true;
}

}  // namespace

NoProxy::NoProxy(std::string_view text) {
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    Add(LowerTrimmed(text.substr(0, comma)));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
}

bool NoProxy::ParseAddress(std::string_view text, Address* address, bool* v4) {
  const std::string terminated(text);
  *address = {};
  *v4 = inet_pton(AF_INET, terminated.c_str(), address->data() + 12) == 1;
  if (*v4) {
    (*address)[10] = (*address)[11] = 0xff;
    return true;
  }
  return inet_pton(AF_INET6, terminated.c_str(), address->data()) == 1;
}

bool NoProxy::AddNetwork(const std::string& entry) {
  const size_t slash = entry.find('/');
  if (slash == std::string::npos) return false;
  Network network{};
  bool v4 = false;
  if (!ParseAddress(std::string_view(entry).substr(0, slash), &network.address, &v4)) return false;
  const char* const end = entry.data() + entry.size();
  const auto [stop, error] = std::from_chars(entry.data() + slash + 1, end, network.prefix_bits);
  if (error != std::errc() || stop != end) return false;
  if (network.prefix_bits < 0 || network.prefix_bits > (v4 ? 32 : 128)) return false;
  if (v4) network.prefix_bits += 96;
  networks_.push_back(network);
  return true;
}

void NoProxy::Add(std::string entry) {
  if (entry.empty()) return;
  if (entry == "*") {
    everything_ = true;
    return;
  }
  if (AddNetwork(entry)) return;
  std::string host, port;
  if (!SplitPort(entry, &host, &port)) host = std::move(entry);
  if (host.empty()) return;
  Network network{{}, 128, port};
  bool v4 = false;
  if (ParseAddress(host, &network.address, &v4)) {
    networks_.push_back(std::move(network));
    return;
  }
  if (host.starts_with("*.")) host.erase(0, 1);
  const bool itself = host.front() != '.';
  domains_.push_back({itself ? "." + host : host, itself, port});
}

bool NoProxy::Matches(std::string_view host, uint16_t port) const {
  const std::string name = LowerTrimmed(host), port_text = std::to_string(port);
  if (everything_ || name == "localhost") return true;
  const auto port_fits = [&](const std::string& wanted) {
    return wanted.empty() || wanted == port_text;
  };
  Address address;
  bool v4 = false;
  if (ParseAddress(name, &address, &v4)) {
    const auto within = [&](const Address& network, int bits) {
      const size_t whole = static_cast<size_t>(bits) / 8;
      const int rest = 8 - bits % 8;
      return std::equal(network.begin(), network.begin() + whole, address.begin()) &&
             (rest == 8 || network[whole] >> rest == address[whole] >> rest);
    };
    static const NoProxy loopback("127.0.0.0/8, ::1/128");
    for (const NoProxy* rules : {&loopback, this}) {
      for (const Network& network : rules->networks_) {
        if (port_fits(network.port) && within(network.address, network.prefix_bits)) return true;
      }
    }
    return false;
  }
  return std::any_of(domains_.begin(), domains_.end(), [&](const Domain& domain) {
    return port_fits(domain.port) &&
           (name.ends_with(domain.suffix) ||
            (domain.itself && name == std::string_view(domain.suffix).substr(1)));
  });
}

}  // namespace hearth::http
