#include "query/exec/blocking.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "model/status.h"
#include "query/exec/series_map.h"
#include "query/plan/plan.h"

namespace hearth::promql {
namespace {

class Absent : public Materialised {
 public:
  Absent(VectorPtr child, Labels labels, bool over_time)
      : Materialised(child->grid()),
        child_(std::move(child)),
        labels_(std::move(labels)),
        over_time_(over_time) {}

  absl::Status PrepareSeries(QueryContext* ctx) override {
    HEARTH_RETURN_IF_ERROR(child_->Prepare(ctx));
    // absent_over_time: what the windows gave stays counted instead of the result.
    node_ = ctx->samples.Add(over_time_ ? CountRule::kInPlace : CountRule::kStepped,
                             ReadRule::kNothing, steps(), {child_->node()});
    HEARTH_RETURN_IF_ERROR(bytes_.Add(kShards * steps() + ColumnBytes(1, steps())));
    std::array<std::vector<uint8_t>, kShards> seen;
    HEARTH_RETURN_IF_ERROR(
        ForEachColumn(*child_, ctx, [&](size_t shard, size_t, Worker*, StepColumn* column) {
          seen[shard].resize(steps());
          for (size_t step = 0; step < steps(); ++step) seen[shard][step] |= column->ok[step];
          return absl::OkStatus();
        }));
    series_.push_back({labels_, labels_.Fingerprint(), false});
    columns_.resize(1);
    columns_[0].Reset(steps());
    for (size_t step = 0; step < steps(); ++step) {
      const bool present = std::any_of(seen.begin(), seen.end(), [&](const auto& shard) {
        return !shard.empty() && shard[step] != 0;
      });
      if (!present) columns_[0].Set(step, 1);
    }
    return absl::OkStatus();
  }

 private:
  const VectorPtr child_;
  const Labels labels_;
  const bool over_time_;
};

class Sort : public Materialised {
 public:
  Sort(VectorPtr child, const FunctionSpec* function, std::vector<std::string> args,
       PositionRange pos)
      : Materialised(child->grid()),
        child_(std::move(child)),
        function_(function),
        args_(std::move(args)),
        pos_(pos) {}

  absl::Status PrepareSeries(QueryContext* ctx) override {
    HEARTH_RETURN_IF_ERROR(child_->Prepare(ctx));
    if (steps() > 1) ctx->notes.Add(Note::kSortIneffective, pos_, {}, "", kEveryStep);
    node_ = ctx->samples.Add(CountRule::kStepped, ReadRule::kNothing, steps(), {child_->node()});
    HEARTH_RETURN_IF_ERROR(Materialise(*child_, ctx, &columns_, &bytes_));
    series_ = child_->series();
    return absl::OkStatus();
  }
  std::vector<uint32_t> DisplayOrder() const override {
    std::vector<uint32_t> order = child_->DisplayOrder();
    if (steps() != 1) return order;
    const auto row = [&](uint32_t i) {
      return OrderedRow{.labels = series_[i].labels, .value = columns_[i].v[0]};
    };
    // Absent series are not shown, and their values mean nothing.
    std::erase_if(order, [&](uint32_t i) { return !columns_[i].ok[0]; });
    std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
      return function_->kernel.order(row(a), row(b), args_);
    });
    return order;
  }

 private:
  const VectorPtr child_;
  const FunctionSpec* const function_;
  const std::vector<std::string> args_;
  const PositionRange pos_;
};

}  // namespace

VectorPtr NewAbsent(VectorPtr child, Labels labels, bool over_time) {
  return std::make_unique<Absent>(std::move(child), std::move(labels), over_time);
}

Labels LabelsForAbsent(const Expr& argument) {
  const Expr* expr = &WithoutParens(argument);
  if (expr->kind == ExprKind::kMatrixSelector) expr = As<MatrixSelector>(*expr).selector.get();
  if (expr->kind != ExprKind::kVectorSelector) return Labels();
  const std::vector<Matcher>& matchers = As<VectorSelector>(*expr).matchers;
  LabelsBuilder builder;
  std::set<std::string_view> decided;
  for (const Matcher& matcher : matchers) {
    if (matcher.name() == kMetricNameLabel) continue;
    // As Prometheus has it: the first `=` sets a label, whatever else comes for it later unsets it.
    if (matcher.op() == MatchOp::kEqual && decided.insert(matcher.name()).second) {
      builder.Set(matcher.name(), matcher.value());
    } else {
      builder.Del(matcher.name());
    }
  }
  return builder.Build();
}

VectorPtr NewSort(VectorPtr child, const FunctionSpec* function, std::vector<std::string> args,
                  PositionRange pos) {
  return std::make_unique<Sort>(std::move(child), function, std::move(args), pos);
}

}  // namespace hearth::promql
