#include "query/exec/build.h"

#include <algorithm>
#include <utility>

#include "model/status.h"
#include "model/text.h"
#include "query/exec/aggregate.h"
#include "query/exec/binary.h"
#include "query/exec/blocking.h"
#include "query/exec/histogram_buckets.h"
#include "query/exec/info.h"
#include "query/exec/range_function.h"
#include "query/exec/scalar.h"
#include "query/exec/selector.h"
#include "query/exec/streaming.h"
#include "query/functions/spec.h"

namespace hearth::promql {
namespace {

// Columns are allocated by steps, so a subquery of more steps than this is refused before it asks
// for memory.
constexpr int64_t kMinStepLimit = 1'000'000;

// The arguments of a call, sorted by type.
struct Arguments {
  VectorPtr vector;
  RangePtr range;
  std::vector<ScalarPtr> scalars;
  std::vector<std::string> strings;
  std::vector<PositionRange> positions;
  const PlanNode* vector_node = nullptr;
};

class Builder {
 public:
  explicit Builder(const QueryContext& ctx) : ctx_(ctx) {}

  // A node that is evaluated once answers all steps of its parent's grid.
  absl::StatusOr<VectorPtr> Vector(const PlanNode& node, const Grid& parent) {
    HEARTH_ASSIGN_OR_RETURN(VectorPtr op, BareVector(node));
    op->Evaluates(*node.expr);
    if (node.grid == parent) return op;
    return NewBroadcast(parent, std::move(op));
  }
  absl::StatusOr<ScalarPtr> Scalar(const PlanNode& node, const Grid& parent) {
    HEARTH_ASSIGN_OR_RETURN(ScalarPtr op, BareScalar(node));
    op->Evaluates(*node.expr);
    if (node.grid == parent) return op;
    return NewScalarBroadcast(parent, std::move(op));
  }

  absl::StatusOr<RangePtr> Range(const PlanNode& node, ReadAhead::Parts parts) {
    HEARTH_ASSIGN_OR_RETURN(RangePtr op, BareRange(node, parts));
    op->Evaluates(*node.expr);
    return op;
  }

 private:
  absl::StatusOr<RangePtr> BareRange(const PlanNode& node, ReadAhead::Parts parts) {
    if (node.expr->kind == ExprKind::kMatrixSelector) return NewMatrixSelector(node, parts);
    const PlanNode& child = *node.children[0];
    const int64_t limit = std::max(ctx_.limits.max_samples, kMinStepLimit);
    if (static_cast<int64_t>(node.subquery_grid.count) > limit) {
      return TooManySamples();
    }
    HEARTH_ASSIGN_OR_RETURN(VectorPtr op, child.expr->type == ValueType::kScalar
                                              ? ScalarAsVector(child, node.subquery_grid)
                                              : Vector(child, node.subquery_grid));
    return NewSubquery(node, std::move(op));
  }
  absl::StatusOr<VectorPtr> ScalarAsVector(const PlanNode& node, const Grid& grid) {
    HEARTH_ASSIGN_OR_RETURN(ScalarPtr op, Scalar(node, grid));
    return NewVectorOfScalar(grid, std::move(op));
  }
  // Only some functions take windows that reach beyond themselves.
  static absl::Status CheckMode(const FunctionSpec& function, SelectorMode mode) {
    if (mode == SelectorMode::kPlain) return absl::OkStatus();
    const bool anchored = mode == SelectorMode::kAnchored;
    const auto takes = [anchored](const FunctionSpec& spec) {
      return (anchored ? spec.kernel.anchored : spec.kernel.smoothed) != nullptr;
    };
    if (takes(function)) return absl::OkStatus();
    std::string names;
    for (const FunctionSpec* spec : AllFunctions()) {
      if (takes(*spec)) StrAppend(&names, names.empty() ? "" : ", ", spec->name);
    }
    return absl::FailedPreconditionError(StrCat(anchored ? "anchored" : "smoothed",
                                                " modifier can only be used with: ", names,
                                                " - not with ", function.name));
  }

  absl::StatusOr<VectorPtr> BareVector(const PlanNode& node) {
    switch (node.expr->kind) {
      case ExprKind::kVectorSelector:
        return NewInstantSelector(node, SelectorOutput::kValue);
      case ExprKind::kCall:
        return VectorCall(node);
      case ExprKind::kAggregate:
        return Aggregate(node);
      case ExprKind::kBinary:
        return VectorBinary(node);
      case ExprKind::kUnary: {
        HEARTH_ASSIGN_OR_RETURN(VectorPtr child, Vector(*node.children[0], node.grid));
        return As<UnaryExpr>(*node.expr).negate ? NewNegation(std::move(child)) : std::move(child);
      }
      default:
        return absl::InternalError(
            StrCat("no operator gives an instant vector of this expression: ",
                   ValueTypeText(node.expr->type)));
    }
  }

