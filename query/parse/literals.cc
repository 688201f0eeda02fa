#include "query/parse/literals.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "model/labels.h"
#include "model/text.h"

namespace hearth::promql {
namespace {

constexpr int64_t kMaxDurationMs = std::numeric_limits<int64_t>::max() / 1'000'000;

struct Unit {
  std::string_view text;
  TimeMs ms;
  bool exact_only;  // DurationText uses it only for multiples.
};
constexpr Unit kUnits[] = {
    {"y", TimeMs{365} * 24 * 3600 * 1000, true},
    {"w", TimeMs{7} * 24 * 3600 * 1000, true},
    {"d", TimeMs{24} * 3600 * 1000, false},
    {"h", TimeMs{3600} * 1000, false},
    {"m", TimeMs{60} * 1000, false},
    {"s", TimeMs{1000}, false},
    {"ms", TimeMs{1}, false},
};

std::string QuotedText(std::string_view text) {
  std::string out;
  AppendQuoted(text, &out);
  return out;
}

absl::Status NumberError(std::string_view text, std::string_view why) {
  return absl::InvalidArgumentError(
      StrCat("error parsing number: strconv.ParseFloat: parsing ", QuotedText(text), ": ", why));
}

// Removes underscores; nothing when one does not stand between digits (or directly after a base
// prefix).
std::optional<std::string> WithoutUnderscores(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      out.push_back(text[i]);
      continue;
    }
    const bool after_digit =
        i > 0 && (absl::ascii_isxdigit(text[i - 1]) || (i == 2 && text[0] == '0'));
    if (!after_digit || i + 1 >= text.size() || !absl::ascii_isxdigit(text[i + 1]))
      return std::nullopt;
  }
  return out;
}

std::optional<int64_t> ParseInteger(std::string_view text) {
  int base = 10;
  if (text.size() > 1 && text[0] == '0') {
    const char c = absl::ascii_tolower(text[1]);
    base = c == 'x' ? 16 : c == 'b' ? 2 : 8;
    text.remove_prefix(c == 'x' || c == 'b' || c == 'o' ? 2 : 1);
  }
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size() || text.empty() || text[0] == '-') {
    return std::nullopt;
  }
  return value;
}

std::string ToChars(double v, std::chars_format format) {
  std::array<char, 400> buffer;  // The longest is 5e-324 in fixed form: 326 characters.
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), v, format);
  return std::string(buffer.data(), result.ptr);
}

std::optional<std::string> NotFiniteText(double v) {
  if (std::isnan(v)) return "NaN";
  if (std::isinf(v)) return v > 0 ? "+Inf" : "-Inf";
  return std::nullopt;
}

void AppendUtf8(uint32_t c, std::string* out) {
  if (c < 0x80) {
    out->push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    out->push_back(static_cast<char>(0xc0 | (c >> 6)));
    out->push_back(static_cast<char>(0x80 | (c & 0x3f)));
  } else if (c < 0x10000) {
    out->push_back(static_cast<char>(0xe0 | (c >> 12)));
    out->push_back(static_cast<char>(0x80 | ((c >> 6) & 0x3f)));
    out->push_back(static_cast<char>(0x80 | (c & 0x3f)));
  } else {
    out->push_back(static_cast<char>(0xf0 | (c >> 18)));
    out->push_back(static_cast<char>(0x80 | ((c >> 12) & 0x3f)));
    out->push_back(static_cast<char>(0x80 | ((c >> 6) & 0x3f)));
    out->push_back(static_cast<char>(0x80 | (c & 0x3f)));
  }
}

// Resolves the escape whose first character after the backslash is at *i; leaves *i behind it.
void AppendEscape(std::string_view text, size_t* i, std::string* out) {
  constexpr std::string_view kNames = "abfnrtv", kValues = "\a\b\f\n\r\t\v";
  const char c = text[(*i)++];
  if (const size_t at = kNames.find(c); at != std::string_view::npos) {
    out->push_back(kValues[at]);
    return;
  }
  const bool octal = c >= '0' && c <= '7';
  if (!octal && c != 'x' && c != 'u' && c != 'U') {
    out->push_back(c);  // A backslash or the quote.
    return;
  }
  if (octal) --*i;
  const size_t digits = octal ? 3 : c == 'x' ? 2 : c == 'u' ? 4 : 8;
  uint32_t value = 0;
  const char* begin = text.data() + *i;
  const size_t length = std::min(digits, text.size() - *i);
  std::from_chars(begin, begin + length, value, octal ? 8 : 16);
  *i += length;
  if (octal || c == 'x') {
    out->push_back(static_cast<char>(value));  // A byte, not a character.
  } else {
    AppendUtf8(value, out);
  }
}

}  // namespace

