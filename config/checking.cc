#include "config/checking.h"

#include <algorithm>
#include <cctype>

#include "model/labels.h"
#include "model/text.h"

namespace hearth::config_internal {

absl::Status Invalid(std::string_view message) {
  return absl::InvalidArgumentError(ToAbsl(message));
}

std::string Quoted(std::string_view text) {
  std::string out;
  AppendQuoted(text, &out);
  return out;
}

std::string Lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

bool EndsWith(std::string_view text, std::string_view suffix) {
  return text.size() >= suffix.size() && text.substr(text.size() - suffix.size()) == suffix;
}

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

absl::Status CheckLabels(const StringMapConfig& labels) {
  for (const auto& [name, value] : labels) {
    if (name.empty() || !IsValidUtf8(name))
      return Invalid(StrCat(Quoted(name), " is not a valid label name"));
    if (!IsValidUtf8(value)) return Invalid(StrCat(Quoted(value), " is not a valid label value"));
  }
  return absl::OkStatus();
}

std::optional<UrlParts> SplitUrl(std::string_view url) {
  for (size_t i = 0; i < url.size(); ++i) {
    const auto c = static_cast<unsigned char>(url[i]);
    if (c < 0x20 || c == 0x7f) return std::nullopt;
    if (c != '%') continue;
    if (i + 2 >= url.size() || std::isxdigit(static_cast<unsigned char>(url[i + 1])) == 0 ||
        std::isxdigit(static_cast<unsigned char>(url[i + 2])) == 0) {
      return std::nullopt;
    }
  }
  UrlParts parts;
  const size_t colon = url.find_first_of(":/?#");
  if (colon != std::string_view::npos && url[colon] == ':') {
    if (colon == 0) return std::nullopt;
    parts.scheme = url.substr(0, colon);
    url.remove_prefix(colon + 1);
  }
  if (url.substr(0, 2) != "//") return parts;
  url.remove_prefix(2);
  url = url.substr(0, url.find_first_of("/?#"));
  if (const size_t at = url.rfind('@'); at != std::string_view::npos) url.remove_prefix(at + 1);
  if (url.find(' ') != std::string_view::npos) return std::nullopt;
  const size_t port = url.find(':', std::min(url.size(), url.rfind(']') + 1));
  if (port != std::string_view::npos &&
      url.find_first_not_of("0123456789", port + 1) != std::string_view::npos) {
    return std::nullopt;
  }
  parts.host = url;
  return parts;
}

absl::Status CheckUrl(std::string_view url) {
  if (SplitUrl(url)) return absl::OkStatus();
  return Invalid(StrCat("parse ", Quoted(url), ": invalid URL"));
}

}  // namespace hearth::config_internal
