// Go's own functions, but for the comparisons.
#include <utility>

#include "model/text.h"
#include "rules/template/escape.h"
#include "rules/template/fmt_printer.h"
#include "rules/template/function.h"

namespace hearth::gotemplate {
namespace {

using Args = std::span<const Value>;

absl::Status Invalid(std::string message) { return absl::InvalidArgumentError(std::move(message)); }

absl::StatusOr<Value> AsString(absl::StatusOr<std::string> text) {
  if (!text.ok()) return text.status();
  return Value::String(*std::move(text));
}

absl::StatusOr<Value> Not(CallContext&, Args args) { return Value::Bool(!IsTrue(args[0])); }

absl::StatusOr<Value> Length(CallContext&, Args args) {
  const Value& value = args[0];
  switch (value.kind()) {
    case Kind::kNil:
      return Invalid("len of untyped nil");
    case Kind::kString:
    case Kind::kHtml:
      return Value::Int(static_cast<int64_t>(value.text().size()));
    case Kind::kLabels:
      return Value::Int(static_cast<int64_t>(value.labels().size()));
    case Kind::kMap:
      return Value::Int(static_cast<int64_t>(value.map().entries.size()));
    case Kind::kVector:
      return Value::Int(static_cast<int64_t>(value.vector().size()));
    default:
      return Invalid("len of type " + TypeName(value));
  }
}

// A position in [0, limit].
absl::StatusOr<size_t> Position(const Value& index, size_t limit) {
  if (index.is_nil()) return Invalid("cannot index slice/array with nil");
  if (!index.is_integer()) return Invalid("cannot index slice/array with type " + TypeName(index));
  const int64_t i = index.integer();
  if (i < 0 || static_cast<uint64_t>(i) > limit) return Invalid(StrCat("index out of range: ", i));
  return static_cast<size_t>(i);
}

absl::StatusOr<Value> IndexKey(const Value& item, const Value& key) {
  if (key.is_nil()) return Invalid("value is nil; should be of type string");
  if (key.kind() != Kind::kString) {
    return Invalid(StrCat("value has type ", TypeName(key), "; should be string"));
  }
  if (item.kind() == Kind::kLabels) {
    return Value::String(std::string(item.labels().Get(key.text())));
  }
  const auto it = item.map().entries.find(key.text());
  return it == item.map().entries.end() ? Value() : it->second;
}

absl::StatusOr<Value> IndexOnce(const Value& item, const Value& index) {
  switch (item.kind()) {
    case Kind::kNil:
      return Invalid("index of nil pointer");
    case Kind::kLabels:
    case Kind::kMap:
      return IndexKey(item, index);
    case Kind::kString:
    case Kind::kHtml: {
      const absl::StatusOr<size_t> at = Position(index, item.text().size());
      if (!at.ok()) return at.status();
      if (*at == item.text().size()) return Invalid("reflect: string index out of range");
      return Value::Byte(static_cast<uint8_t>(item.text()[*at]));
    }
    case Kind::kVector: {
      const absl::StatusOr<size_t> at = Position(index, item.vector().size());
      if (!at.ok()) return at.status();
      if (*at == item.vector().size()) return Invalid("reflect: slice index out of range");
      return Value::OfSample(item.vector()[*at]);
    }
    default:
      return Invalid("can't index item of type " + TypeName(item));
  }
}

absl::StatusOr<Value> Index(CallContext&, Args args) {
  if (args[0].is_nil()) return Invalid("index of untyped nil");
  Value item = args[0];
  for (const Value& index : args.subspan(1)) {
    absl::StatusOr<Value> inner = IndexOnce(item, index);
    if (!inner.ok()) return inner;
    item = *std::move(inner);
  }
  return item;
}

absl::StatusOr<Value> Slice(CallContext&, Args args) {
  const Value& item = args[0];
  const Args indexes = args.subspan(1);
  if (item.is_nil()) return Invalid("slice of untyped nil");
  if (indexes.size() > 3) return Invalid(StrCat("too many slice indexes: ", indexes.size()));
  const bool vector = item.kind() == Kind::kVector;
  if (!vector && !item.is_string()) return Invalid("can't slice item of type " + TypeName(item));
  if (!vector && indexes.size() == 3) return Invalid("cannot 3-index slice a string");
  const size_t size = vector ? item.vector().size() : item.text().size();
  size_t bounds[] = {0, size, size};
  for (size_t i = 0; i < indexes.size(); ++i) {
    const absl::StatusOr<size_t> at = Position(indexes[i], size);
    if (!at.ok()) return at.status();
    bounds[i] = *at;
  }
  for (size_t i = 0; i < 2; ++i) {
    if (bounds[i] > bounds[i + 1]) {
      return Invalid(StrCat("invalid slice index: ", bounds[i], " > ", bounds[i + 1]));
    }
  }
  if (!vector) {
    std::string part = item.text().substr(bounds[0], bounds[1] - bounds[0]);
    return item.kind() == Kind::kHtml ? Value::Html(std::move(part))
                                      : Value::String(std::move(part));
  }
  Vector part = item.vector();
  part.end = part.begin + bounds[1];
  part.begin += bounds[0];
  return Value::OfVector(std::move(part));
}

// The language allows it; nothing in an alert's data is a function.
absl::StatusOr<Value> CallValue(CallContext&, Args args) {
  if (args[0].is_nil()) return Invalid("call of nil");
  return Invalid("non-function of type " + TypeName(args[0]));
}

absl::StatusOr<Value> Print(CallContext&, Args args) {
  FmtPrinter printer;
  printer.Print(args);
  return AsString(printer.Take());
}

absl::StatusOr<Value> PrintLine(CallContext&, Args args) {
  FmtPrinter printer;
  printer.PrintLine(args);
  return AsString(printer.Take());
}

absl::StatusOr<Value> PrintFormat(CallContext&, Args args) {
  FmtPrinter printer;
  printer.PrintFormat(args[0].text(), args.subspan(1));
  return AsString(printer.Take());
}

// The arguments as print gives them, escaped.
template <std::string (*kEscape)(std::string_view)>
absl::StatusOr<Value> Escape(CallContext&, Args args) {
  FmtPrinter printer;
  printer.Print(args);
  const absl::StatusOr<std::string> text = printer.Take();
  if (!text.ok()) return text.status();
  return Value::String(kEscape(*text));
}

constexpr Param kFormat[] = {Param::kString, Param::kAny};

constexpr FunctionSpec kBuiltinFunctions[] = {
    {.name = "and", .params = kTwoAny, .variadic = true, .short_circuit = ShortCircuit::kAnd},
    {.name = "call", .params = kTwoAny, .variadic = true, .kernel = &CallValue},
    {.name = "html", .params = kOneAny, .variadic = true, .kernel = &Escape<&EscapeHtml>},
    {.name = "index", .params = kTwoAny, .variadic = true, .kernel = &Index},
    {.name = "js", .params = kOneAny, .variadic = true, .kernel = &Escape<&EscapeJavaScript>},
    {.name = "len", .params = kOneAny, .kernel = &Length},
    {.name = "not", .params = kOneAny, .kernel = &Not},
    {.name = "or", .params = kTwoAny, .variadic = true, .short_circuit = ShortCircuit::kOr},
    {.name = "print", .params = kOneAny, .variadic = true, .kernel = &Print},
    {.name = "printf", .params = kFormat, .variadic = true, .kernel = &PrintFormat},
    {.name = "println", .params = kOneAny, .variadic = true, .kernel = &PrintLine},
    {.name = "slice", .params = kTwoAny, .variadic = true, .kernel = &Slice},
    {.name = "urlquery", .params = kOneAny, .variadic = true, .kernel = &Escape<&EscapeUrlQuery>},
};

}  // namespace

std::span<const FunctionSpec> BuiltinFunctions() { return kBuiltinFunctions; }

}  // namespace hearth::gotemplate
