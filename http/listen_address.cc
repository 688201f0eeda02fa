#include "http/listen_address.h"

#include <charconv>

#include "model/text.h"

namespace hearth::http {
namespace {

absl::Status AddressError(std::string_view text, std::string_view what) {
  return absl::InvalidArgumentError(StrCat("listen tcp: address ", text, ": ", what));
}

}  // namespace

absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return AddressError(text, "missing port in address");
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host.find_first_of(bracketed ? "[]" : "[]:") != std::string_view::npos) {
    return AddressError(text, bracketed ? "invalid host" : "too many colons in address");
  }
  ListenAddress address{.host = std::string(host)};
  const char* const end = port.data() + port.size();
  const auto result = std::from_chars(port.data(), end, address.port);
  if (port.empty() || result.ec != std::errc() || result.ptr != end) {
    return AddressError(text, "invalid port");
  }
  return address;
}

}  // namespace hearth::http
