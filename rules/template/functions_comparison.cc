// eq, ne, lt, le, gt, ge: only values of one kind compare; integers and floats are two kinds.
#include "model/text.h"
#include "rules/template/fmt_printer.h"
#include "rules/template/function.h"

namespace hearth::gotemplate {
namespace {

using Args = std::span<const Value>;

enum class Basic : uint8_t { kNone, kBool, kInteger, kFloat, kString };

Basic BasicKind(const Value& value) {
  switch (value.kind()) {
    case Kind::kBool:
      return Basic::kBool;
    case Kind::kInt:
    case Kind::kByte:
      return Basic::kInteger;
    case Kind::kFloat:
      return Basic::kFloat;
    case Kind::kString:
    case Kind::kHtml:
      return Basic::kString;
    default:
      return Basic::kNone;
  }
}

absl::Status BadComparison() { return absl::InvalidArgumentError("invalid type for comparison"); }

absl::Status Incompatible(const Value& a, const Value& b) {
  return absl::InvalidArgumentError(
      StrCat("incompatible types for comparison: ", TypeName(a), " and ", TypeName(b)));
}

// Neither is of a basic kind, or one of them is nil.
absl::StatusOr<bool> EqualObjects(const Value& a, const Value& b) {
  if (a.is_nil() || b.is_nil()) return a.is_nil() && b.is_nil();
  if (a.kind() == Kind::kSample && b.kind() == Kind::kSample) return a.SameObject(b);
  if (a.kind() == b.kind() && (a.kind() == Kind::kTime || a.kind() == Kind::kDuration)) {
    return false;  // Pointers to two times.
  }
  FmtPrinter printer;
  printer.PrintAction(a);
  const absl::StatusOr<std::string> text = printer.Take();
  return absl::InvalidArgumentError(
      StrCat("non-comparable type ", text.ok() ? *text : "", ": ", TypeName(b)));
}

absl::StatusOr<bool> Equal(const Value& a, const Value& b) {
  const Basic kind = BasicKind(a);
  if (kind != BasicKind(b)) {
    if (a.is_nil() || b.is_nil()) return false;
    return Incompatible(a, b);
  }
  switch (kind) {
    case Basic::kNone:
      return EqualObjects(a, b);
    case Basic::kBool:
      return a.boolean() == b.boolean();
    case Basic::kInteger:
      return a.integer() == b.integer();
    case Basic::kFloat:
      return a.number() == b.number();
    case Basic::kString:
      return a.text() == b.text();
  }
  return false;
}

absl::StatusOr<bool> Less(const Value& a, const Value& b) {
  const Basic kind = BasicKind(a);
  if (kind == Basic::kNone || BasicKind(b) == Basic::kNone) return BadComparison();
  if (kind != BasicKind(b)) return Incompatible(a, b);
  switch (kind) {
    case Basic::kInteger:
      return a.integer() < b.integer();
    case Basic::kFloat:
      return a.number() < b.number();
    case Basic::kString:
      return a.text() < b.text();
    default:
      return BadComparison();
  }
}

absl::StatusOr<bool> LessOrEqual(const Value& a, const Value& b) {
  const absl::StatusOr<bool> less = Less(a, b);
  if (!less.ok() || *less) return less;
  return Equal(a, b);
}

absl::StatusOr<Value> AsValue(absl::StatusOr<bool> truth, bool negate) {
  if (!truth.ok()) return truth.status();
  return Value::Bool(*truth != negate);
}

// Whether the first equals any of the others.
absl::StatusOr<Value> Eq(CallContext&, Args args) {
  if (args.size() < 2) return absl::InvalidArgumentError("missing argument for comparison");
  for (const Value& other : args.subspan(1)) {
    const absl::StatusOr<bool> equal = Equal(args[0], other);
    if (!equal.ok() || *equal) return AsValue(equal, false);
  }
  return Value::Bool(false);
}

absl::StatusOr<Value> Ne(CallContext&, Args args) { return AsValue(Equal(args[0], args[1]), true); }
absl::StatusOr<Value> Lt(CallContext&, Args args) { return AsValue(Less(args[0], args[1]), false); }
absl::StatusOr<Value> Ge(CallContext&, Args args) { return AsValue(Less(args[0], args[1]), true); }
absl::StatusOr<Value> Le(CallContext&, Args args) {
  return AsValue(LessOrEqual(args[0], args[1]), false);
}
absl::StatusOr<Value> Gt(CallContext&, Args args) {
  return AsValue(LessOrEqual(args[0], args[1]), true);
}

constexpr FunctionSpec kComparisonFunctions[] = {
    {.name = "eq", .params = kTwoAny, .variadic = true, .kernel = &Eq},
    {.name = "ge", .params = kTwoAny, .kernel = &Ge},
    {.name = "gt", .params = kTwoAny, .kernel = &Gt},
    {.name = "le", .params = kTwoAny, .kernel = &Le},
    {.name = "lt", .params = kTwoAny, .kernel = &Lt},
    {.name = "ne", .params = kTwoAny, .kernel = &Ne},
};

}  // namespace

std::span<const FunctionSpec> ComparisonFunctions() { return kComparisonFunctions; }

}  // namespace hearth::gotemplate
