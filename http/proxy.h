// http/proxy.h
//
// Which proxy a client asks for which URL: as `proxy_url`, `no_proxy` and `proxy_from_environment`
// of the configuration say.
//
// Thread safety: immutable once made.
#ifndef HEARTH_HTTP_PROXY_H_
#define HEARTH_HTTP_PROXY_H_

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "http/message.h"
#include "http/no_proxy.h"
#include "http/url.h"

namespace hearth::http {

class Proxy {
 public:
  // One proxy for all but what `no_proxy` names. When that is empty nothing is direct, not even
  // localhost.
  static Proxy To(std::string url, std::string_view no_proxy, Headers connect_headers);
  // HTTP_PROXY for http URLs, HTTPS_PROXY for https, but for what NO_PROXY names, and localhost;
  // each in lower case when the other is not set. Without a scheme a proxy is an http one. Reads
  // them now, by `variable`, which returns "" for one that is not set.
  static Proxy FromEnvironment(const std::function<std::string(const char*)>& variable,
                               Headers connect_headers);

  // Null = direct. kInvalidArgument: the proxy's URL is wrong, or no http or https one.
  absl::StatusOr<std::optional<Url>> For(const Url& target) const;
  // `proxy_connect_header`: of the CONNECT requests for https URLs.
  const Headers& connect_headers() const { return connect_headers_; }

 private:
  Proxy() = default;

  std::string http_url_, https_url_;  // By the target's scheme; "" = direct.
  std::optional<NoProxy> no_proxy_;
  Headers connect_headers_;
};

}  // namespace hearth::http

#endif  // HEARTH_HTTP_PROXY_H_
