// rules/template/fmt_printer.h
//
// Go's fmt.Sprint, Sprintln and Sprintf over template values, with its error forms
// (`%!d(string=x)`). One difference: inside a query's result or args' map, Go prints a sample as an
// address; here it is the sample.
//
// Thread safety: none; a printer makes one text. After the text has outgrown its bound nothing is
// added to it.
#ifndef HEARTH_RULES_TEMPLATE_FMT_PRINTER_H_
#define HEARTH_RULES_TEMPLATE_FMT_PRINTER_H_

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "rules/template/fmt_field.h"
#include "rules/template/limits.h"
#include "rules/template/value.h"

namespace hearth::gotemplate {

class FmtPrinter {
 public:
  explicit FmtPrinter(size_t max_bytes = kMaxStringBytes) : max_bytes_(max_bytes) {}

  // Spaces stand between two operands that are not strings.
  void Print(std::span<const Value> args);
  void PrintLine(std::span<const Value> args);
  void PrintFormat(std::string_view format, std::span<const Value> args);
  // What an action prints: nil as `<no value>`, a sample as what it points at.
  void PrintAction(const Value& value);

  // kResourceExhausted when the text outgrew its bound.
  absl::StatusOr<std::string> Take();

 private:
  struct FormatState;
  void FormatVerb(FormatState* state);
  void ScanFlags(FormatState* state);
  void ScanWidth(FormatState* state);
  void ScanPrecision(FormatState* state);
  void ScanArgIndex(FormatState* state);
  bool TakeIntegerArg(FormatState* state, int* number);

  void PrintValue(const Value& value, char32_t verb, int depth);
  void PrintLabels(const Labels& labels, char32_t verb);
  void PrintMap(const Map& map, char32_t verb, int depth);
  void PrintFields(const Value& value, char32_t verb, int depth);
  void PrintVector(const Vector& vector, char32_t verb, int depth);
  void PrintText(std::string_view text, const Value& value, char32_t verb);
  void PrintInteger(const Value& value, char32_t verb);
  void PrintFloat(const Value& value, char32_t verb);
  void BadVerb(const Value& value, char32_t verb);
  void Extra(std::span<const Value> args);
  bool full() const { return text_.size() > max_bytes_; }

  const size_t max_bytes_;
  std::string text_;
  FieldSpec spec_;
};

}  // namespace hearth::gotemplate

#endif  // HEARTH_RULES_TEMPLATE_FMT_PRINTER_H_
