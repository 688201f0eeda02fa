#include "query/parse/printer.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "model/float_text.h"
#include "model/labels.h"
#include "model/text.h"
#include "query/functions/spec.h"
#include "query/parse/literals.h"

namespace hearth::promql {
namespace {

// Label lists quote what is not a plain identifier.
void PrintLabels(const std::vector<std::string>& labels, std::string* out) {
  for (size_t i = 0; i < labels.size(); ++i) {
    if (i > 0) out->append(", ");
    if (IsLegacyLabelName(labels[i])) {
      out->append(labels[i]);
    } else {
      AppendQuoted(labels[i], out);
    }
  }
}

std::string SignedDurationText(TimeMs ms) {
  return ms < 0 ? "-" + DurationText(-ms) : DurationText(ms);
}

// Prometheus counts nanoseconds here.
std::string SecondsText(double seconds) {
  return SignedDurationText(static_cast<int64_t>(seconds * 1e9) / 1'000'000);
}

void PrintDuration(const DurationExpr& d, std::string* out) {
  if (d.wrapped) out->push_back('(');
  const auto infix = [&](const char* op) {
    PrintDuration(*d.lhs, out);
    StrAppend(out, " ", op, " ");
    PrintDuration(*d.rhs, out);
  };
  const auto call = [&](const char* name) {
    StrAppend(out, name, "(");
    PrintDuration(*d.lhs, out);
    out->append(", ");
    PrintDuration(*d.rhs, out);
    out->push_back(')');
  };
  switch (d.op) {
    case DurationOp::kLiteral:
      out->append(d.is_number ? FixedFloatText(d.literal_s) : SecondsText(d.literal_s));
      break;
    case DurationOp::kAdd:
      infix("+");
      break;
    case DurationOp::kSub:
      infix("-");
      break;
    case DurationOp::kMul:
      infix("*");
      break;
    case DurationOp::kDiv:
      infix("/");
      break;
    case DurationOp::kMod:
      infix("%");
      break;
    case DurationOp::kPow:
      infix("^");
      break;
    case DurationOp::kNegate:
      out->push_back('-');
      PrintDuration(*d.rhs, out);
      break;
    case DurationOp::kStep:
      out->append("step()");
      break;
    case DurationOp::kRange:
      out->append("range()");
      break;
    case DurationOp::kMinOf:
      call("min_of");
      break;
    case DurationOp::kMaxOf:
      call("max_of");
      break;
  }
  if (d.wrapped) out->push_back(')');
}

void PrintDurationValue(const DurationValue& value, std::string* out) {
  if (value.expr) {
    PrintDuration(*value.expr, out);
  } else {
    out->append(SignedDurationText(value.ms));
  }
}

void PrintOffset(const TimeModifier& time, std::string* out) {
  if (!time.offset.expr && time.offset.ms == 0) return;
  out->append(" offset ");
  if (time.offset.expr && time.offset.expr->plus) out->push_back('+');
  PrintDurationValue(time.offset, out);
}

void PrintAt(const TimeModifier& time, std::string* out) {
  switch (time.at) {
    case AtKind::kNone:
      break;
    case AtKind::kTimestamp:
      absl::StrAppendFormat(out, " @ %.3f", static_cast<double>(time.at_ms) / 1000.0);
      break;
    case AtKind::kStart:
      out->append(" @ start()");
      break;
    case AtKind::kEnd:
      out->append(" @ end()");
      break;
  }
}

void PrintMode(SelectorMode mode, std::string* out) {
  if (mode == SelectorMode::kAnchored) out->append(" anchored");
  if (mode == SelectorMode::kSmoothed) out->append(" smoothed");
}

// The name and the braces.
void PrintSelector(const VectorSelector& selector, std::string* out) {
  std::vector<std::string> texts;
  for (const Matcher& matcher : selector.matchers) {
    const bool is_the_name = matcher.name() == kMetricNameLabel &&
                             matcher.op() == MatchOp::kEqual && matcher.value() == selector.name &&
                             !selector.name.empty();
    if (!is_the_name) texts.push_back(matcher.ToString());
  }
  std::sort(texts.begin(), texts.end());
  out->append(selector.name);
  if (texts.empty() && !selector.name.empty()) return;
  out->push_back('{');
  for (size_t i = 0; i < texts.size(); ++i) StrAppend(out, i > 0 ? "," : "", texts[i]);
  out->push_back('}');
}

void PrintVectorSelector(const VectorSelector& selector, std::string* out) {
  PrintSelector(selector, out);
  PrintAt(selector.time, out);
  PrintMode(selector.mode, out);
  PrintOffset(selector.time, out);
}

void PrintMatrixSelector(const MatrixSelector& matrix, std::string* out) {
  PrintSelector(*matrix.selector, out);
  out->push_back('[');
  PrintDurationValue(matrix.range, out);
  out->push_back(']');
  PrintMode(matrix.selector->mode, out);
  PrintAt(matrix.selector->time, out);
  PrintOffset(matrix.selector->time, out);
}

void PrintMatching(const VectorMatching& matching, std::string* out) {
  const bool grouped = matching.cardinality == MatchCardinality::kManyToOne ||
                       matching.cardinality == MatchCardinality::kOneToMany;
  if (matching.on || !matching.labels.empty() || grouped) {
    out->append(matching.on ? " on (" : " ignoring (");
    PrintLabels(matching.labels, out);
    out->push_back(')');
  }
  if (grouped) {
    out->append(matching.cardinality == MatchCardinality::kManyToOne ? " group_left ("
                                                                     : " group_right (");
    PrintLabels(matching.include, out);
    out->push_back(')');
  }
  if (matching.fill_both) {
    StrAppend(out, " fill (", ShortNumberText(*matching.fill_left), ")");
    return;
  }
  if (matching.fill_left) StrAppend(out, " fill_left (", ShortNumberText(*matching.fill_left), ")");
  if (matching.fill_right)
    StrAppend(out, " fill_right (", ShortNumberText(*matching.fill_right), ")");
}

// Writes a whole expression and notes the lengths of its nodes.
class LinePrinter {
 public:
  LinePrinter(std::string* out, TextLengths* lengths) : out_(out), lengths_(lengths) {}

