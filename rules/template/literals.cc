#include "rules/template/literals.h"

#include <cmath>
#include <cstdlib>
#include <optional>

#include "absl/strings/ascii.h"
#include "model/labels.h"
#include "model/status.h"
#include "model/text.h"
#include "rules/template/utf8.h"

namespace hearth::gotemplate {
namespace {

absl::Status InvalidSyntax() { return absl::InvalidArgumentError("invalid syntax"); }

std::string Quoted(std::string_view text) {
  std::string out;
  AppendQuoted(text, &out);
  return out;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

int DigitValue(char c) {
  if (IsDigit(c)) return c - '0';
  const char lower = absl::ascii_tolower(static_cast<unsigned char>(c));
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 16;
}

std::optional<uint32_t> ReadDigits(std::string_view text, size_t* pos, int count, uint32_t base) {
  uint32_t value = 0;
  for (int i = 0; i < count; ++i, ++*pos) {
    if (*pos >= text.size()) return std::nullopt;
    const auto digit = static_cast<uint32_t>(DigitValue(text[*pos]));
    if (digit >= base) return std::nullopt;
    value = value * base + digit;
  }
  return value;
}

// What an escape stands for: a character, or (octal and \x) one byte.
struct Escaped {
  uint32_t code;
  bool is_byte;
};

// `*pos` is behind the backslash.
std::optional<Escaped> ReadEscape(std::string_view text, size_t* pos, char quote) {
  static constexpr std::string_view kLetters = "abfnrtv\\";
  static constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\";
  if (*pos >= text.size()) return std::nullopt;
  const char c = text[*pos];
  if (c >= '0' && c <= '7') {
    const auto value = ReadDigits(text, pos, 3, 8);
    if (!value || *value > 255) return std::nullopt;
    return Escaped{*value, true};
  }
  ++*pos;
  if (const size_t i = kLetters.find(c); i != std::string_view::npos) {
    return Escaped{static_cast<uint32_t>(kMeanings[i]), false};
  }
  if (c == quote) return Escaped{static_cast<uint32_t>(c), false};
  if (c != 'x' && c != 'u' && c != 'U') return std::nullopt;
  const auto value = ReadDigits(text, pos, c == 'x' ? 2 : c == 'u' ? 4 : 8, 16);
  if (!value) return std::nullopt;
  if (c == 'x') return Escaped{*value, true};
  if (*value > 0x10ffff || (*value >= 0xd800 && *value < 0xe000)) return std::nullopt;
  return Escaped{*value, false};
}

// Underscores stand between digits only; a base's prefix counts as one.
bool UnderscoresSeparateDigits(std::string_view text) {
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) text.remove_prefix(1);
  char before = '^';
  size_t pos = 0;
  bool hex = false;
  if (text.size() >= 2 && text[0] == '0') {
    const char base = absl::ascii_tolower(static_cast<unsigned char>(text[1]));
    if (base == 'b' || base == 'o' || base == 'x') {
      hex = base == 'x';
      before = '0';
      pos = 2;
    }
  }
  for (; pos < text.size(); ++pos) {
    const char c = text[pos];
    if (IsDigit(c) || (hex && DigitValue(c) < 16)) {
      before = '0';
    } else if (c == '_') {
      if (before != '0') return false;
      before = '_';
    } else {
      if (before == '_') return false;
      before = '!';
    }
  }
  return before != '_';
}

// Go's syntax of integers. `negative` and `magnitude` when it is one that fits 64 bits.
struct Integer {
  bool negative;
  uint64_t magnitude;
};

std::optional<Integer> ReadInteger(std::string_view text) {
  if (!UnderscoresSeparateDigits(text)) return std::nullopt;
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  uint64_t base = 10;
  if (text.size() > 1 && text[0] == '0') {
    const char letter = absl::ascii_tolower(static_cast<unsigned char>(text[1]));
    base = letter == 'x' ? 16 : letter == 'b' ? 2 : 8;
    text.remove_prefix(letter == 'x' || letter == 'b' || letter == 'o' ? 2 : 1);
  }
  if (text.empty()) return std::nullopt;
  uint64_t value = 0;
  for (const char c : text) {
    if (c == '_') continue;
    const auto digit = static_cast<uint64_t>(DigitValue(c));
    if (digit >= base || value > (UINT64_MAX - digit) / base) return std::nullopt;
    value = value * base + digit;
  }
  return Integer{negative, value};
}

// Decimal, or hexadecimal with an exponent; `text` without underscores and sign.
bool IsFloatSyntax(std::string_view text) {
  const bool hex = text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
  if (hex) text.remove_prefix(2);
  size_t pos = 0;
  size_t digits = 0;
  bool dot = false;
  for (; pos < text.size(); ++pos) {
    if (text[pos] == '.' && !dot) {
      dot = true;
    } else if (hex ? DigitValue(text[pos]) < 16 : IsDigit(text[pos])) {
      ++digits;
    } else {
      break;
    }
  }
  if (digits == 0) return false;
  if (pos == text.size()) return !hex;
  const char exponent = absl::ascii_tolower(static_cast<unsigned char>(text[pos]));
  if (exponent != (hex ? 'p' : 'e')) return false;
  ++pos;
  if (pos < text.size() && (text[pos] == '+' || text[pos] == '-')) ++pos;
  if (pos == text.size()) return false;
  for (; pos < text.size(); ++pos) {
    if (!IsDigit(text[pos])) return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<std::string> Unquote(std::string_view quoted) {
  const char quote = quoted[0];
  std::string_view body = quoted.substr(1, quoted.size() - 2);
  std::string out;
  if (quote == '`') {
    for (const char c : body) {
      if (c != '\r') out.push_back(c);
    }
    return out;
  }
  for (size_t pos = 0; pos < body.size();) {
    if (body[pos] != '\\') {
      out.push_back(body[pos++]);
      continue;
    }
    ++pos;
    const auto escaped = ReadEscape(body, &pos, quote);
    if (!escaped) return InvalidSyntax();
    if (escaped->is_byte) {
      out.push_back(static_cast<char>(escaped->code));
    } else {
      AppendRune(escaped->code, &out);
    }
  }
  return out;
}

absl::StatusOr<Value> ParseCharConstant(std::string_view quoted) {
  const std::string_view body = quoted.substr(1);  // With the closing quote.
  if (body[0] == '\'') return InvalidSyntax();
  size_t pos = 0;
  uint32_t code = 0;
  if (body[0] == '\\') {
    ++pos;
    const auto escaped = ReadEscape(body, &pos, '\'');
    if (!escaped) return InvalidSyntax();
    code = escaped->code;
  } else {
    const Rune rune = DecodeRune(body, 0);
    code = rune.code;
    pos = rune.width;
  }
  if (body.substr(pos) != "'") {
    return absl::InvalidArgumentError(StrCat("malformed character constant: ", quoted));
  }
  return Value::Int(code);
}

absl::StatusOr<Value> ParseNumber(std::string_view text) {
  if (text.ends_with('i')) {
    return absl::InvalidArgumentError(StrCat("no complex numbers here: ", Quoted(text)));
  }
  const bool looks_float = text.find_first_of(".eEpP") != std::string_view::npos;
  if (const auto integer = ReadInteger(text)) {
    constexpr uint64_t kSignBit = uint64_t{1} << 63;
    const bool fits = integer->magnitude < kSignBit + (integer->negative ? 1 : 0);
    if (fits) {
      return Value::Int(
          static_cast<int64_t>(integer->negative ? 0 - integer->magnitude : integer->magnitude));
    }
    if (!integer->negative && !text.starts_with('+')) return Value();
  }
  const absl::StatusOr<double> v = ParseFloat(text);
  if (!v.ok()) return absl::InvalidArgumentError(StrCat("illegal number syntax: ", Quoted(text)));
  if (!looks_float) return absl::InvalidArgumentError(StrCat("integer overflow: ", Quoted(text)));
  return Value::Float(*v);
}

absl::StatusOr<double> ParseFloat(std::string_view text) {
  const auto error = [&](std::string_view what) {
    return absl::InvalidArgumentError(
        StrCat("strconv.ParseFloat: parsing ", Quoted(text), ": ", what));
  };
  std::string_view unsigned_text = text;
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) unsigned_text.remove_prefix(1);
  const std::string lower = absl::AsciiStrToLower(ToAbsl(unsigned_text));
  if (lower == "inf" || lower == "infinity") return negative ? -INFINITY : INFINITY;
  if (lower == "nan" && unsigned_text.size() == text.size()) return NAN;
  std::string plain;
  for (const char c : unsigned_text) {
    if (c != '_') plain.push_back(c);
  }
  if (!IsFloatSyntax(plain)) return error("invalid syntax");
  if (plain.size() != unsigned_text.size() && !UnderscoresSeparateDigits(unsigned_text)) {
    return error("invalid syntax");
  }
  const double v = std::strtod(plain.c_str(), nullptr);
  if (std::isinf(v)) return error("value out of range");
  return negative ? -v : v;
}

}  // namespace hearth::gotemplate
