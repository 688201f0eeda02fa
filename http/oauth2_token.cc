#include "http/oauth2_token.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "absl/strings/escaping.h"
#include "http/url.h"
#include "model/status.h"
#include "model/text.h"
#include "nlohmann/json.hpp"

namespace hearth::http {
namespace {

constexpr TimeMs kExpiryMarginMs = 10'000;
constexpr TimeMs kTokenTimeoutMs = 30'000;
constexpr size_t kAnswerBytesMax = 1 << 20;
constexpr size_t kShownBytesMax = 200;       // Of an answer, in an error.
constexpr double kLifetimeSecondsMax = 1e9;  // More is as good as for ever.

absl::Status TokenError(std::string_view what) {
  return absl::UnavailableError(StrCat("oauth2: ", what));
}

// The front of what somebody sent, fit for a message.
std::string Shown(std::string_view text) {
  std::string shown(text.substr(0, kShownBytesMax));
  for (char& c : shown) {
    if (c < ' ' || c > '~') c = '?';
  }
  return shown;
}

// The fields of an answer that we look at, as text; those that are missing stay empty.
struct Answer {
  std::string access_token, token_type, expires_in, error, error_description;
};

std::string_view MediaType(const FetchResult& answer) {
  const std::string_view type = answer.headers.Get("Content-Type");
  return type.substr(0, type.find_first_of("; \t"));
}

Answer ReadForm(const std::string& body) {
  const absl::StatusOr<Params> form = ParseQuery(body);
  if (!form.ok()) return {};
  const auto get = [&](std::string_view name) { return std::string(form->Get(name)); };
  return {get("access_token"), get("token_type"), get("expires_in"), get("error"),
          get("error_description")};
}

absl::StatusOr<Answer> ReadJson(const std::string& body) {
  // Only the members of the outermost object are built, however deep the text goes.
  const auto flat = [](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    return depth <= 1;
  };
  const nlohmann::json json = nlohmann::json::parse(body, flat, /*allow_exceptions=*/false);
  if (!json.is_object()) return TokenError("cannot parse json: no object");
  const auto get = [&](const char* name) -> std::string {
    const auto it = json.find(name);
    if (it == json.end()) return "";
    if (it->is_string()) return it->get<std::string>();
    return it->is_number() ? it->dump() : "";
  };
  return Answer{get("access_token"), get("token_type"), get("expires_in"), get("error"),
                get("error_description")};
}

// The scheme of the Authorization header; Go's oauth2 corrects the case of those it knows.
std::string Scheme(const std::string& token_type) {
  for (const std::string_view known : {"Bearer", "MAC", "Basic"}) {
    if (EqualsIgnoreCase(token_type, known)) return std::string(known);
  }
  return token_type.empty() ? "Bearer" : token_type;
}

// Null: no number, or none that is a time. Zero and less is none either, as in Go.
std::optional<TimeMs> LifetimeMs(const std::string& expires_in) {
  double seconds = 0;
  const char* const end = expires_in.data() + expires_in.size();
  const auto [stop, error] = std::from_chars(expires_in.data(), end, seconds);
  if (error != std::errc() || stop != end || !(seconds > 0)) return std::nullopt;
  return static_cast<TimeMs>(std::min(seconds, kLifetimeSecondsMax) * 1000);
}

bool FitForAHeader(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace

absl::StatusOr<OAuth2Token> ParseOAuth2Token(const FetchResult& answer) {
  const bool good = answer.status >= 200 && answer.status <= 299;
  const std::string_view type = MediaType(answer);
  Answer fields;
  if (type == "application/x-www-form-urlencoded" || type == "text/plain") {
    fields = ReadForm(answer.body);
  } else {
    absl::StatusOr<Answer> json = ReadJson(answer.body);
    if (!json.ok() && good) return json.status();
    if (json.ok()) fields = *std::move(json);
  }
  if (!fields.error.empty()) {
    return TokenError(
        fields.error_description.empty()
            ? StrCat("\"", Shown(fields.error), "\"")
            : StrCat("\"", Shown(fields.error), "\" \"", Shown(fields.error_description), "\""));
  }
  if (!good) {
    return TokenError(StrCat("cannot fetch token: ", answer.status, " ", StatusText(answer.status),
                             answer.body.empty() ? "" : ": ", Shown(answer.body)));
  }
  if (fields.access_token.empty()) return TokenError("server response missing access_token");
  if (!FitForAHeader(fields.access_token) || !FitForAHeader(fields.token_type))
    return TokenError("the token has characters that no header may have");
  return OAuth2Token{StrCat(Scheme(fields.token_type), " ", fields.access_token),
                     LifetimeMs(fields.expires_in)};
}

OAuth2Tokens::OAuth2Tokens(IoThread* io, OAuth2Options options, const Clock* clock)
    : options_(std::move(options)),
      clock_(clock),
      client_(io, options_.tls, ClientOptions{.proxy = options_.proxy}) {}

void OAuth2Tokens::Authorize(Done done) {
  absl::StatusOr<std::string> secret = options_.client_secret();
  if (!secret.ok()) return done(TokenError(FromAbsl(secret.status().message())));
  if (token_ && token_secret_ == *secret) {
    const TimeMs age_ms = clock_->NowMs() - fetched_ms_;
    if (!token_->lifetime_ms || age_ms < *token_->lifetime_ms - kExpiryMarginMs)
      return done(Authorization{token_->authorization, /*from_cache=*/true});
  }
  waiters_.push_back(std::move(done));
  if (waiters_.size() > 1) return;
  requested_secret_ = *std::move(secret);
  Request(style_.value_or(Style::kHeader));
}

void OAuth2Tokens::Refused(const std::string& value) {
  if (token_ && token_->authorization == value) token_.reset();
}

absl::StatusOr<FetchRequest> OAuth2Tokens::MakeRequest(Style style) const {
  std::map<std::string, std::string> form = options_.endpoint_params;
  form.emplace("grant_type", "client_credentials");
  if (!options_.scopes.empty()) {
    std::string scope;
    for (const std::string& one : options_.scopes) StrAppend(&scope, scope.empty() ? "" : " ", one);
    if (!form.emplace("scope", scope).second)
      return TokenError("cannot overwrite parameter \"scope\"");
  }
  FetchRequest request;
  request.method = "POST";
  request.url = options_.token_url;
  request.timeout_ms = kTokenTimeoutMs;
  request.body_bytes_max = kAnswerBytesMax;
  request.headers.Set("Content-Type", "application/x-www-form-urlencoded");
  if (style == Style::kHeader) {
    request.headers.Set(
        "Authorization",
        StrCat("Basic ", absl::Base64Escape(StrCat(PercentEncode(options_.client_id), ":",
                                                   PercentEncode(requested_secret_)))));
  } else {
    form.emplace("client_id", options_.client_id);
    if (!requested_secret_.empty()) form.emplace("client_secret", requested_secret_);
  }
  for (const auto& [name, value] : form) {
    StrAppend(&request.body, request.body.empty() ? "" : "&", PercentEncode(name), "=",
              PercentEncode(value));
  }
  return request;
}

void OAuth2Tokens::Request(Style style) {
  absl::StatusOr<FetchRequest> request = MakeRequest(style);
  if (!request.ok()) return Deliver(request.status());
  client_.Fetch(*std::move(request), [this, style](absl::StatusOr<FetchResult> answer) {
    Answered(style, std::move(answer));
  });
}

void OAuth2Tokens::Answered(Style style, absl::StatusOr<FetchResult> answer) {
  if (!answer.ok()) {
    return Deliver(TokenError(StrCat("cannot fetch token: ", FromAbsl(answer.status().message()))));
  }
  absl::StatusOr<OAuth2Token> token = ParseOAuth2Token(*answer);
  if (!token.ok() && !style_ && style == Style::kHeader) return Request(Style::kForm);
  if (token.ok()) style_ = style;
  Deliver(std::move(token));
}

void OAuth2Tokens::Deliver(absl::StatusOr<OAuth2Token> token) {
  if (token.ok()) {
    token_ = *token;
    token_secret_ = requested_secret_;
    fetched_ms_ = clock_->NowMs();
  }
  // A waiter may ask again at once.
  for (const Done& done : std::exchange(waiters_, {})) {
    token.ok() ? done(Authorization{token->authorization, /*from_cache=*/false})
               : done(token.status());
  }
}

}  // namespace hearth::http