  void Print(const Expr& expr) {
    const size_t begin = out_->size();
    PrintNode(expr);
    if (lengths_ != nullptr) lengths_->emplace(&expr, out_->size() - begin);
  }

 private:
  void PrintNode(const Expr& expr) {
    switch (expr.kind) {
      case ExprKind::kNumber: {
        const auto& number = As<NumberLiteral>(expr);
        out_->append(number.is_duration ? SecondsText(number.value) : FixedFloatText(number.value));
        return;
      }
      case ExprKind::kString:
        return AppendQuoted(As<StringLiteral>(expr).value, out_);
      case ExprKind::kVectorSelector:
        return PrintVectorSelector(As<VectorSelector>(expr), out_);
      case ExprKind::kMatrixSelector:
        return PrintMatrixSelector(As<MatrixSelector>(expr), out_);
      case ExprKind::kSubquery:
        Print(*As<SubqueryExpr>(expr).expr);
        return PrintSubqueryTimes(As<SubqueryExpr>(expr), out_);
      case ExprKind::kCall:
        return PrintCall(As<Call>(expr));
      case ExprKind::kAggregate:
        return PrintAggregate(As<AggregateExpr>(expr));
      case ExprKind::kBinary: {
        const auto& binary = As<BinaryExpr>(expr);
        PrintLeft(binary);
        out_->push_back(' ');
        PrintOperator(binary, out_);
        out_->push_back(' ');
        return Print(*binary.rhs);
      }
      case ExprKind::kUnary:
        out_->push_back(As<UnaryExpr>(expr).negate ? '-' : '+');
        return Print(*As<UnaryExpr>(expr).expr);
      case ExprKind::kParen:
        out_->push_back('(');
        Print(*As<ParenExpr>(expr).expr);
        out_->push_back(')');
        return;
      case ExprKind::kDuration:
        return PrintDuration(As<DurationExpr>(expr), out_);
    }
  }

  void PrintLeft(const BinaryExpr& binary) {
    if (!HasBareInfinity(binary)) return Print(*binary.lhs);
    out_->append(kBareInfinity);
    if (lengths_ != nullptr) lengths_->emplace(binary.lhs.get(), kBareInfinity.size());
  }

  void PrintCall(const Call& call) {
    StrAppend(out_, call.function->name, "(");
    for (size_t i = 0; i < call.args.size(); ++i) {
      if (i > 0) out_->append(", ");
      Print(*call.args[i]);
    }
    out_->push_back(')');
  }

  void PrintAggregate(const AggregateExpr& aggregate) {
    PrintAggregateHead(aggregate, out_);
    out_->push_back('(');
    if (aggregate.param) {
      Print(*aggregate.param);
      out_->append(", ");
    }
    Print(*aggregate.expr);
    out_->push_back(')');
  }

  std::string* const out_;
  TextLengths* const lengths_;
};

}  // namespace

void PrintAggregateHead(const AggregateExpr& aggregate, std::string* out) {
  out->append(aggregate.aggregation->name);
  if (!aggregate.without && aggregate.grouping.empty()) return;
  out->append(aggregate.without ? " without (" : " by (");
  PrintLabels(aggregate.grouping, out);
  out->append(") ");
}

bool HasBareInfinity(const BinaryExpr& binary) {
  return binary.op == BinaryOp::kPow && binary.lhs->kind == ExprKind::kNumber &&
         std::isinf(As<NumberLiteral>(*binary.lhs).value);
}

void PrintOperator(const BinaryExpr& binary, std::string* out) {
  StrAppend(out, BinaryOpText(binary.op), binary.return_bool ? " bool" : "");
  if (binary.matching) PrintMatching(*binary.matching, out);
}

void PrintSubqueryTimes(const SubqueryExpr& subquery, std::string* out) {
  out->push_back('[');
  PrintDurationValue(subquery.range, out);
  out->push_back(':');
  if (subquery.step.expr || subquery.step.ms != 0) PrintDurationValue(subquery.step, out);
  out->push_back(']');
  PrintAt(subquery.time, out);
  PrintOffset(subquery.time, out);
}

void Print(const Expr& expr, std::string* out, TextLengths* lengths) {
  LinePrinter(out, lengths).Print(expr);
}

std::string ToString(const Expr& expr) {
  std::string out;
  Print(expr, &out);
  return out;
}

}  // namespace hearth::promql
