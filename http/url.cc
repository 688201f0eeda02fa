#include "http/url.h"

#include <algorithm>
#include <charconv>

#include "absl/strings/escaping.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth::http {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

absl::Status UrlError(std::string_view text, std::string_view what) {
  // Only the front: this may be somebody's whole body.
  return absl::InvalidArgumentError(StrCat("parse \"", text.substr(0, 200), "\": ", what));
}

// Splits "host", "host:port", "[v6]" or "[v6]:port"; the port stays "" when absent.
bool SplitAuthority(std::string_view authority, std::string_view* host, std::string_view* port) {
  *port = {};
  if (!authority.empty() && authority.front() == '[') {
    const size_t close = authority.find(']');
    if (close == std::string_view::npos) return false;
    *host = authority.substr(1, close - 1);
    authority.remove_prefix(close + 1);
    if (authority.empty()) return true;
    if (authority.front() != ':') return false;
    *port = authority.substr(1);
    return true;
  }
  const size_t colon = authority.find(':');
  *host = authority.substr(0, colon);
  if (colon != std::string_view::npos) *port = authority.substr(colon + 1);
  return host->find(']') == std::string_view::npos && port->find(':') == std::string_view::npos;
}

std::string Bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : StrCat("[", host, "]");
}

}  // namespace

std::string Url::HostPort() const { return StrCat(Bracketed(host), ":", port); }

std::string Url::Authority() const {
  return port == (tls() ? 443 : 80) ? Bracketed(host) : HostPort();
}

absl::StatusOr<Url> ParseUrl(std::string_view text) {
  if (std::any_of(text.begin(), text.end(),
                  [](char c) { return static_cast<uint8_t>(c) <= 0x20 || c == 0x7f; })) {
    return UrlError(text, "invalid character in URL");
  }
  Url url;
  const size_t scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) return UrlError(text, "no scheme");
  for (const char c : text.substr(0, scheme_end)) {
    url.scheme.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  if (url.scheme != "http" && url.scheme != "https") {
    return UrlError(text, StrCat("unsupported protocol scheme \"", url.scheme, "\""));
  }
  std::string_view rest = text.substr(scheme_end + 3);
  rest = rest.substr(0, rest.find('#'));
  const size_t path_start = std::min(rest.find_first_of("/?"), rest.size());
  std::string_view authority = rest.substr(0, path_start);
  const std::string_view target = rest.substr(path_start);
  if (const size_t at = authority.rfind('@'); at != std::string_view::npos) {
    url.user_info.assign(authority.substr(0, at));
    authority.remove_prefix(at + 1);
  }
  std::string_view host, port;
  if (!SplitAuthority(authority, &host, &port)) return UrlError(text, "invalid host");
  if (host.empty()) return UrlError(text, "no host");
  url.host.assign(host);
  url.port = url.tls() ? 443 : 80;
  if (!port.empty()) {
    const auto result = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (result.ec != std::errc() || result.ptr != port.data() + port.size()) {
      return UrlError(text, StrCat("invalid port \":", port, "\" after host"));
    }
  }
  if (target.empty() || target.front() != '/') url.target.push_back('/');
  url.target.append(target);
  return url;
}

absl::StatusOr<Url> ResolveReference(const Url& base, std::string_view location) {
  // What precedes the first of these characters is a scheme when that character is a colon.
  const size_t delimiter = location.find_first_of(":/?#");
  if (delimiter != std::string_view::npos && location[delimiter] == ':') return ParseUrl(location);
  if (location.substr(0, 2) == "//") return ParseUrl(StrCat(base.scheme, ":", location));
  const std::string prefix = StrCat(base.scheme, "://", base.user_info,
                                    base.user_info.empty() ? "" : "@", base.HostPort());
  const std::string_view base_path = std::string_view(base.target).substr(0, base.target.find('?'));
  if (location.empty()) return ParseUrl(StrCat(prefix, base.target));
  if (location.front() == '/') return ParseUrl(StrCat(prefix, location));
  if (location.front() == '?') return ParseUrl(StrCat(prefix, base_path, location));
  return ParseUrl(StrCat(prefix, base_path.substr(0, base_path.rfind('/') + 1), location));
}

std::string PercentDecode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 &&
        HexDigit(text[i + 2]) >= 0) {
      out.push_back(static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2])));
      i += 2;
    } else {
      out.push_back(c == '+' && plus_is_space ? ' ' : c);
    }
  }
  return out;
}

std::string BasicAuthorization(const Url& url) {
  if (url.user_info.empty()) return "";
  const std::string_view info = url.user_info;
  const size_t colon = std::min(info.find(':'), info.size());
  const std::string_view password = info.substr(std::min(colon + 1, info.size()));
  return StrCat("Basic ", absl::Base64Escape(StrCat(PercentDecode(info.substr(0, colon), false),
                                                    ":", PercentDecode(password, false))));
}

std::string PercentEncode(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
        c == '_' || c == '.' || c == '~') {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(kHex[static_cast<uint8_t>(c) >> 4]);
      out.push_back(kHex[static_cast<uint8_t>(c) & 15]);
    }
  }
  return out;
}

absl::StatusOr<Params> ParseQuery(std::string_view query, size_t max_params) {
  Params params;
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    if (params.size() >= max_params) {
      return absl::InvalidArgumentError(StrCat("more than ", max_params, " parameters"));
    }
    const size_t equals = std::min(pair.find('='), pair.size());
    const std::string_view value = pair.substr(std::min(equals + 1, pair.size()));
    params.Add(PercentDecode(pair.substr(0, equals), /*plus_is_space=*/true),
               PercentDecode(value, /*plus_is_space=*/true));
  }
  return params;
}

}  // namespace hearth::http
