#include "query/exec/streaming.h"

#include <utility>

#include "model/status.h"
#include "model/text.h"
#include "query/exec/arithmetic.h"
#include "query/exec/series_map.h"

namespace hearth::promql {
namespace {

// One child whose columns are changed in place and whose labels may change.
class Mapped : public VectorOperator {
 public:
  explicit Mapped(VectorPtr child, CountRule rule = CountRule::kStepped,
                  HistogramRule histograms = HistogramRule::kDropped)
      : VectorOperator(child->grid(), histograms), child_(std::move(child)), rule_(rule) {}

  absl::Status PrepareSeries(QueryContext* ctx) override {
    HEARTH_RETURN_IF_ERROR(child_->Prepare(ctx));
    std::vector<CountNode> inputs = {child_->node()};
    HEARTH_RETURN_IF_ERROR(PrepareArguments(ctx, &inputs));
    node_ = ctx->samples.Add(rule_, ReadRule::kNothing, steps(), std::move(inputs));
    std::vector<SeriesMeta> changed;
    size_t charged = 0;
    changed.reserve(child_->series().size());
    for (size_t i = 0; i < child_->series().size(); ++i) {
      if ((i & 255) == 0) {
        HEARTH_RETURN_IF_ERROR(ctx->limits.Check("expression evaluation"));
        HEARTH_RETURN_IF_ERROR(bytes_.Add(arena_.bytes() - charged));
        charged = arena_.bytes();
      }
      changed.push_back(Rename(child_->series()[i], *ctx));
    }
    HEARTH_RETURN_IF_ERROR(bytes_.Add(arena_.bytes() - charged));
    map_.Build(std::move(changed), &series_);
    return absl::OkStatus();
  }
  absl::Status ComputeColumn(size_t i, Worker* worker, StepColumn* out) const override {
    return map_.Column(i, out, [&](size_t input, StepColumn* column) {
      HEARTH_RETURN_IF_ERROR(child_->Column(input, worker, column));
      DropUnknownHistograms(column);
      Change(worker, column);
      return absl::OkStatus();
    });
  }
  void Expect(std::span<const uint32_t> series, Worker* worker) const override {
    child_->Expect(map_.SourcesOf(series), worker);
  }
  std::vector<uint32_t> DisplayOrder() const override {
    return map_.OutputOrder(child_->DisplayOrder());
  }

 protected:
  // Adds the nodes of further inputs to *inputs.
  virtual absl::Status PrepareArguments(QueryContext*, std::vector<CountNode>* /*inputs*/) {
    return absl::OkStatus();
  }
  virtual SeriesMeta Rename(const SeriesMeta& meta, const QueryContext&) { return meta; }
  virtual void Change(Worker*, StepColumn*) const {}

  SeriesMeta WithoutItsName(const SeriesMeta& meta, const QueryContext& ctx) {
    return DropName(meta, ctx.delayed_name_removal, &arena_);
  }

  LabelArena arena_;

 private:
  const VectorPtr child_;
  const CountRule rule_;
  SeriesMap map_;
};

class Elementwise : public Mapped {
 public:
  Elementwise(VectorPtr child, const FunctionSpec* function, std::vector<ScalarPtr> params)
      : Mapped(std::move(child)), function_(function), params_(std::move(params)) {}

 private:
  absl::Status PrepareArguments(QueryContext* ctx, std::vector<CountNode>* inputs) override {
    for (const ScalarPtr& param : params_) {
      HEARTH_RETURN_IF_ERROR(param->Prepare(ctx));
      inputs->push_back(param->node());
      columns_.push_back(param->values());
    }
    HEARTH_RETURN_IF_ERROR(bytes_.Add(steps() * sizeof(TimeMs)));
    for (size_t step = 0; step < steps(); ++step) times_.push_back(grid().at(step));
    return absl::OkStatus();
  }
  SeriesMeta Rename(const SeriesMeta& meta, const QueryContext& ctx) override {
    return function_->metric_name == MetricNameRule::kKeep ? meta : WithoutItsName(meta, ctx);
  }
  void Change(Worker*, StepColumn* column) const override {
    function_->kernel.element({.params = columns_, .times = times_}, column);
  }

  const FunctionSpec* const function_;
  const std::vector<ScalarPtr> params_;
  ParamColumns columns_;
  std::vector<TimeMs> times_;
};

class Negation : public Mapped {
 public:
  explicit Negation(VectorPtr child) : Mapped(std::move(child), CountRule::kInPlace) {}

 private:
  SeriesMeta Rename(const SeriesMeta& meta, const QueryContext& ctx) override {
    return WithoutItsName(meta, ctx);
  }
  void Change(Worker*, StepColumn* column) const override {
    for (double& v : column->v) v = -v;
  }
};

class VectorScalarBinary : public Mapped {
 public:
  VectorScalarBinary(VectorPtr vector, ScalarPtr scalar, bool scalar_left, BinaryOp op,
                     bool return_bool, PositionRange pos)
      : Mapped(std::move(vector)),
        scalar_(std::move(scalar)),
        scalar_left_(scalar_left),
        op_(op),
        return_bool_(return_bool),
        pos_(pos) {}

