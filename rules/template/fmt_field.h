// rules/template/fmt_field.h
//
// One value of Go's fmt as text: numbers, characters and strings under a verb's flags, width and
// precision.
//
// Thread safety: pure functions. All append to `out`.
#ifndef HEARTH_RULES_TEMPLATE_FMT_FIELD_H_
#define HEARTH_RULES_TEMPLATE_FMT_FIELD_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace hearth::gotemplate {

// What stands between % and the verb.
struct FieldSpec {
  bool minus = false;
  bool plus = false;
  bool sharp = false;
  bool space = false;
  bool zero = false;
  bool plus_v = false;   // %+v: field names.
  bool sharp_v = false;  // %#v: Go's syntax.
  int width = -1;        // -1 = none.
  int precision = -1;    // Likewise.
};

// In characters; on the left unless `minus`, with zeros when `zero`.
void AppendPadded(const FieldSpec& spec, std::string_view text, std::string* out);

// `verb`: d v b o O x X.
void AppendInteger(const FieldSpec& spec, int64_t value, char32_t verb, std::string* out);
// %c, %q, %U.
void AppendCharacter(const FieldSpec& spec, int64_t value, char32_t verb, std::string* out);
// `verb`: v g G e E f F x X.
void AppendFloat(const FieldSpec& spec, double value, char32_t verb, std::string* out);
// `verb`: v s x X q.
void AppendString(const FieldSpec& spec, std::string_view text, char32_t verb, std::string* out);

// The shortest text that reads back as `value`, as %v has it.
std::string FloatText(double value);

}  // namespace hearth::gotemplate

#endif  // HEARTH_RULES_TEMPLATE_FMT_FIELD_H_
