// http/oauth2_token.h
//
// Access tokens by the client credentials grant (RFC 6749, section 4.4). A token is kept until ten
// seconds before it expires, or until a server refuses it; requests that come while one is being
// fetched wait for that one.
//
// The client shows itself by Basic authentication and, when the server refuses that, by
// `client_id` and `client_secret` in the form; what worked is tried first from then on.
//
// Thread safety: as Authorizer. Ownership: borrows the IO thread and the clock.
#ifndef HEARTH_HTTP_OAUTH2_TOKEN_H_
#define HEARTH_HTTP_OAUTH2_TOKEN_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "http/authorizer.h"
#include "http/client.h"
#include "model/clock.h"

namespace hearth::http {

struct OAuth2Options {
  std::string token_url;
  std::string client_id;
  // The secret as it is now: asked for each request, so that a file may change. Must be quick.
  // Another secret than the token was fetched with makes a new token.
  std::function<absl::StatusOr<std::string>()> client_secret;
  std::vector<std::string> scopes;
  std::map<std::string, std::string> endpoint_params;  // More of the form; may replace grant_type.
  std::shared_ptr<const TlsContext> tls;               // Of the token URL; null = the system's CAs.
  std::shared_ptr<const Proxy> proxy;                  // Likewise; null = direct.
};

// A token as the server gave it.
struct OAuth2Token {
  std::string authorization;          // "Bearer abc"
  std::optional<TimeMs> lifetime_ms;  // Null = it does not expire.
};

// Reads the answer of a token server: JSON, or a form where the content type says so.
// kUnavailable in the words of Go's oauth2: `oauth2: "invalid_client"`,
// `oauth2: cannot fetch token: 503 Service Unavailable`, `oauth2: server response missing
// access_token`.
absl::StatusOr<OAuth2Token> ParseOAuth2Token(const FetchResult& answer);

class OAuth2Tokens : public Authorizer {
 public:
  OAuth2Tokens(IoThread* io, OAuth2Options options, const Clock* clock = &SystemClock::Get());

  void Authorize(Done done) override;
  void Refused(const std::string& value) override;

 private:
  enum class Style { kHeader, kForm };
  void Request(Style style);
  absl::StatusOr<FetchRequest> MakeRequest(Style style) const;
  void Answered(Style style, absl::StatusOr<FetchResult> answer);
  void Deliver(absl::StatusOr<OAuth2Token> token);

  const OAuth2Options options_;
  const Clock* const clock_;

  // On the IO thread only.
  std::optional<OAuth2Token> token_;
  TimeMs fetched_ms_ = 0;         // When token_ came.
  std::string token_secret_;      // What token_ was fetched with.
  std::string requested_secret_;  // What the running request was made with.
  std::optional<Style> style_;    // What has worked.
  std::vector<Done> waiters_;     // Not empty while a request runs.

  Client client_;  // Last: its callbacks use the rest.
};

}  // namespace hearth::http

#endif  // HEARTH_HTTP_OAUTH2_TOKEN_H_
