#include "scrape/exposition/float_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "model/sample.h"
#include "scrape/exposition/name_bytes.h"

namespace hearth {
namespace {

using exposition::Is;
using exposition::kDigit;

bool EqualsIgnoreCase(std::string_view a, std::string_view lower) {
  return a.size() == lower.size() &&
         std::equal(a.begin(), a.end(), lower.begin(), [](char x, char y) {
           return (x >= 'A' && x <= 'Z' ? static_cast<char>(x - 'A' + 'a') : x) == y;
         });
}

bool ParseSpecial(std::string_view text, double* value) {
  const bool negative = !text.empty() && text[0] == '-';
  const bool sign = negative || (!text.empty() && text[0] == '+');
  const std::string_view word = text.substr(sign ? 1 : 0);
  if (!sign && EqualsIgnoreCase(word, "nan")) {
    *value = NormalNaN();
    return true;
  }
  if (!EqualsIgnoreCase(word, "inf") && !EqualsIgnoreCase(word, "infinity")) return false;
  *value =
      negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  return true;
}

bool ParseHexFloat(std::string_view digits, bool negative, double* value) {
  // Go demands the exponent of a hexadecimal float.
  if (digits.find_first_of("pP") == std::string_view::npos) return false;
  const auto parsed =
      std::from_chars(digits.data(), digits.data() + digits.size(), *value, std::chars_format::hex);
  if (negative) *value = -*value;
  return parsed.ec == std::errc() && parsed.ptr == digits.data() + digits.size();
}

}  // namespace

bool float_text_internal::ParseFloat(std::string_view text, double* value) {
  const bool negative = !text.empty() && text[0] == '-';
  const std::string_view digits =
      text.substr(negative || (!text.empty() && text[0] == '+') ? 1 : 0);
  if (digits.empty()) return false;
  if (!Is(digits[0], kDigit) && digits[0] != '.') return ParseSpecial(text, value);
  const char* end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, *value);
  if (parsed.ptr != end) return false;
  if (parsed.ec == std::errc::result_out_of_range) {
    // Too small is zero or a subnormal, as in Go; too large is an error.
    *value = std::strtod(std::string(digits).c_str(), nullptr);
    if (std::isinf(*value)) return false;
  } else if (parsed.ec != std::errc()) {
    return false;
  }
  if (negative) *value = -*value;
  return true;
}

bool ParseLabelFloat(std::string_view text, double* value) {
  const bool negative = !text.empty() && text[0] == '-';
  const std::string_view digits =
      text.substr(negative || (!text.empty() && text[0] == '+') ? 1 : 0);
  if (digits.size() > 2 && digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X')) {
    return ParseHexFloat(digits.substr(2), negative, value);
  }
  return ParseSampleValue(text, value);
}

void AppendLabelFloat(double value, std::string* out) {
  if (std::isnan(value)) {
    out->append("NaN");
    return;
  }
  if (std::isinf(value)) {
    out->append(value > 0 ? "+Inf" : "-Inf");
    return;
  }
  // Go's %g: exponents below -4 and from 6 on are written with e.
  char buffer[400];
  const auto scientific =
      std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific);
  const std::string_view text(buffer, static_cast<size_t>(scientific.ptr - buffer));
  const size_t e = text.find('e');
  int exponent = 0;
  const size_t digits_at = text[e + 1] == '+' ? e + 2 : e + 1;
  std::from_chars(text.data() + digits_at, text.data() + text.size(), exponent);
  if (exponent < -4 || exponent >= 6) {
    out->append(text);
    return;
  }
  const auto fixed =
      std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::fixed);
  const std::string_view plain(buffer, static_cast<size_t>(fixed.ptr - buffer));
  out->append(plain);
  if (plain.find('.') == std::string_view::npos) out->append(".0");
}

}  // namespace hearth
