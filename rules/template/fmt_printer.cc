#include "rules/template/fmt_printer.h"

#include "model/text.h"
#include "rules/template/time_text.h"
#include "rules/template/utf8.h"

namespace hearth::gotemplate {
namespace {

bool OneOf(char32_t verb, std::string_view verbs) {
  return verb < 0x80 && verbs.find(static_cast<char>(verb)) != std::string_view::npos;
}

}  // namespace

void FmtPrinter::Print(std::span<const Value> args) {
  bool before_string = false;
  for (size_t i = 0; i < args.size(); ++i) {
    const bool is_string = args[i].is_string();
    if (i > 0 && !is_string && !before_string) text_ += ' ';
    PrintValue(args[i], 'v', 0);
    before_string = is_string;
  }
}

void FmtPrinter::PrintLine(std::span<const Value> args) {
  for (size_t i = 0; i < args.size(); ++i) {
    if (i > 0) text_ += ' ';
    PrintValue(args[i], 'v', 0);
  }
  text_ += '\n';
}

void FmtPrinter::PrintAction(const Value& value) {
  if (value.is_nil()) {
    text_ += "<no value>";
  } else {
    PrintValue(value, 'v', value.kind() == Kind::kSample ? 1 : 0);
  }
}

absl::StatusOr<std::string> FmtPrinter::Take() {
  if (full()) {
    return absl::ResourceExhaustedError(StrCat("text is longer than ", max_bytes_, " bytes"));
  }
  return std::move(text_);
}

void FmtPrinter::PrintValue(const Value& value, char32_t verb, int depth) {
  if (full()) return;
  if (verb == 'T') return AppendString(spec_, TypeName(value), 's', &text_);
  switch (value.kind()) {
    case Kind::kNil:
      if (verb != 'v') return BadVerb(value, verb);
      return AppendPadded(spec_, spec_.sharp_v && depth > 0 ? "interface {}(nil)" : "<nil>",
                          &text_);
    case Kind::kBool:
      if (!OneOf(verb, "tv")) return BadVerb(value, verb);
      return AppendPadded(spec_, value.boolean() ? "true" : "false", &text_);
    case Kind::kInt:
    case Kind::kByte:
      return PrintInteger(value, verb);
    case Kind::kFloat:
      return PrintFloat(value, verb);
    case Kind::kString:
    case Kind::kHtml:
    case Kind::kHistogram:
      return PrintText(value.text(), value, verb);
    case Kind::kTime:
      return PrintText(TimeText(value.integer()), value, verb);
    case Kind::kDuration:
      return PrintText(DurationText(value.integer()), value, verb);
    case Kind::kLabels:
      return PrintLabels(value.labels(), verb);
    case Kind::kMap:
      return PrintMap(value.map(), verb, depth);
    case Kind::kVector:
      return PrintVector(value.vector(), verb, depth);
    case Kind::kSample:
      if (depth == 0) text_ += '&';
      return PrintFields(value, verb, depth);
    case Kind::kStruct:
      return PrintFields(value, verb, depth);
  }
}

void FmtPrinter::PrintText(std::string_view text, const Value& value, char32_t verb) {
  if (!OneOf(verb, "vsxXq")) return BadVerb(value, verb);
  AppendString(spec_, text, verb, &text_);
}

void FmtPrinter::PrintInteger(const Value& value, char32_t verb) {
  if (OneOf(verb, "cqU")) return AppendCharacter(spec_, value.integer(), verb, &text_);
  if (!OneOf(verb, "vdboOxX")) return BadVerb(value, verb);
  AppendInteger(spec_, value.integer(), verb, &text_);
}

void FmtPrinter::PrintFloat(const Value& value, char32_t verb) {
  if (!OneOf(verb, "vgGeEfFxX")) return BadVerb(value, verb);
  AppendFloat(spec_, value.number(), verb, &text_);
}

void FmtPrinter::PrintLabels(const Labels& labels, char32_t verb) {
  text_ += spec_.sharp_v ? "map[string]string{" : "map[";
  bool first = true;
  for (const Label label : labels) {
    if (!first) text_ += spec_.sharp_v ? ", " : " ";
    first = false;
    PrintValue(Value::String(std::string(label.name)), verb, 1);
    text_ += ':';
    PrintValue(Value::String(std::string(label.value)), verb, 1);
  }
  text_ += spec_.sharp_v ? '}' : ']';
}

void FmtPrinter::PrintMap(const Map& map, char32_t verb, int depth) {
  text_ += spec_.sharp_v ? "map[string]interface {}{" : "map[";
  bool first = true;
  for (const auto& [name, value] : map.entries) {
    if (full()) return;
    if (!first) text_ += spec_.sharp_v ? ", " : " ";
    first = false;
    PrintValue(Value::String(name), verb, depth + 1);
    text_ += ':';
    // A nil among other values is <nil> under every verb.
    PrintValue(value, value.is_nil() ? U'v' : verb, depth + 1);
  }
  text_ += spec_.sharp_v ? '}' : ']';
}

void FmtPrinter::PrintFields(const Value& value, char32_t verb, int depth) {
  const bool sample = value.kind() == Kind::kSample;
  if (spec_.sharp_v) text_ += sample ? "template.sample" : TypeName(value);
  text_ += '{';
  bool first = true;
  const auto field = [&](std::string_view name, const Value& content) {
    if (!first) text_ += spec_.sharp_v ? ", " : " ";
    first = false;
    if (spec_.plus_v || spec_.sharp_v) StrAppend(&text_, name, ":");
    PrintValue(content, verb, depth + 1);
  };
  if (sample) {
    field("Labels", Value::LabelsOf(value));
    field("Value", value.sample().value);
  } else {
    for (const Struct::Field& f : value.structure().fields) field(f.name, f.value);
  }
  text_ += '}';
}

void FmtPrinter::PrintVector(const Vector& vector, char32_t verb, int depth) {
  text_ += spec_.sharp_v ? "template.queryResult{" : "[";
  for (size_t i = 0; i < vector.size() && !full(); ++i) {
    if (i > 0) text_ += spec_.sharp_v ? ", " : " ";
    PrintValue(Value::OfSample(vector[i]), verb, depth + 1);
  }
  text_ += spec_.sharp_v ? '}' : ']';
}

void FmtPrinter::BadVerb(const Value& value, char32_t verb) {
  text_ += "%!";
  AppendRune(verb, &text_);
  text_ += '(';
  if (value.is_nil()) {
    text_ += "<nil>";
  } else {
    StrAppend(&text_, TypeName(value), "=");
    PrintValue(value, 'v', 0);
  }
  text_ += ')';
}

}  // namespace hearth::gotemplate
