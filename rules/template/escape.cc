#include "rules/template/escape.h"

#include <cstdio>

#include "absl/strings/ascii.h"
#include "rules/template/utf8.h"

namespace hearth::gotemplate {

std::string EscapeHtml(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '\0':
        out += "\xef\xbf\xbd";
        break;
      case '"':
        out += "&#34;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string EscapeJavaScript(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t pos = 0; pos < text.size();) {
    const Rune rune = DecodeRune(text, pos);
    const char c = text[pos];
    if (rune.code == '\\' || rune.code == '\'' || rune.code == '"') {
      out += '\\';
      out += c;
    } else if (rune.code < ' ' || rune.code == '<' || rune.code == '>' || rune.code == '&' ||
               rune.code == '=' || (rune.code >= 0x80 && !IsPrintable(rune.code))) {
      char escape[16];
      std::snprintf(escape, sizeof(escape), "\\u%04X", static_cast<unsigned>(rune.code));
      out += escape;
    } else {
      out.append(text.substr(pos, rune.width));
    }
    pos += rune.width;
  }
  return out;
}

std::string EscapeUrlQuery(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) || c == '-' || c == '_' || c == '.' || c == '~') {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

}  // namespace hearth::gotemplate
