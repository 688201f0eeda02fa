// The format string of Printf: what stands between % and the verb, and which argument it takes.
#include <algorithm>
#include <optional>
#include <utility>

#include "model/text.h"
#include "rules/template/fmt_printer.h"
#include "rules/template/utf8.h"

namespace hearth::gotemplate {
namespace {

constexpr int kMaxNumber = 1'000'000;  // Of a width, a precision, an index.

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

struct FmtPrinter::FormatState {
  std::string_view format;
  std::span<const Value> args;
  size_t pos = 0;
  size_t arg = 0;            // The next one.
  bool reordered = false;    // Some verb had an index.
  bool good_index = true;    // Of this verb.
  bool after_index = false;  // An index was the last thing read.

  bool AtEnd() const { return pos >= format.size(); }
  bool At(char c) const { return !AtEnd() && format[pos] == c; }

  // Digits at pos; none is nothing. A number that is too large ends the format.
  std::optional<int> Number() {
    if (AtEnd() || !IsDigit(format[pos])) return std::nullopt;
    int number = 0;
    for (; !AtEnd() && IsDigit(format[pos]); ++pos) {
      number = number * 10 + (format[pos] - '0');
      if (number > kMaxNumber) {
        pos = format.size();
        return std::nullopt;
      }
    }
    return number;
  }
};

void FmtPrinter::PrintFormat(std::string_view format, std::span<const Value> args) {
  FormatState state{format, args};
  while (!state.AtEnd() && !full()) {
    const size_t percent = std::min(format.find('%', state.pos), format.size());
    text_.append(format.substr(state.pos, percent - state.pos));
    state.pos = percent + 1;
    if (percent < format.size()) FormatVerb(&state);
  }
  spec_ = FieldSpec{};
  if (!state.reordered && state.arg < args.size()) Extra(args.subspan(state.arg));
}

void FmtPrinter::FormatVerb(FormatState* state) {
  spec_ = FieldSpec{};
  state->good_index = true;
  state->after_index = false;
  ScanFlags(state);
  ScanArgIndex(state);
  ScanWidth(state);
  ScanPrecision(state);
  if (!state->after_index) ScanArgIndex(state);
  if (state->AtEnd()) {
    text_ += "%!(NOVERB)";
    return;
  }
  const Rune verb = DecodeRune(state->format, state->pos);
  state->pos += verb.width;
  if (verb.code == '%') {
    text_ += '%';
    return;
  }
  if (!state->good_index || state->arg >= state->args.size()) {
    text_ += "%!";
    AppendRune(verb.code, &text_);
    text_ += state->good_index ? "(MISSING)" : "(BADINDEX)";
    return;
  }
  if (verb.code == 'v') {
    spec_.sharp_v = std::exchange(spec_.sharp, false);
    spec_.plus_v = std::exchange(spec_.plus, false);
  }
  PrintValue(state->args[state->arg++], verb.code, 0);
}

void FmtPrinter::ScanFlags(FormatState* state) {
  for (; !state->AtEnd(); ++state->pos) {
    switch (state->format[state->pos]) {
      case '#':
        spec_.sharp = true;
        break;
      case '0':
        spec_.zero = true;
        break;
      case '+':
        spec_.plus = true;
        break;
      case '-':
        spec_.minus = true;
        break;
      case ' ':
        spec_.space = true;
        break;
      default:
        return;
    }
  }
}

// `[3]`: the next argument is the third.
void FmtPrinter::ScanArgIndex(FormatState* state) {
  if (!state->At('[')) return;
  state->reordered = true;
  const std::string_view rest = state->format.substr(state->pos);
  const size_t close = rest.find(']');
  if (close == std::string_view::npos || rest.size() < 3) {
    state->good_index = false;
    ++state->pos;
    return;
  }
  FormatState inside{rest.substr(1, close - 1), {}};
  const std::optional<int> number = inside.Number();
  const bool is_number = number && inside.AtEnd();
  state->pos += close + 1;
  state->after_index = is_number;
  if (is_number && *number >= 1 && static_cast<size_t>(*number) <= state->args.size()) {
    state->arg = static_cast<size_t>(*number) - 1;
  } else {
    state->good_index = false;
  }
}

// An argument for `*`. Also false when it is too large.
bool FmtPrinter::TakeIntegerArg(FormatState* state, int* number) {
  if (state->arg >= state->args.size()) return false;
  const Value& value = state->args[state->arg++];
  if (!value.is_integer()) return false;
  const int64_t integer = value.integer();
  if (integer < -kMaxNumber || integer > kMaxNumber) return false;
  *number = static_cast<int>(integer);
  return true;
}

void FmtPrinter::ScanWidth(FormatState* state) {
  if (state->At('*')) {
    ++state->pos;
    if (!TakeIntegerArg(state, &spec_.width)) {
      text_ += "%!(BADWIDTH)";
      spec_.width = -1;
    } else if (spec_.width < 0) {
      spec_.width = -spec_.width;
      spec_.minus = true;
      spec_.zero = false;
    }
    state->after_index = false;
    return;
  }
  if (const std::optional<int> width = state->Number()) {
    spec_.width = *width;
    if (state->after_index) state->good_index = false;  // "%[3]2d"
  }
}

void FmtPrinter::ScanPrecision(FormatState* state) {
  if (!state->At('.')) return;
  ++state->pos;
  if (state->after_index) state->good_index = false;  // "%[3].2d"
  state->after_index = false;
  ScanArgIndex(state);
  if (state->At('*')) {
    ++state->pos;
    const bool taken = TakeIntegerArg(state, &spec_.precision);
    if (!taken) text_ += "%!(BADPREC)";
    if (!taken || spec_.precision < 0) spec_.precision = -1;
    state->after_index = false;
    return;
  }
  // A point without a number is a precision of 0.
  spec_.precision = state->Number().value_or(0);
}

void FmtPrinter::Extra(std::span<const Value> args) {
  text_ += "%!(EXTRA ";
  for (size_t i = 0; i < args.size(); ++i) {
    if (i > 0) text_ += ", ";
    text_ += TypeName(args[i]);
    if (args[i].is_nil()) continue;
    text_ += '=';
    PrintValue(args[i], 'v', 0);
  }
  text_ += ')';
}

}  // namespace hearth::gotemplate