 private:
  absl::Status PrepareArguments(QueryContext* ctx, std::vector<CountNode>* inputs) override {
    HEARTH_RETURN_IF_ERROR(scalar_->Prepare(ctx));
    inputs->push_back(scalar_->node());
    return absl::OkStatus();
  }
  SeriesMeta Rename(const SeriesMeta& meta, const QueryContext& ctx) override {
    return IsArithmetic(op_) || return_bool_ ? WithoutItsName(meta, ctx) : meta;
  }
  // Filters have loops of their own, in which Apply has no switch left.
  void Change(Worker* worker, StepColumn* column) const override {
    if (return_bool_) return ChangeEach(worker, column);
    switch (op_) {
      case BinaryOp::kEqual:
        return Filter<BinaryOp::kEqual>(column);
      case BinaryOp::kNotEqual:
        return Filter<BinaryOp::kNotEqual>(column);
      case BinaryOp::kLess:
        return Filter<BinaryOp::kLess>(column);
      case BinaryOp::kLessEqual:
        return Filter<BinaryOp::kLessEqual>(column);
      case BinaryOp::kGreater:
        return Filter<BinaryOp::kGreater>(column);
      case BinaryOp::kGreaterEqual:
        return Filter<BinaryOp::kGreaterEqual>(column);
      default:
        return ChangeEach(worker, column);
    }
  }
  template <BinaryOp kOp>
  void Filter(StepColumn* column) const {
    const std::span<const double> scalar = scalar_->values();
    for (size_t step = 0; step < column->steps(); ++step) {
      const double v = column->v[step];
      const bool keep =
          scalar_left_ ? Apply(kOp, scalar[step], v).keep : Apply(kOp, v, scalar[step]).keep;
      column->ok[step] &= static_cast<uint8_t>(keep);
    }
  }
  void ChangeEach(Worker* worker, StepColumn* column) const {
    const std::span<const double> scalar = scalar_->values();
    for (size_t step = 0; step < column->steps(); ++step) {
      if (!column->ok[step]) continue;
      const double v = column->v[step];
      const BinaryValue result =
          scalar_left_ ? Apply(op_, scalar[step], v) : Apply(op_, v, scalar[step]);
      if (return_bool_) {
        column->v[step] = result.keep ? 1 : 0;
      } else if (!result.keep) {
        column->ok[step] = 0;
        if (IsTrim(op_)) NoteTrim(worker);
      } else if (IsArithmetic(op_)) {
        column->v[step] = result.value;
      }
    }
  }
  void NoteTrim(Worker* worker) const {
    const char* op = BinaryOpText(op_);
    worker->notes.Add(Note::kIncompatibleTypes, pos_, {op, "float", op, "float"});
  }

  const ScalarPtr scalar_;
  const bool scalar_left_;
  const BinaryOp op_;
  const bool return_bool_;
  const PositionRange pos_;
};

class EvaluationTime : public Mapped {
 public:
  using Mapped::Mapped;

 private:
  SeriesMeta Rename(const SeriesMeta& meta, const QueryContext& ctx) override {
    return WithoutItsName(meta, ctx);
  }
  void Change(Worker*, StepColumn* column) const override {
    for (size_t step = 0; step < column->steps(); ++step) {
      column->v[step] = static_cast<double>(grid().at(step)) / 1000;
    }
  }
};

class NoFloats : public Mapped {
 public:
  using Mapped::Mapped;

 private:
  void Change(Worker*, StepColumn* column) const override { column->Reset(column->steps()); }
};

class Relabel : public Mapped {
 public:
  Relabel(VectorPtr child, const FunctionSpec* function, std::vector<std::string> args)
      : Mapped(std::move(child), CountRule::kInPlace),
        function_(function),
        args_(std::move(args)) {}

 private:
  absl::Status PrepareArguments(QueryContext*, std::vector<CountNode>*) override {
    HEARTH_ASSIGN_OR_RETURN(rewriter_, function_->kernel.relabel(args_));
    return absl::OkStatus();
  }
  SeriesMeta Rename(const SeriesMeta& meta, const QueryContext&) override {
    LabelsBuilder builder(meta.labels);
    SeriesMeta renamed = meta;
    if (rewriter_->Rewrite(&builder)) renamed.drop_name = false;
    renamed.labels = arena_.Add(builder.Build());
    renamed.fingerprint = renamed.labels.Fingerprint();
    return renamed;
  }

  const FunctionSpec* const function_;
  const std::vector<std::string> args_;
  std::unique_ptr<LabelRewriter> rewriter_;
};

class NameRemoval : public Mapped {
 public:
  explicit NameRemoval(VectorPtr child)
      : Mapped(std::move(child), CountRule::kInPlace, HistogramRule::kGiven) {}

