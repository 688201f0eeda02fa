// model/float_text.h
//
// Doubles as text, the shortest that reads back to the same bits, in the forms of Go's
// strconv.FormatFloat(v, 'f' or 'e', -1, 64): digits beyond the shortest are zeros, an exponent has
// a sign and at least two digits. Written straight into the caller's memory: answers have hundreds
// of thousands of them.
//
// The digits are found by Raffaello Giulietti's algorithm ("The Schubfach way to render doubles",
// 2021).
//
// Thread safety: pure functions.
#ifndef HEARTH_MODEL_FLOAT_TEXT_H_
#define HEARTH_MODEL_FLOAT_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>

namespace hearth {

// value == digits * 10^exponent when read as a double. digits < 10^17; it may end in zeros.
struct ShortestDecimal {
  uint64_t digits;
  int exponent;
};
// `value` is finite and above 0.
ShortestDecimal ToShortestDecimal(double value);

// What the Write functions below may touch at `out`, beyond the text itself too.
inline constexpr size_t kFloatTextRoom = 64;
inline constexpr size_t kIntegerTextRoom = 32;

// A sample's value: an exponent only below 1e-6 and from 1e21 on; NaN, +Inf, -Inf. Returns the
// text's end.
char* WriteFloat(double value, char* out);
// `value` < 10^16.
char* WriteInteger(uint64_t value, char* out);

// Never an exponent; up to 326 characters. NaN, +Inf, -Inf.
std::string FixedFloatText(double value);

// Always an exponent, as an alert's value has it: 1e+00, 1.25e-09. NaN, +Inf, -Inf.
std::string ExponentFloatText(double value);

}  // namespace hearth

#endif  // HEARTH_MODEL_FLOAT_TEXT_H_