absl::StatusOr<double> ParseNumber(std::string_view text) {
  const std::string lower = absl::AsciiStrToLower(ToAbsl(text));
  if (lower == "inf" || lower == "+inf") return std::numeric_limits<double>::infinity();
  if (lower == "-inf") return -std::numeric_limits<double>::infinity();
  if (lower == "nan") return std::numeric_limits<double>::quiet_NaN();
  const std::optional<std::string> digits = WithoutUnderscores(text);
  if (!digits || digits->empty()) return NumberError(text, "invalid syntax");
  if (const std::optional<int64_t> integer = ParseInteger(*digits))
    return static_cast<double>(*integer);
  double value = 0;
  const char* const end = digits->data() + digits->size();
  const auto [rest, error] = std::from_chars(digits->data(), end, value);
  if (rest != end || error == std::errc::invalid_argument)
    return NumberError(text, "invalid syntax");
  if (error == std::errc::result_out_of_range) {
    // Too large is an error; too small is zero (or the denormal that strtod finds).
    value = std::strtod(digits->c_str(), nullptr);
    if (std::isinf(value)) return NumberError(text, "value out of range");
  }
  return value;
}

absl::StatusOr<TimeMs> ParseDurationMs(std::string_view text) {
  if (text == "0") return 0;
  if (text.empty()) return absl::InvalidArgumentError("empty duration string");
  const auto invalid = [text] {
    return absl::InvalidArgumentError(StrCat("not a valid duration string: ", QuotedText(text)));
  };
  TimeMs total = 0;
  const Unit* least = std::begin(kUnits);  // Units go from the largest to the smallest.
  for (std::string_view rest = text; !rest.empty();) {
    const size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
    uint64_t value = 0;
    const auto parsed = std::from_chars(rest.data(), rest.data() + digits, value);
    if (digits == 0 || digits == rest.size() || parsed.ec != std::errc()) return invalid();
    rest.remove_prefix(digits);
    const std::string_view name = rest.substr(0, rest.find_first_of("0123456789"));
    rest.remove_prefix(name.size());
    const Unit* const unit = std::find_if(std::begin(kUnits), std::end(kUnits),
                                          [name](const Unit& u) { return u.text == name; });
    if (unit == std::end(kUnits)) {
      return absl::InvalidArgumentError(
          StrCat("unknown unit ", QuotedText(name), " in duration ", QuotedText(text)));
    }
    if (unit < least) return invalid();
    least = unit + 1;
    if (value > static_cast<uint64_t>((kMaxDurationMs - total) / unit->ms)) {
      return absl::InvalidArgumentError("duration out of range");
    }
    total += static_cast<TimeMs>(value) * unit->ms;
  }
  return total;
}

std::string DurationText(TimeMs ms) {
  if (ms == 0) return "0s";
  std::string out;
  for (const Unit& unit : kUnits) {
    if (ms < unit.ms || (unit.exact_only && ms % unit.ms != 0)) continue;
    StrAppend(&out, ms / unit.ms, unit.text);
    ms %= unit.ms;
  }
  return out;
}

std::string Unquote(std::string_view quoted) {
  const bool raw = quoted.front() == '`';
  const std::string_view text = quoted.substr(1, quoted.size() - 2);
  if (raw) return std::string(text);
  std::string out;
  for (size_t i = 0; i < text.size();) {
    if (text[i] != '\\') {
      out.push_back(text[i++]);
    } else {
      AppendEscape(text, &++i, &out);
    }
  }
  return out;
}

std::string ShortNumberText(double v) {
  if (const auto text = NotFiniteText(v)) return *text;
  const std::string scientific = ToChars(v, std::chars_format::scientific);
  const int exponent = std::atoi(scientific.c_str() + scientific.find('e') + 1);
  if (v != 0 && (exponent < -4 || exponent >= 6)) return scientific;
  return ToChars(v, std::chars_format::fixed);
}

}  // namespace hearth::promql
