// http/url.h
//
// URLs and their query strings, as far as a monitoring server needs them (RFC 3986; forms by the
// WHATWG rules).
//
// Thread safety: pure functions.
#ifndef HEARTH_HTTP_URL_H_
#define HEARTH_HTTP_URL_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "http/message.h"

namespace hearth::http {

// An absolute URL with scheme http or https.
struct Url {
  std::string scheme;     // "http" or "https"
  std::string user_info;  // As written, still escaped; "" when absent.
  std::string host;       // Without the brackets of an IPv6 address.
  uint16_t port = 0;      // 80 or 443 when the text has none.
  std::string target;     // Path and query as sent; at least "/". The fragment is dropped.

  bool tls() const { return scheme == "https"; }
  // "host:port" with brackets where they are needed; the default port is left out. What a Host
  // header holds.
  std::string Authority() const;
  // The same, with the port always there.
  std::string HostPort() const;
};

// kInvalidArgument: no or another scheme, no host, a port out of range, blanks or control
// characters.
absl::StatusOr<Url> ParseUrl(std::string_view text);

// Resolves a Location header against the URL that was fetched. The location is absolute, or starts
// with "//", "/" or "?", or is relative to the last segment of the path.
absl::StatusOr<Url> ResolveReference(const Url& base, std::string_view location);

// The value of Authorization, or of Proxy-Authorization, for the user and password in a URL; ""
// without them.
std::string BasicAuthorization(const Url& url);

// "%41" and, with `plus_is_space`, "+". A stray percent sign is kept as it is.
std::string PercentDecode(std::string_view text, bool plus_is_space);
// Everything but letters, digits and "-_.~" becomes %XX.
std::string PercentEncode(std::string_view text);

// Decodes "a=1&b=2&a=3". At most `max_params`; kInvalidArgument beyond.
absl::StatusOr<Params> ParseQuery(std::string_view query, size_t max_params = 10'000);

}  // namespace hearth::http

#endif  // HEARTH_HTTP_URL_H_
