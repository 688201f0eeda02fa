#include "query/exec/scalar.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "model/status.h"
#include "query/exec/arithmetic.h"

namespace hearth::promql {
namespace {

class Constant : public ScalarOperator {
 public:
  Constant(const Grid& grid, double value) : ScalarOperator(grid), value_(value) {}

 private:
  absl::Status PrepareValues(QueryContext* ctx) override {
    node_ = ctx->samples.AddScalar(CountRule::kLeaf, grid_.count, {});
    std::fill(values_.begin(), values_.end(), value_);
    return absl::OkStatus();
  }

  const double value_;
};

class StepScalar : public ScalarOperator {
 public:
  StepScalar(const Grid& grid, const FunctionSpec* function, std::vector<ScalarPtr> args)
      : ScalarOperator(grid), function_(function), args_(std::move(args)) {}

 private:
  absl::Status PrepareValues(QueryContext* ctx) override {
    std::vector<CountNode> inputs;
    for (const ScalarPtr& arg : args_) {
      HEARTH_RETURN_IF_ERROR(arg->Prepare(ctx));
      inputs.push_back(arg->node());
    }
    node_ = ctx->samples.AddScalar(CountRule::kStepped, grid_.count, std::move(inputs));
    StepInfo info{.query_start = ctx->times.start,
                  .query_end = ctx->times.end,
                  .query_step = ctx->times.step};
    std::vector<double> args(args_.size());
    for (size_t step = 0; step < grid_.count; ++step) {
      for (size_t k = 0; k < args.size(); ++k) args[k] = args_[k]->values()[step];
      info.t = grid_.at(step);
      values_[step] = function_->kernel.scalar(info, args);
    }
    return absl::OkStatus();
  }

  const FunctionSpec* const function_;
  const std::vector<ScalarPtr> args_;
};

class ScalarOfVector : public ScalarOperator {
 public:
  explicit ScalarOfVector(VectorPtr child)
      : ScalarOperator(child->grid()), child_(std::move(child)) {}

  absl::Status PrepareValues(QueryContext* ctx) override {
    HEARTH_RETURN_IF_ERROR(child_->Prepare(ctx));
    node_ = ctx->samples.AddScalar(CountRule::kStepped, grid_.count, {child_->node()});
    std::vector<StepColumn> columns;
    ByteCharge charge(&ctx->bytes);
    HEARTH_RETURN_IF_ERROR(Materialise(*child_, ctx, &columns, &charge));
    values_.assign(child_->steps(), std::numeric_limits<double>::quiet_NaN());
    std::vector<uint32_t> seen(child_->steps(), 0);
    for (const StepColumn& column : columns) {
      for (size_t step = 0; step < column.steps(); ++step) {
        if (!column.ok[step]) continue;
        values_[step] =
            ++seen[step] == 1 ? column.v[step] : std::numeric_limits<double>::quiet_NaN();
      }
    }
    return absl::OkStatus();
  }

 private:
  const VectorPtr child_;
};

class ScalarBinary : public ScalarOperator {
 public:
  ScalarBinary(const Grid& grid, BinaryOp op, ScalarPtr lhs, ScalarPtr rhs)
      : ScalarOperator(grid), op_(op), lhs_(std::move(lhs)), rhs_(std::move(rhs)) {}

  absl::Status PrepareValues(QueryContext* ctx) override {
    HEARTH_RETURN_IF_ERROR(lhs_->Prepare(ctx));
    HEARTH_RETURN_IF_ERROR(rhs_->Prepare(ctx));
    node_ = ctx->samples.AddScalar(CountRule::kStepped, grid_.count, {lhs_->node(), rhs_->node()});
    for (size_t step = 0; step < grid_.count; ++step) {
      const BinaryValue result = Apply(op_, lhs_->values()[step], rhs_->values()[step]);
      // Between scalars a comparison always has `bool`.
      values_[step] = IsComparison(op_) ? (result.keep ? 1 : 0) : result.value;
    }
    return absl::OkStatus();
  }

 private:
  const BinaryOp op_;
  const ScalarPtr lhs_, rhs_;
};

class ScalarNegation : public ScalarOperator {
 public:
  ScalarNegation(const Grid& grid, ScalarPtr child)
      : ScalarOperator(grid), child_(std::move(child)) {}
  absl::Status PrepareValues(QueryContext* ctx) override {
    HEARTH_RETURN_IF_ERROR(child_->Prepare(ctx));
    node_ = ctx->samples.AddScalar(CountRule::kInPlace, grid_.count, {child_->node()});
    std::transform(child_->values().begin(), child_->values().end(), values_.begin(),
                   std::negate<double>());
    return absl::OkStatus();
  }

 private:
  const ScalarPtr child_;
};

class ScalarBroadcast : public ScalarOperator {
 public:
  ScalarBroadcast(const Grid& grid, ScalarPtr child)
      : ScalarOperator(grid), child_(std::move(child)) {}
  absl::Status PrepareValues(QueryContext* ctx) override {
    HEARTH_RETURN_IF_ERROR(child_->Prepare(ctx));
    node_ = ctx->samples.AddScalar(CountRule::kRepeated, grid_.count, {child_->node()});
    if (grid_.count > 0) values_.assign(grid_.count, child_->values()[0]);
    return absl::OkStatus();
  }

 private:
  const ScalarPtr child_;
};

}  // namespace

ScalarPtr NewConstant(const Grid& grid, double value) {
  return std::make_unique<Constant>(grid, value);
}
ScalarPtr NewStepScalar(const Grid& grid, const FunctionSpec* function,
                        std::vector<ScalarPtr> args) {
  return std::make_unique<StepScalar>(grid, function, std::move(args));
}
ScalarPtr NewScalarOfVector(VectorPtr child) {
  return std::make_unique<ScalarOfVector>(std::move(child));
}
ScalarPtr NewScalarBinary(const Grid& grid, BinaryOp op, ScalarPtr lhs, ScalarPtr rhs) {
  return std::make_unique<ScalarBinary>(grid, op, std::move(lhs), std::move(rhs));
}
ScalarPtr NewScalarNegation(const Grid& grid, ScalarPtr child) {
  return std::make_unique<ScalarNegation>(grid, std::move(child));
}
ScalarPtr NewScalarBroadcast(const Grid& grid, ScalarPtr child) {
  return std::make_unique<ScalarBroadcast>(grid, std::move(child));
}

}  // namespace hearth::promql
