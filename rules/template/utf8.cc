#include "rules/template/utf8.h"

#include <locale.h>
#include <wctype.h>

#include "model/labels.h"
#include "re2/re2.h"

namespace hearth::gotemplate {
namespace {

bool Matches(char32_t code, const re2::RE2& pattern) {
  std::string text;
  AppendRune(code, &text);
  return re2::RE2::FullMatch(text, pattern);
}

// A locale of our own: the process' one is "C", which knows ASCII only.
locale_t Unicode() {
  static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return locale;
}

char32_t Upper(char32_t code) {
  if (code < 0x80) return code >= 'a' && code <= 'z' ? code - 32 : code;
  if (Unicode() == nullptr) return code;
  return static_cast<char32_t>(towupper_l(static_cast<wint_t>(code), Unicode()));
}

char32_t Lower(char32_t code) {
  if (code < 0x80) return code >= 'A' && code <= 'Z' ? code + 32 : code;
  if (Unicode() == nullptr) return code;
  return static_cast<char32_t>(towlower_l(static_cast<wint_t>(code), Unicode()));
}

template <typename Fn>
std::string MapRunes(std::string_view text, Fn fn) {
  std::string out;
  out.reserve(text.size());
  for (size_t pos = 0; pos < text.size();) {
    const Rune rune = DecodeRune(text, pos);
    AppendRune(fn(rune.code), &out);
    pos += rune.width;
  }
  return out;
}

// What joins two letters into one word (Unicode's word boundaries, WB6 and WB7).
bool JoinsLetters(char32_t code) {
  return code == '\'' || code == '.' || code == ':' || code == 0xb7 || code == 0x2019 ||
         code == 0x2018 || code == 0x2024 || code == 0x2027;
}

}  // namespace

Rune DecodeRune(std::string_view text, size_t pos) {
  const unsigned char first = static_cast<unsigned char>(text[pos]);
  if (first < 0x80) return {first, 1};
  const size_t width = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (pos + width > text.size() || !IsValidUtf8(text.substr(pos, width))) return {kReplacement, 1};
  char32_t code = first & (0xff >> (width + 1));
  for (size_t i = 1; i < width; ++i) {
    code = (code << 6) | (static_cast<unsigned char>(text[pos + i]) & 0x3f);
  }
  return {code, width};
}

void AppendRune(char32_t code, std::string* out) {
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) code = kReplacement;
  const auto tail = [&](int shift) {
    out->push_back(static_cast<char>(0x80 | ((code >> shift) & 0x3f)));
  };
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out->push_back(static_cast<char>(0xc0 | (code >> 6)));
    tail(0);
  } else if (code < 0x10000) {
    out->push_back(static_cast<char>(0xe0 | (code >> 12)));
    tail(6);
    tail(0);
  } else {
    out->push_back(static_cast<char>(0xf0 | (code >> 18)));
    tail(12);
    tail(6);
    tail(0);
  }
}

bool IsLetter(char32_t code) {
  static const re2::RE2 pattern(R"(\pL)");
  if (code < 0x80) return (code | 32) >= 'a' && (code | 32) <= 'z';
  return Matches(code, pattern);
}

bool IsLetterOrDigit(char32_t code) {
  static const re2::RE2 pattern(R"([\pL\p{Nd}])");
  if (code < 0x80) return IsLetter(code) || (code >= '0' && code <= '9');
  return Matches(code, pattern);
}

bool IsPrintable(char32_t code) {
  static const re2::RE2 pattern(R"([\pL\pM\pN\pP\pS])");
  if (code < 0x80) return code >= 0x20 && code < 0x7f;
  return Matches(code, pattern);
}

std::string ToUpper(std::string_view text) { return MapRunes(text, Upper); }
std::string ToLower(std::string_view text) { return MapRunes(text, Lower); }

std::string ToTitle(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool in_word = false;  // The character before belongs to a word.
  bool titled = false;   // That word has its capital.
  bool after_joint = false;
  for (size_t pos = 0; pos < text.size();) {
    const Rune rune = DecodeRune(text, pos);
    pos += rune.width;
    const bool letter = IsLetter(rune.code);
    const bool part = letter || IsLetterOrDigit(rune.code) || rune.code == '_';
    if (!part) {
      // A joint keeps the word open when a letter follows it.
      const bool joint = in_word && !after_joint && JoinsLetters(rune.code);
      after_joint = joint;
      in_word = joint;
      if (!joint) titled = false;
      AppendRune(rune.code, &out);
      continue;
    }
    if (after_joint && !letter) titled = false;
    after_joint = false;
    in_word = true;
    AppendRune(letter && !titled ? Upper(rune.code) : rune.code, &out);
    titled = titled || letter;
  }
  return out;
}

}  // namespace hearth::gotemplate