 private:
  SeriesMeta Rename(const SeriesMeta& meta, const QueryContext&) override {
    return meta.drop_name ? DropName(meta, /*delayed=*/false, &arena_) : meta;
  }
};

class VectorOfScalar : public VectorOperator {
 public:
  VectorOfScalar(const Grid& grid, ScalarPtr child)
      : VectorOperator(grid), child_(std::move(child)) {}
  absl::Status PrepareSeries(QueryContext* ctx) override {
    series_.push_back({LabelsView(), LabelsView().Fingerprint(), false});
    HEARTH_RETURN_IF_ERROR(child_->Prepare(ctx));
    node_ = ctx->samples.Add(CountRule::kStepped, ReadRule::kNothing, steps(), {child_->node()});
    return absl::OkStatus();
  }
  absl::Status ComputeColumn(size_t, Worker*, StepColumn* out) const override {
    out->v.assign(child_->values().begin(), child_->values().end());
    out->ok.assign(steps(), 1);
    return absl::OkStatus();
  }

 private:
  const ScalarPtr child_;
};

class VectorOfTime : public VectorOperator {
 public:
  using VectorOperator::VectorOperator;
  absl::Status PrepareSeries(QueryContext* ctx) override {
    node_ = ctx->samples.Add(CountRule::kFree, ReadRule::kNothing, steps(), {});
    series_.push_back({LabelsView(), LabelsView().Fingerprint(), false});
    return absl::OkStatus();
  }
  absl::Status ComputeColumn(size_t, Worker*, StepColumn* out) const override {
    out->Reset(steps());
    for (size_t i = 0; i < steps(); ++i) out->Set(i, static_cast<double>(grid().at(i)) / 1000);
    return absl::OkStatus();
  }
};

class Broadcast : public VectorOperator {
 public:
  Broadcast(const Grid& grid, VectorPtr child)
      : VectorOperator(grid, HistogramRule::kGiven), child_(std::move(child)) {}
  absl::Status PrepareSeries(QueryContext* ctx) override {
    HEARTH_RETURN_IF_ERROR(child_->Prepare(ctx));
    series_ = child_->series();
    node_ = ctx->samples.Add(CountRule::kRepeated, ReadRule::kNothing, steps(), {child_->node()});
    return absl::OkStatus();
  }
  absl::Status ComputeColumn(size_t i, Worker* worker, StepColumn* out) const override {
    HEARTH_RETURN_IF_ERROR(child_->Column(i, worker, out));
    const double v = out->v[0];
    const uint8_t ok = out->ok[0];
    out->v.assign(steps(), v);
    out->ok.assign(steps(), ok);
    if (out->histograms.empty()) return absl::OkStatus();
    const HistogramPtr histogram = std::move(out->histograms[0].histogram);
    out->histograms.clear();
    out->histograms.reserve(steps());
    for (size_t step = 0; step < steps(); ++step) out->histograms.push_back({step, histogram});
    return absl::OkStatus();
  }
  void Expect(std::span<const uint32_t> series, Worker* worker) const override {
    child_->Expect(series, worker);
  }
  std::vector<uint32_t> DisplayOrder() const override { return child_->DisplayOrder(); }

 private:
  const VectorPtr child_;
};

}  // namespace

VectorPtr NewElementwise(VectorPtr child, const FunctionSpec* function,
                         std::vector<ScalarPtr> params) {
  return std::make_unique<Elementwise>(std::move(child), function, std::move(params));
}
VectorPtr NewNegation(VectorPtr child) { return std::make_unique<Negation>(std::move(child)); }
VectorPtr NewVectorScalarBinary(VectorPtr vector, ScalarPtr scalar, bool scalar_left, BinaryOp op,
                                bool return_bool, PositionRange pos) {
  return std::make_unique<VectorScalarBinary>(std::move(vector), std::move(scalar), scalar_left, op,
                                              return_bool, pos);
}
VectorPtr NewEvaluationTime(VectorPtr child) {
  return std::make_unique<EvaluationTime>(std::move(child));
}
VectorPtr NewNoFloats(VectorPtr child) { return std::make_unique<NoFloats>(std::move(child)); }
VectorPtr NewRelabel(VectorPtr child, const FunctionSpec* function, std::vector<std::string> args) {
  return std::make_unique<Relabel>(std::move(child), function, std::move(args));
}
VectorPtr NewVectorOfScalar(const Grid& grid, ScalarPtr child) {
  return std::make_unique<VectorOfScalar>(grid, std::move(child));
}
VectorPtr NewVectorOfTime(const Grid& grid) { return std::make_unique<VectorOfTime>(grid); }
VectorPtr NewBroadcast(const Grid& grid, VectorPtr child) {
  return std::make_unique<Broadcast>(grid, std::move(child));
}
VectorPtr NewNameRemoval(VectorPtr child) {
  return std::make_unique<NameRemoval>(std::move(child));
}

}  // namespace hearth::promql
