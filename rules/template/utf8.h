// rules/template/utf8.h
//
// Characters of UTF-8 text as Go's range over a string sees them: an invalid byte is U+FFFD, one
// byte wide. Classes are Unicode's (through RE2), case mappings the C library's.
//
// Thread safety: pure functions.
#ifndef HEARTH_RULES_TEMPLATE_UTF8_H_
#define HEARTH_RULES_TEMPLATE_UTF8_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace hearth::gotemplate {

inline constexpr char32_t kReplacement = 0xfffd;

// The character at `pos` (< text.size()) and how many bytes it takes.
struct Rune {
  char32_t code;
  size_t width;
};
Rune DecodeRune(std::string_view text, size_t pos);

// Surrogates and what is above U+10FFFF become U+FFFD.
void AppendRune(char32_t code, std::string* out);

bool IsLetter(char32_t code);
bool IsLetterOrDigit(char32_t code);
// Letters, marks, numbers, punctuation, symbols, and the ASCII space.
bool IsPrintable(char32_t code);

std::string ToUpper(std::string_view text);
std::string ToLower(std::string_view text);
// The first letter of each word in upper case, the rest as it is.
std::string ToTitle(std::string_view text);

}  // namespace hearth::gotemplate

#endif  // HEARTH_RULES_TEMPLATE_UTF8_H_