  absl::StatusOr<ScalarPtr> BareScalar(const PlanNode& node) {
    switch (node.expr->kind) {
      case ExprKind::kNumber:
        return NewConstant(node.grid, As<NumberLiteral>(*node.expr).value);
      case ExprKind::kUnary: {
        HEARTH_ASSIGN_OR_RETURN(ScalarPtr child, Scalar(*node.children[0], node.grid));
        return As<UnaryExpr>(*node.expr).negate ? NewScalarNegation(node.grid, std::move(child))
                                                : std::move(child);
      }
      case ExprKind::kBinary: {
        HEARTH_ASSIGN_OR_RETURN(ScalarPtr lhs, Scalar(*node.children[0], node.grid));
        HEARTH_ASSIGN_OR_RETURN(ScalarPtr rhs, Scalar(*node.children[1], node.grid));
        return NewScalarBinary(node.grid, As<BinaryExpr>(*node.expr).op, std::move(lhs),
                               std::move(rhs));
      }
      case ExprKind::kCall: {
        const FunctionSpec* function = As<Call>(*node.expr).function;
        HEARTH_ASSIGN_OR_RETURN(Arguments args, BuildArguments(node));
        if (function->kernel.shape == Shape::kScalarOfVector) {
          return NewScalarOfVector(std::move(args.vector));
        }
        return NewStepScalar(node.grid, function, std::move(args.scalars));
      }
      default:
        return absl::InternalError("no operator gives a scalar of this expression");
    }
  }

  absl::StatusOr<Arguments> BuildArguments(const PlanNode& node) {
    Arguments args;
    for (const auto& child : node.children) {
      args.positions.push_back(child->expr->pos);
      switch (child->expr->type) {
        case ValueType::kScalar: {
          HEARTH_ASSIGN_OR_RETURN(ScalarPtr scalar, Scalar(*child, node.grid));
          args.scalars.push_back(std::move(scalar));
          break;
        }
        case ValueType::kInstantVector: {
          HEARTH_ASSIGN_OR_RETURN(args.vector, Vector(*child, node.grid));
          args.vector_node = child.get();
          break;
        }
        case ValueType::kRangeVector: {
          const FunctionSpec& function = *As<Call>(*node.expr).function;
          const auto parts =
              function.kernel.times_only ? ReadAhead::Parts::kTimes : ReadAhead::Parts::kAll;
          HEARTH_ASSIGN_OR_RETURN(args.range, Range(*child, parts));
          HEARTH_RETURN_IF_ERROR(CheckMode(function, args.range->mode()));
          break;
        }
        case ValueType::kString:
          args.strings.push_back(As<StringLiteral>(*child->expr).value);
          break;
        case ValueType::kNone:
          return absl::InternalError("an argument without a type");
      }
    }
    return args;
  }

  absl::StatusOr<VectorPtr> VectorCall(const PlanNode& node) {
    const Call& call = As<Call>(*node.expr);
    const FunctionSpec* function = call.function;
    if (function->kernel.shape == Shape::kInfo) return Info(node);
    HEARTH_ASSIGN_OR_RETURN(Arguments args, BuildArguments(node));
    switch (function->kernel.shape) {
      case Shape::kElementwise:
        if (args.vector == nullptr && function->default_arg == DefaultArg::kVectorOfTime) {
          args.vector = NewVectorOfTime(node.grid);
        }
        return NewElementwise(std::move(args.vector), function, std::move(args.scalars));
      case Shape::kWindowed:
        return NewRangeFunction(node.grid, function, std::move(args.range), std::move(args.scalars),
                                std::move(args.positions), shared_.Find(node, *function));
      case Shape::kVectorOfScalar:
        return NewVectorOfScalar(node.grid, std::move(args.scalars[0]));
      case Shape::kTimestamp:
      case Shape::kStartTimestamp:
        return Timestamp(node, function->kernel.shape, std::move(args));
      case Shape::kRelabel:
        return NewRelabel(std::move(args.vector), function, std::move(args.strings));
      case Shape::kSort:
        return NewSort(std::move(args.vector), function, std::move(args.strings), call.pos);
      case Shape::kBuckets:
        if (!args.strings.empty()) {
          return NewHistogramQuantiles(std::move(args.vector), function, std::move(args.scalars),
                                       std::move(args.positions), args.strings[0]);
        }
        return NewHistogramBuckets(std::move(args.vector), function, std::move(args.scalars),
                                   std::move(args.positions));
      case Shape::kAbsent: {
        const bool over_time = function->kernel.window != nullptr;
        VectorPtr child = over_time ? NewRangeFunction(node.grid, function, std::move(args.range),
                                                       {}, std::move(args.positions))
                                    : std::move(args.vector);
        return NewAbsent(std::move(child), LabelsForAbsent(*call.args[0]), over_time);
      }
      case Shape::kNoFloats:
        return NewNoFloats(std::move(args.vector));
      case Shape::kInfo:
      case Shape::kStepScalar:
      case Shape::kScalarOfVector:
        break;
    }
    return absl::InternalError(StrCat("function ", function->name, " gives no vector"));
  }

