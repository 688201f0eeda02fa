// Calls: arguments are evaluated to the types that the function's row asks for.
#include <vector>

#include "model/status.h"
#include "model/text.h"
#include "rules/template/evaluator.h"

namespace hearth::gotemplate {
namespace {

bool Takes(Param param, const Value& value) {
  switch (param) {
    case Param::kAny:
      return true;
    case Param::kString:
      return value.kind() == Kind::kString;
    case Param::kVector:
      return value.is_nil() || value.kind() == Kind::kVector;
    case Param::kSample:
      return value.is_nil() || value.kind() == Kind::kSample;
  }
  return false;
}

Param ParamAt(const FunctionSpec& function, size_t i) {
  return i < function.params.size() ? function.params[i] : function.params.back();
}

}  // namespace

absl::StatusOr<Value> Evaluator::Call(const Value& dot, const FunctionSpec& function,
                                      const Node& node, const NodeList* args, const Final& final,
                                      const Value* receiver) {
  std::span<const NodePtr> written;
  if (args != nullptr) written = std::span<const NodePtr>(*args).subspan(1);
  const size_t count = written.size() + (final ? 1 : 0);
  const size_t fixed = function.params.size() - (function.variadic ? 1 : 0);
  if (function.variadic && count < fixed) {
    return Error(StrCat("wrong number of args for ", function.name, ": want at least ", fixed,
                        " got ", written.size()));
  }
  if (!function.variadic && count != fixed) {
    return Error(
        StrCat("wrong number of args for ", function.name, ": want ", fixed, " got ", count));
  }
  if (function.short_circuit != ShortCircuit::kNo) {
    return CallShortCircuit(dot, function, written, final);
  }
  std::vector<Value> values;
  values.reserve(count + 1);
  if (receiver != nullptr) values.push_back(*receiver);
  for (size_t i = 0; i < written.size(); ++i) {
    HEARTH_ASSIGN_OR_RETURN(Value value, Arg(dot, ParamAt(function, i), *written[i]));
    values.push_back(std::move(value));
  }
  if (final) {
    HEARTH_ASSIGN_OR_RETURN(Value value, Validate(*final, ParamAt(function, count - 1)));
    values.push_back(std::move(value));
  }
  absl::StatusOr<Value> result = function.kernel(context_, values);
  absl::Status status = result.status();
  if (status.ok() && result->is_string()) {
    if (result->text().size() > kMaxStringBytes) {
      status = absl::ResourceExhaustedError(
          StrCat("text of ", result->text().size(), " bytes is longer than ", kMaxStringBytes));
    } else {
      status = context_.budget->SpendBytes(result->text().size());
    }
  }
  if (status.ok()) return result;
  At(node);
  return Error(StrCat("error calling ", function.name, ": ", FromAbsl(status.message())));
}

absl::StatusOr<Value> Evaluator::CallShortCircuit(const Value& dot, const FunctionSpec& function,
                                                  std::span<const NodePtr> args,
                                                  const Final& final) {
  const bool decides = function.short_circuit == ShortCircuit::kOr;
  Value value;
  for (const NodePtr& arg : args) {
    HEARTH_ASSIGN_OR_RETURN(value, Arg(dot, Param::kAny, *arg));
    if (IsTrue(value) == decides) return value;
  }
  return final ? *final : value;
}

absl::StatusOr<Value> Evaluator::Arg(const Value& dot, Param param, const Node& node) {
  At(node);
  switch (node.kind) {
    case NodeKind::kDot:
      return Validate(dot, param);
    case NodeKind::kNil:
      if (Takes(param, Value())) return Value();
      return Error(StrCat("cannot assign nil to ", ParamTypeName(param)));
    case NodeKind::kField: {
      HEARTH_ASSIGN_OR_RETURN(Value value,
                              Fields(dot, dot, node, As<FieldNode>(node).fields, nullptr, Final()));
      return Validate(std::move(value), param);
    }
    case NodeKind::kVariable: {
      HEARTH_ASSIGN_OR_RETURN(Value value, Variable(dot, As<VariableNode>(node), nullptr, Final()));
      return Validate(std::move(value), param);
    }
    case NodeKind::kPipe: {
      HEARTH_ASSIGN_OR_RETURN(Value value, Pipeline(dot, As<PipeNode>(node)));
      return Validate(std::move(value), param);
    }
    case NodeKind::kIdentifier: {
      HEARTH_ASSIGN_OR_RETURN(
          Value value, Call(dot, *As<IdentifierNode>(node).function, node, nullptr, Final()));
      return Validate(std::move(value), param);
    }
    case NodeKind::kChain: {
      HEARTH_ASSIGN_OR_RETURN(Value value, Chain(dot, As<ChainNode>(node), nullptr, Final()));
      return Validate(std::move(value), param);
    }
    default:
      return Literal(dot, param, node);
  }
}

absl::StatusOr<Value> Evaluator::Literal(const Value& dot, Param param, const Node& node) {
  if (param == Param::kAny) return Constant(dot, node);
  if (param != Param::kString) {
    return Error(
        StrCat("can't handle ", ToString(node), " for arg of type ", ParamTypeName(param)));
  }
  if (node.kind == NodeKind::kString) return As<StringNode>(node).value;
  return Error(StrCat("expected string; found ", ToString(node)));
}

absl::StatusOr<Value> Evaluator::Validate(Value value, Param param) {
  if (Takes(param, value)) return value;
  if (value.is_nil()) return Error(StrCat("invalid value; expected ", ParamTypeName(param)));
  return Error(
      StrCat("wrong type for value; expected ", ParamTypeName(param), "; got ", TypeName(value)));
}

}  // namespace hearth::gotemplate
