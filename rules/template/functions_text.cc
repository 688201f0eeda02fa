// Strings, regular expressions, links and addresses.
#include <arpa/inet.h>

#include <optional>
#include <utility>

#include "model/regex.h"
#include "model/text.h"
#include "rules/template/escape.h"
#include "rules/template/function.h"
#include "rules/template/utf8.h"

namespace hearth::gotemplate {
namespace {

using Args = std::span<const Value>;

template <std::string (*kMap)(std::string_view)>
absl::StatusOr<Value> OfString(CallContext&, Args args) {
  return Value::String(kMap(args[0].text()));
}

absl::StatusOr<Value> Match(CallContext& context, Args args) {
  const absl::Status spent = context.budget->SpendBytes(args[1].text().size());
  if (!spent.ok()) return spent;
  const absl::StatusOr<SearchRegex> regex = SearchRegex::Compile(args[0].text());
  if (!regex.ok()) return regex.status();
  return Value::Bool(regex->Matches(args[1].text()));
}

absl::StatusOr<Value> ReReplaceAll(CallContext& context, Args args) {
  const std::string& pattern = args[0].text();
  const absl::Status spent = context.budget->SpendBytes(args[2].text().size());
  if (!spent.ok()) return spent;
  const absl::StatusOr<SearchRegex> regex = SearchRegex::Compile(pattern);
  if (!regex.ok()) {
    return absl::InvalidArgumentError(
        StrCat("regexp: Compile(`", pattern, "`): ", FromAbsl(regex.status().message())));
  }
  std::optional<std::string> text =
      regex->ReplaceAll(args[2].text(), args[1].text(), kMaxStringBytes);
  if (!text) {
    return absl::ResourceExhaustedError(StrCat("text is longer than ", kMaxStringBytes, " bytes"));
  }
  return Value::String(*std::move(text));
}

absl::StatusOr<Value> SafeHtml(CallContext&, Args args) { return Value::Html(args[0].text()); }

std::string GraphLink(std::string_view expr) {
  return StrCat("/graph?g0.expr=", EscapeUrlQuery(expr), "&g0.tab=0");
}

std::string TableLink(std::string_view expr) {
  return StrCat("/graph?g0.expr=", EscapeUrlQuery(expr), "&g0.tab=1");
}

struct HostPort {
  std::string_view host;
  std::string_view port;
};

// `host:port`, `[host]:port`. None when there is no port, or a colon too many.
std::optional<HostPort> SplitHostPort(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  HostPort split{text.substr(0, colon), text.substr(colon + 1)};
  std::string_view bracketless = split.host;
  if (text.starts_with('[')) {
    if (text.find(']') + 1 != colon) return std::nullopt;
    split.host = text.substr(1, colon - 2);
    bracketless = split.host;
  } else if (split.host.find(':') != std::string_view::npos) {
    return std::nullopt;
  }
  const auto has_bracket = [](std::string_view s) {
    return s.find_first_of("[]") != std::string_view::npos;
  };
  if (has_bracket(bracketless) || has_bracket(split.port)) return std::nullopt;
  return split;
}

bool IsIpAddress(std::string_view host) {
  unsigned char address[16];
  const std::string text(host);
  return inet_pton(AF_INET, text.c_str(), address) == 1 ||
         inet_pton(AF_INET6, text.c_str(), address) == 1;
}

std::string StripPort(std::string_view text) {
  const std::optional<HostPort> split = SplitHostPort(text);
  return std::string(split ? split->host : text);
}

// The first label of a host name; addresses stay.
std::string StripDomain(std::string_view text) {
  const HostPort split = SplitHostPort(text).value_or(HostPort{text, ""});
  if (IsIpAddress(split.host)) return std::string(text);
  const std::string_view host = split.host.substr(0, split.host.find('.'));
  if (split.port.empty()) return std::string(host);
  const bool brackets = host.find(':') != std::string_view::npos;
  return StrCat(brackets ? "[" : "", host, brackets ? "]:" : ":", split.port);
}

absl::StatusOr<Value> ExternalUrl(CallContext& context, Args) {
  return Value::String(context.environment.external_url);
}

// The path of the external URL.
absl::StatusOr<Value> PathPrefix(CallContext& context, Args) {
  std::string_view url = context.environment.external_url;
  url = url.substr(0, url.find_first_of("?#"));
  const size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) {
    const size_t path = url.find('/', scheme + 3);
    url = path == std::string_view::npos ? "" : url.substr(path);
  }
  return Value::String(std::string(url));
}

constexpr FunctionSpec kTextFunctions[] = {
    {.name = "externalURL", .kernel = &ExternalUrl},
    {.name = "graphLink", .params = kOneString, .kernel = &OfString<&GraphLink>},
    {.name = "match", .params = kTwoStrings, .kernel = &Match},
    {.name = "pathPrefix", .kernel = &PathPrefix},
    {.name = "reReplaceAll", .params = kThreeStrings, .kernel = &ReReplaceAll},
    {.name = "safeHtml", .params = kOneString, .kernel = &SafeHtml},
    {.name = "stripDomain", .params = kOneString, .kernel = &OfString<&StripDomain>},
    {.name = "stripPort", .params = kOneString, .kernel = &OfString<&StripPort>},
    {.name = "tableLink", .params = kOneString, .kernel = &OfString<&TableLink>},
    {.name = "title", .params = kOneString, .kernel = &OfString<&ToTitle>},
    {.name = "toLower", .params = kOneString, .kernel = &OfString<&ToLower>},
    {.name = "toUpper", .params = kOneString, .kernel = &OfString<&ToUpper>},
    {.name = "urlQueryEscape", .params = kOneString, .kernel = &OfString<&EscapeUrlQuery>},
};

}  // namespace

std::span<const FunctionSpec> TextFunctions() { return kTextFunctions; }

}  // namespace hearth::gotemplate
