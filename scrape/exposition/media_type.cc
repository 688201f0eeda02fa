#include "scrape/exposition/media_type.h"

#include <algorithm>
#include <set>

namespace hearth {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

std::string_view TrimLeft(std::string_view s) {
  return s.substr(std::min(s.find_first_not_of(kSpace), s.size()));
}

std::string_view Trim(std::string_view s) {
  s = TrimLeft(s);
  return s.substr(0, s.find_last_not_of(kSpace) + 1);
}

std::string Lower(std::string_view s) {
  std::string out(s);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

// The bytes of a token of RFC 2045.
bool IsTokenByte(char c) {
  return c > ' ' && c < 0x7f &&
         std::string_view("()<>@,;:\\\"/[]?=").find(c) == std::string_view::npos;
}

// Takes a token off the front of *s; empty when none stands there.
std::string_view TakeToken(std::string_view* s) {
  const auto end = std::find_if_not(s->begin(), s->end(), IsTokenByte);
  const std::string_view token = s->substr(0, static_cast<size_t>(end - s->begin()));
  s->remove_prefix(token.size());
  return token;
}

bool Take(char c, std::string_view* s) {
  if (s->empty() || s->front() != c) return false;
  s->remove_prefix(1);
  return true;
}

// Takes a string in quotes, or a token that is not empty.
bool TakeValue(std::string_view* s) {
  if (!Take('"', s)) return !TakeToken(s).empty();
  for (size_t i = 0; i < s->size(); ++i) {
    if ((*s)[i] == '\\' && i + 1 < s->size()) {
      ++i;
    } else if ((*s)[i] == '"') {
      s->remove_prefix(i + 1);
      return true;
    } else if ((*s)[i] == '\r' || (*s)[i] == '\n') {
      return false;
    }
  }
  return false;
}

}  // namespace

std::optional<std::string> ParseMediaType(std::string_view content_type) {
  const size_t semicolon = std::min(content_type.find(';'), content_type.size());
  const std::string_view type = Trim(content_type.substr(0, semicolon));
  std::string_view rest = type;
  if (TakeToken(&rest).empty()) return std::nullopt;
  if (!rest.empty() && (!Take('/', &rest) || TakeToken(&rest).empty() || !rest.empty())) {
    return std::nullopt;
  }
  std::set<std::string> names;
  for (rest = TrimLeft(content_type.substr(semicolon)); !rest.empty(); rest = TrimLeft(rest)) {
    if (Trim(rest) == ";") break;  // A last semicolon says nothing.
    if (!Take(';', &rest)) return std::nullopt;
    rest = TrimLeft(rest);
    const std::string_view name = TakeToken(&rest);
    rest = TrimLeft(rest);
    if (name.empty() || !Take('=', &rest)) return std::nullopt;
    rest = TrimLeft(rest);
    if (!TakeValue(&rest) || !names.insert(Lower(name)).second) return std::nullopt;
  }
  return Lower(type);
}

}  // namespace hearth
