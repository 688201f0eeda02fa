// scrape/exposition/float_text.h
//
// Numbers as expositions write them.
//
// Thread safety: pure functions.
#ifndef HEARTH_SCRAPE_EXPOSITION_FLOAT_TEXT_H_
#define HEARTH_SCRAPE_EXPOSITION_FLOAT_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace hearth {

// Parses a sample value: decimal, Inf, NaN in any case. False when it is none; hexadecimal floats
// and underscores, which Go's ParseFloat would take, are none. Every NaN becomes kNormalNaNBits.
inline bool ParseSampleValue(std::string_view text, double* value);

// Parses a bound in a label, `le` or `quantile`: a sample value, or a hexadecimal float.
bool ParseLabelFloat(std::string_view text, double* value);

// Appends the spelling that OpenMetrics gives floats in labels: at least one of `.` and an
// exponent.
void AppendLabelFloat(double value, std::string* out);

namespace float_text_internal {
bool ParseFloat(std::string_view text, double* value);
}  // namespace float_text_internal

inline bool ParseSampleValue(std::string_view text, double* value) {
  // Small integers are the common case.
  if (text.size() - 1 < 15) {
    int64_t integer = 0;
    size_t i = 0;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9')
      integer = integer * 10 + (text[i++] - '0');
    if (i == text.size()) {
      *value = static_cast<double>(integer);
      return true;
    }
  }
  return float_text_internal::ParseFloat(text, value);
}

}  // namespace hearth

#endif  // HEARTH_SCRAPE_EXPOSITION_FLOAT_TEXT_H_