  // What is computed has the time of its evaluation, and no start.
  absl::StatusOr<VectorPtr> Timestamp(const PlanNode& node, Shape shape, Arguments args) {
    const PlanNode& child = *args.vector_node;
    const bool start = shape == Shape::kStartTimestamp;
    if (child.expr->kind != ExprKind::kVectorSelector) {
      return start ? NewNoFloats(std::move(args.vector))
                   : NewEvaluationTime(std::move(args.vector));
    }
    VectorPtr times =
        NewInstantSelector(child, start ? SelectorOutput::kStartTime : SelectorOutput::kTime);
    return child.grid == node.grid ? std::move(times) : NewBroadcast(node.grid, std::move(times));
  }

  absl::StatusOr<VectorPtr> Info(const PlanNode& node) {
    const PlanNode& selected = *node.children[1];
    HEARTH_ASSIGN_OR_RETURN(VectorPtr base, Vector(*node.children[0], node.grid));
    VectorPtr info = NewInstantSelector(selected, SelectorOutput::kInfoTime);
    if (!(selected.grid == node.grid)) info = NewBroadcast(node.grid, std::move(info));
    return NewInfo(std::move(base), std::move(info), As<VectorSelector>(*selected.expr));
  }

  absl::StatusOr<VectorPtr> Aggregate(const PlanNode& node) {
    const AggregateExpr& aggregate = As<AggregateExpr>(*node.expr);
    HEARTH_ASSIGN_OR_RETURN(VectorPtr child, Vector(*node.children.back(), node.grid));
    switch (aggregate.aggregation->kernel.shape) {
      case AggregationShape::kFold:
        return NewFold(aggregate, std::move(child));
      case AggregationShape::kCountValues:
        return NewCountValues(aggregate, std::move(child));
      default: {
        HEARTH_ASSIGN_OR_RETURN(ScalarPtr param, Scalar(*node.children[0], node.grid));
        return NewRanked(aggregate, std::move(child), std::move(param));
      }
    }
  }

  absl::StatusOr<VectorPtr> VectorBinary(const PlanNode& node) {
    const BinaryExpr& binary = As<BinaryExpr>(*node.expr);
    const PlanNode &left = *node.children[0], &right = *node.children[1];
    if (!binary.matching.has_value()) {
      const bool scalar_left = left.expr->type == ValueType::kScalar;
      HEARTH_ASSIGN_OR_RETURN(VectorPtr vector, Vector(scalar_left ? right : left, node.grid));
      HEARTH_ASSIGN_OR_RETURN(ScalarPtr scalar, Scalar(scalar_left ? left : right, node.grid));
      return NewVectorScalarBinary(std::move(vector), std::move(scalar), scalar_left, binary.op,
                                   binary.return_bool, binary.pos);
    }
    HEARTH_ASSIGN_OR_RETURN(VectorPtr lhs, Vector(left, node.grid));
    HEARTH_ASSIGN_OR_RETURN(VectorPtr rhs, Vector(right, node.grid));
    return IsSetOperator(binary.op) ? NewSetOperator(binary, std::move(lhs), std::move(rhs))
                                    : NewVectorBinary(binary, std::move(lhs), std::move(rhs));
  }

  const QueryContext& ctx_;
  SharedColumnsTable shared_;
};

}  // namespace

absl::StatusOr<VectorPtr> BuildVector(const PlanNode& node, const Grid& grid,
                                      const QueryContext& ctx) {
  return Builder(ctx).Vector(node, grid);
}
absl::StatusOr<ScalarPtr> BuildScalar(const PlanNode& node, const Grid& grid,
                                      const QueryContext& ctx) {
  return Builder(ctx).Scalar(node, grid);
}
absl::StatusOr<RangePtr> BuildRange(const PlanNode& node, const QueryContext& ctx) {
  return Builder(ctx).Range(node, ReadAhead::Parts::kAll);
}

}  // namespace hearth::promql
