#include "rules/template/fmt_field.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "model/float_text.h"
#include "model/labels.h"
#include "rules/template/utf8.h"

namespace hearth::gotemplate {
namespace {

size_t CountRunes(std::string_view text) {
  size_t count = 0;
  for (size_t pos = 0; pos < text.size(); ++count) pos += DecodeRune(text, pos).width;
  return count;
}

std::string_view FirstRunes(std::string_view text, int count) {
  size_t pos = 0;
  for (int i = 0; i < count && pos < text.size(); ++i) pos += DecodeRune(text, pos).width;
  return text.substr(0, pos);
}

std::string Digits(uint64_t value, uint64_t base, bool upper) {
  const char* digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
  std::string text;
  do {
    text.push_back(digits[value % base]);
    value /= base;
  } while (value > 0);
  std::reverse(text.begin(), text.end());
  return text;
}

std::string ExponentText(const std::string& digits, int exponent, char e) {
  std::string text = digits.substr(0, 1);
  if (digits.size() > 1) text += "." + digits.substr(1);
  char tail[16];
  std::snprintf(tail, sizeof(tail), "%c%+03d", e, exponent);
  return text + tail;
}

// The fewest digits that give the number back; an exponent where %g and %e have one.
std::string ShortestText(double magnitude, char verb) {
  if (verb == 'f' || verb == 'F') return FixedFloatText(magnitude);
  std::string digits = "0";
  int exponent = 0;  // Of the first digit.
  if (magnitude != 0) {
    const ShortestDecimal decimal = ToShortestDecimal(magnitude);
    digits = std::to_string(decimal.digits);
    exponent = decimal.exponent + static_cast<int>(digits.size()) - 1;
    while (digits.size() > 1 && digits.back() == '0') digits.pop_back();
  }
  const bool upper = verb == 'G' || verb == 'E';
  const bool general = verb == 'g' || verb == 'G';
  // Without a precision, %g decides as if it were 6.
  if (general && exponent >= -4 && exponent < 6) return FixedFloatText(magnitude);
  return ExponentText(digits, exponent, upper ? 'E' : 'e');
}

// C's %a has an exponent of one digit at least, Go's %x of two.
std::string HexText(double magnitude, int precision, bool upper) {
  char buffer[2048];
  if (precision < 0) {
    std::snprintf(buffer, sizeof(buffer), upper ? "%A" : "%a", magnitude);
  } else {
    std::snprintf(buffer, sizeof(buffer), upper ? "%.*A" : "%.*a", std::min(precision, 1000),
                  magnitude);
  }
  std::string text = buffer;
  const size_t sign = text.find_last_of("+-");
  if (sign != std::string::npos && text.size() - sign == 2) text.insert(sign + 1, "0");
  return text;
}

std::string Magnitude(double magnitude, char verb, int precision) {
  if (std::isnan(magnitude)) return "NaN";
  if (std::isinf(magnitude)) return "Inf";
  if (verb == 'x' || verb == 'X') return HexText(magnitude, precision, verb == 'X');
  if (precision < 0) return ShortestText(magnitude, verb);
  const char format[] = {'%', '.', '*', verb, '\0'};
  std::string text(static_cast<size_t>(std::snprintf(nullptr, 0, format, precision, magnitude)),
                   '\0');
  std::snprintf(text.data(), text.size() + 1, format, precision, magnitude);
  return text;
}

// strconv.QuoteToASCII.
std::string QuoteToAscii(std::string_view text) {
  std::string out = "\"";
  for (size_t pos = 0; pos < text.size();) {
    const Rune rune = DecodeRune(text, pos);
    if (rune.code < 0x80 || (rune.code == kReplacement && rune.width == 1)) {
      std::string quoted;
      AppendQuoted(text.substr(pos, 1), &quoted);
      out.append(quoted, 1, quoted.size() - 2);
    } else {
      char escape[16];
      std::snprintf(escape, sizeof(escape), rune.code < 0x10000 ? "\\u%04x" : "\\U%08x",
                    static_cast<unsigned>(rune.code));
      out += escape;
    }
    pos += rune.width;
  }
  return out + '"';
}

std::string QuotedText(const FieldSpec& spec, std::string_view text) {
  if (spec.sharp && text.find('`') == std::string_view::npos && IsValidUtf8(text) &&
      std::all_of(text.begin(), text.end(), [](char c) {
        return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
      })) {
    return "`" + std::string(text) + "`";
  }
  if (spec.plus) return QuoteToAscii(text);
  std::string out;
  AppendQuoted(text, &out);
  return out;
}

std::string HexBytes(const FieldSpec& spec, std::string_view text, bool upper) {
  const size_t count =
      spec.precision < 0 ? text.size() : std::min(text.size(), static_cast<size_t>(spec.precision));
  const std::string_view prefix = !spec.sharp ? "" : upper ? "0X" : "0x";
  std::string out;
  for (size_t i = 0; i < count; ++i) {
    if (spec.space && i > 0) out += ' ';
    if (i == 0 || spec.space) out += prefix;
    const std::string digits = Digits(static_cast<unsigned char>(text[i]), 16, upper);
    if (digits.size() == 1) out += '0';
    out += digits;
  }
  return out;
}

}  // namespace

void AppendPadded(const FieldSpec& spec, std::string_view text, std::string* out) {
  const size_t width = spec.width < 0 ? 0 : static_cast<size_t>(spec.width);
  const size_t have = width == 0 ? 0 : CountRunes(text);
  const size_t padding = width > have ? width - have : 0;
  if (!spec.minus) out->append(padding, spec.zero ? '0' : ' ');
  out->append(text);
  if (spec.minus) out->append(padding, ' ');
}

void AppendInteger(const FieldSpec& spec, int64_t value, char32_t verb, std::string* out) {
  const bool negative = value < 0;
  const uint64_t magnitude =
      negative ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  const uint64_t base = verb == 'b'                  ? 2
                        : verb == 'o' || verb == 'O' ? 8
                        : verb == 'x' || verb == 'X' ? 16
                                                     : 10;
  FieldSpec padding = spec;
  padding.zero = false;
  if (spec.precision == 0 && value == 0) return AppendPadded(padding, "", out);
  const bool sign = negative || spec.plus || spec.space;
  int digits = spec.precision;
  if (digits < 0 && spec.zero && !spec.minus && spec.width >= 0)
    digits = spec.width - (sign ? 1 : 0);
  std::string text = Digits(magnitude, base, verb == 'X');
  if (static_cast<int>(text.size()) < digits) {
    text.insert(0, static_cast<size_t>(digits) - text.size(), '0');
  }
  if (spec.sharp && base == 2) text.insert(0, "0b");
  if (spec.sharp && base == 8 && text[0] != '0') text.insert(0, "0");
  if (spec.sharp && base == 16) text.insert(0, verb == 'X' ? "0X" : "0x");
  if (verb == 'O') text.insert(0, "0o");
  if (sign) text.insert(0, negative ? "-" : spec.plus ? "+" : " ");
  AppendPadded(padding, text, out);
}

void AppendCharacter(const FieldSpec& spec, int64_t value, char32_t verb, std::string* out) {
  const bool valid = value >= 0 && value <= 0x10ffff;
  const char32_t code = valid ? static_cast<char32_t>(value) : kReplacement;
  std::string character;
  AppendRune(code, &character);
  if (verb == 'c') return AppendPadded(spec, character, out);
  if (verb == 'q') {
    std::string quoted = "'";
    if (code == '\'') {
      quoted += "\\'";
    } else if (code == '"') {
      quoted += '"';
    } else {
      const std::string in_string = spec.plus ? QuoteToAscii(character) : [&] {
        std::string text;
        AppendQuoted(character, &text);
        return text;
      }();
      quoted.append(in_string, 1, in_string.size() - 2);
    }
    return AppendPadded(spec, quoted + "'", out);
  }
  std::string text = Digits(static_cast<uint64_t>(value), 16, true);
  const size_t digits = static_cast<size_t>(std::max(spec.precision, 4));
  if (text.size() < digits) text.insert(0, digits - text.size(), '0');
  text.insert(0, "U+");
  if (spec.sharp && valid && IsPrintable(code)) text += " '" + character + "'";
  FieldSpec padding = spec;
  padding.zero = false;
  AppendPadded(padding, text, out);
}

void AppendFloat(const FieldSpec& spec, double value, char32_t verb, std::string* out) {
  int precision = spec.precision;
  if (precision < 0 && (verb == 'f' || verb == 'F' || verb == 'e' || verb == 'E')) precision = 6;
  const char c_verb = verb == 'v' ? 'g' : static_cast<char>(verb);
  const bool negative = std::signbit(value) && !std::isnan(value);
  const std::string magnitude = Magnitude(std::fabs(value), c_verb, precision);
  std::string sign = negative ? "-" : spec.plus ? "+" : spec.space ? " " : "";
  if (!std::isfinite(value)) {
    FieldSpec padding = spec;
    padding.zero = false;
    if (std::isinf(value) && sign.empty()) sign = "+";
    return AppendPadded(padding, sign + magnitude, out);
  }
  if (spec.zero && !spec.minus && !sign.empty()) {
    FieldSpec rest = spec;
    rest.width = std::max(spec.width - 1, 0);
    *out += sign;
    return AppendPadded(rest, magnitude, out);
  }
  AppendPadded(spec, sign + magnitude, out);
}

void AppendString(const FieldSpec& spec, std::string_view text, char32_t verb, std::string* out) {
  if (verb == 'x' || verb == 'X') return AppendPadded(spec, HexBytes(spec, text, verb == 'X'), out);
  if (verb == 'v' && spec.sharp_v) return AppendPadded(spec, QuotedText({}, text), out);
  if (spec.precision >= 0) text = FirstRunes(text, spec.precision);
  AppendPadded(spec, verb == 'q' ? QuotedText(spec, text) : std::string(text), out);
}

std::string FloatText(double value) {
  std::string out;
  AppendFloat({}, value, 'v', &out);
  return out;
}

}  // namespace hearth::gotemplate
