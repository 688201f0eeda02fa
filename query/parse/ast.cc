#include "query/parse/ast.h"

namespace hearth::promql {

const char* ValueTypeText(ValueType type) {
  switch (type) {
    case ValueType::kNone:
      return "none";
    case ValueType::kScalar:
      return "scalar";
    case ValueType::kInstantVector:
      return "instant vector";
    case ValueType::kRangeVector:
      return "range vector";
    case ValueType::kString:
      return "string";
  }
  return "unknown type";
}

const char* BinaryOpText(BinaryOp op) {
  constexpr const char* kTexts[] = {"+", "-",  "*", "/",  "%",   "^",  "atan2",  "==", "!=",
                                    "<", "<=", ">", ">=", "and", "or", "unless", "</", ">/"};
  return kTexts[static_cast<int>(op)];
}

}  // namespace hearth::promql
