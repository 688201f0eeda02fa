#include "http/proxy.h"

#include "model/text.h"

namespace hearth::http {
namespace {

std::string WithScheme(std::string url) {
  return url.empty() || url.find("://") != std::string::npos ? url : StrCat("http://", url);
}

}  // namespace

Proxy Proxy::To(std::string url, std::string_view no_proxy, Headers connect_headers) {
  Proxy proxy;
  proxy.http_url_ = url;
  proxy.https_url_ = std::move(url);
  if (!no_proxy.empty()) proxy.no_proxy_.emplace(no_proxy);
  proxy.connect_headers_ = std::move(connect_headers);
  return proxy;
}

Proxy Proxy::FromEnvironment(const std::function<std::string(const char*)>& variable,
                             Headers connect_headers) {
  const auto either = [&](const char* upper, const char* lower) {
    std::string value = variable(upper);
    return value.empty() ? variable(lower) : value;
  };
  Proxy proxy;
  proxy.http_url_ = WithScheme(either("HTTP_PROXY", "http_proxy"));
  proxy.https_url_ = WithScheme(either("HTTPS_PROXY", "https_proxy"));
  proxy.no_proxy_.emplace(either("NO_PROXY", "no_proxy"));
  proxy.connect_headers_ = std::move(connect_headers);
  return proxy;
}

absl::StatusOr<std::optional<Url>> Proxy::For(const Url& target) const {
  const std::string& url = target.tls() ? https_url_ : http_url_;
  if (url.empty() || (no_proxy_ && no_proxy_->Matches(target.host, target.port)))
    return std::optional<Url>();
  absl::StatusOr<Url> proxy = ParseUrl(url);
  if (proxy.ok()) return std::optional<Url>(*std::move(proxy));
  // Only the reason: the URL may hold a password.
  const std::string_view message = FromAbsl(proxy.status().message());
  const size_t quote = message.find("\": ");
  return absl::InvalidArgumentError(
      StrCat("proxy: ", message.substr(quote == std::string_view::npos ? 0 : quote + 3)));
}

}  // namespace hearth::http
