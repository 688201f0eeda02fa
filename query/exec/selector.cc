#include "query/exec/selector.h"

#include <limits>
#include <utility>

#include "model/status.h"
#include "query/exec/series_map.h"
#include "query/functions/extended_window.h"
#include "query/functions/lanes.h"

namespace hearth::promql {
namespace {

// Before any sample.
constexpr TimeMs kNever = std::numeric_limits<TimeMs>::min();

void ListSeries(const SeriesSet& set, std::vector<SeriesMeta>* series) {
  series->clear();
  series->reserve(set.size());
  for (size_t i = 0; i < set.size(); ++i) {
    series->push_back({set.labels(i), set.fingerprint(i), false});
  }
}

void RemoveStaleHistograms(SampleColumns* samples) {
  size_t kept = 0;
  for (size_t i = 0; i < samples->histograms.size(); ++i) {
    if (samples->histograms[i]->stale()) continue;
    samples->histogram_t[kept] = samples->histogram_t[i];
    samples->histograms[kept++] = std::move(samples->histograms[i]);
  }
  samples->histogram_t.resize(kept);
  samples->histograms.resize(kept);
}

void RemoveStaleMarkers(SampleColumns* samples) {
  if (!samples->histograms.empty()) RemoveStaleHistograms(samples);
  const size_t n = samples->v.size();
  if (!Lanes().has(samples->v.data(), n, kStaleNaNBits)) return;
  size_t kept = 0;
  while (kept < n && !IsStaleNaN(samples->v[kept])) ++kept;
  for (size_t i = kept; i < n; ++i) {
    if (IsStaleNaN(samples->v[i])) continue;
    samples->t[kept] = samples->t[i];
    if (!samples->start_t.empty()) samples->start_t[kept] = samples->start_t[i];
    samples->v[kept++] = samples->v[i];
  }
  samples->t.resize(kept);
  samples->v.resize(kept);
  if (!samples->start_t.empty()) samples->start_t.resize(kept);
}

class InstantSelector : public VectorOperator {
 public:
  InstantSelector(const PlanNode& node, SelectorOutput output)
      : VectorOperator(node.grid, output == SelectorOutput::kValue ? HistogramRule::kGiven
                                                                   : HistogramRule::kDropped),
        plan_(node),
        selector_(As<VectorSelector>(*node.expr)),
        counts_(!node.in_subquery),
        output_(output) {}

  absl::Status PrepareSeries(QueryContext* ctx) override {
    set_ = ctx->sets[static_cast<size_t>(plan_.selector)].get();
    if (trace_id_ != kUntraced) ctx->trace->Reads(trace_id_, set_);
    lookback_ = ctx->times.lookback_delta;
    uses_starts_ = ctx->use_start_timestamps;
    node_ = ctx->samples.Add(IsTime() ? CountRule::kTimes : CountRule::kLeaf,
                             counts_ ? ReadRule::kResults : ReadRule::kNothing, steps(), {});
    if (steps() == 0) return absl::OkStatus();
    HEARTH_RETURN_IF_ERROR(bytes_.Add(set_->size() * sizeof(SeriesMeta)));
    ListSeries(*set_, &series_);
    if (IsTime()) {
      std::vector<SeriesMeta> listed = series_;
      // A time is no longer the metric.
      for (SeriesMeta& meta : listed) meta = DropName(meta, ctx->delayed_name_removal, &arena_);
      HEARTH_RETURN_IF_ERROR(bytes_.Add(arena_.bytes()));
      map_.Build(std::move(listed), &series_);
    }
    return absl::OkStatus();
  }

  absl::Status ComputeColumn(size_t i, Worker* worker, StepColumn* out) const override {
    if (!IsTime()) return Look(i, worker, out);
    return map_.Column(
        i, out, [&](size_t input, StepColumn* column) { return Look(input, worker, column); });
  }

  void Expect(std::span<const uint32_t> series, Worker* worker) const override {
    if (IsTime()) {
      worker->Expect(this, set_, map_.SourcesOf(series));
    } else {
      worker->Expect(this, set_, series);
    }
  }

 private:
  bool IsTime() const {
    return output_ == SelectorOutput::kTime || output_ == SelectorOutput::kStartTime;
  }

  // The time at which a step looks. Prometheus' timestamp() reads the samples around the time that
  // `@` and `offset` give together, and then looks at that of `@` alone.
  TimeMs Reference(size_t step) const {
    const bool at_alone = IsTime() && selector_.time.at != AtKind::kNone;
    return at_alone ? selector_.time.at_ms : plan_.ReferenceTime(grid().at(step));
  }

  absl::Status Look(size_t i, Worker* worker, StepColumn* out) const {
    ScratchLease scratch(worker);
    HEARTH_RETURN_IF_ERROR(worker->Tick());
    const auto parts =
        output_ == SelectorOutput::kTime ? ReadAhead::Parts::kTimes : ReadAhead::Parts::kAll;
    HEARTH_RETURN_IF_ERROR(worker->Read(this, *set_, i, plan_.read, parts, &scratch->samples));
    HEARTH_RETURN_IF_ERROR(worker->Charge(&*scratch));
    const SampleColumns& samples = scratch->samples;
    out->Reset(steps());
    if (selector_.mode == SelectorMode::kSmoothed && output_ == SelectorOutput::kValue) {
      RemoveStaleMarkers(&scratch->samples);
      Smooth(samples, out);
    } else if (!samples.histogram_t.empty()) {
      HEARTH_RETURN_IF_ERROR(LookAmongHistograms(samples, out));
    } else if (!samples.t.empty()) {
      FindNewest(&*scratch);
      output_ == SelectorOutput::kValue ? TakeValues(*scratch, out) : TakeTimes(*scratch, out);
    }
    return absl::OkStatus();
  }

  // scratch->end[step] = 1 + the index of the newest sample that the step sees, 0 when there is
  // none in the lookback. Series that were scraped together have the same timestamps and share it.
  void FindNewest(Scratch* scratch) const {
    const std::vector<TimeMs>& t = scratch->samples.t;
    if (scratch->owner == this && scratch->t == t) return;
    scratch->owner = this;
    scratch->t = t;
    scratch->end.resize(steps());
    uint32_t next = 0;
    for (size_t step = 0; step < steps(); ++step) {
      const TimeMs reference = Reference(step);
      while (next < t.size() && t[next] <= reference) ++next;
      const bool seen = next > 0 && t[next - 1] > reference - lookback_;
      scratch->end[step] = seen ? next : 0;
    }
  }
  void TakeValues(const Scratch& scratch, StepColumn* out) const {
    const double* const v = scratch.samples.v.data();
    for (size_t step = 0; step < steps(); ++step) {
      const uint32_t end = scratch.end[step];
      const double value = v[end == 0 ? 0 : end - 1];
      out->v[step] = value;
      out->ok[step] = (end != 0) & !IsStaleNaN(value);
    }
  }
  void TakeTimes(const Scratch& scratch, StepColumn* out) const {
    for (size_t step = 0; step < steps(); ++step) {
      const uint32_t end = scratch.end[step];
      if (end == 0 || IsStaleNaN(scratch.samples.v[end - 1])) continue;
      out->Set(step, TimeOf(scratch.samples, end - 1));
    }
  }
  // In seconds.
  double TimeOf(const SampleColumns& samples, size_t i) const {
    if (output_ != SelectorOutput::kStartTime) return static_cast<double>(samples.t[i]) / 1000;
    return samples.start_t.empty() || !uses_starts_
               ? 0
               : static_cast<double>(samples.start_t[i]) / 1000;
  }

  // Between the samples on both sides of the step, each within the lookback; the last one where
  // none follows.
  void Smooth(const SampleColumns& samples, StepColumn* out) const {
    const std::vector<TimeMs>& t = samples.t;
    size_t next = 0;  // The first sample after the reference time.
    for (size_t step = 0; step < steps(); ++step) {
      const TimeMs reference = Reference(step);
      while (next < t.size() && t[next] <= reference) ++next;
      if (next == 0 || t[next - 1] <= reference - lookback_) continue;
      const bool between =
          t[next - 1] < reference && next < t.size() && t[next] <= reference + lookback_;
      out->Set(step, between ? Interpolate({t[next - 1], samples.v[next - 1]},
                                           {t[next], samples.v[next]}, reference)
                             : samples.v[next - 1]);
    }
  }

  absl::Status LookAmongHistograms(const SampleColumns& samples, StepColumn* out) const {
    const std::vector<TimeMs>& t = samples.t;
    const std::vector<TimeMs>& histogram_t = samples.histogram_t;
    size_t next = 0, next_histogram = 0;  // The first samples after the step's reference time.
    for (size_t step = 0; step < steps(); ++step) {
      const TimeMs reference = Reference(step);
      while (next < t.size() && t[next] <= reference) ++next;
      while (next_histogram < histogram_t.size() && histogram_t[next_histogram] <= reference) {
        ++next_histogram;
      }
      TimeMs newest = next > 0 ? t[next - 1] : kNever;
      const bool is_histogram = next_histogram > 0 && histogram_t[next_histogram - 1] > newest;
      if (is_histogram) newest = histogram_t[next_histogram - 1];
      if (newest <= reference - lookback_) continue;
      if (is_histogram) {
        HEARTH_RETURN_IF_ERROR(
            TakeHistogram(samples.histograms[next_histogram - 1], newest, step, out));
      } else if (!IsStaleNaN(samples.v[next - 1])) {
        out->Set(step, output_ == SelectorOutput::kValue ? samples.v[next - 1]
                                                         : TimeOf(samples, next - 1));
      }
    }
    return absl::OkStatus();
  }

  // What a step has whose newest sample is `histogram`, of time `t`. A float before it is hidden.
  absl::Status TakeHistogram(const HistogramPtr& histogram, TimeMs t, size_t step,
                             StepColumn* out) const {
    if (histogram->stale()) return absl::OkStatus();
    switch (output_) {
      case SelectorOutput::kValue:
        out->histograms.push_back({step, histogram});
        break;
      case SelectorOutput::kTime:
        out->Set(step, static_cast<double>(t) / 1000);
        break;
      case SelectorOutput::kStartTime:
        break;
      case SelectorOutput::kInfoTime:
        return absl::FailedPreconditionError("info sample should be float");
    }
    return absl::OkStatus();
  }

  const PlanNode& plan_;
  const VectorSelector& selector_;
  const bool counts_;
  const SelectorOutput output_;
  const SeriesSet* set_ = nullptr;
  TimeMs lookback_ = 0;
  bool uses_starts_ = false;
  LabelArena arena_;  // For times, like map_.
  SeriesMap map_;
};

class MatrixSource : public RangeSource {
 public:
  MatrixSource(const PlanNode& node, ReadAhead::Parts parts)
      : plan_(node),
        matrix_(As<MatrixSelector>(*node.expr)),
        counts_(!node.in_subquery),
        parts_(parts) {}

  absl::Status PrepareSeries(QueryContext* ctx) override {
    set_ = ctx->sets[static_cast<size_t>(plan_.selector)].get();
    if (trace_id_ != kUntraced) ctx->trace->Reads(trace_id_, set_);
    if (plan_.grid.count == 0) return absl::OkStatus();
    HEARTH_RETURN_IF_ERROR(bytes_.Add(set_->size() * sizeof(SeriesMeta)));
    uses_starts_ = ctx->use_start_timestamps;
    reach_ = ReachOf(matrix_, ctx->times.lookback_delta);
    ListSeries(*set_, &series_);
    return absl::OkStatus();
  }
  absl::Status ReadSamples(size_t i, Worker* worker, Scratch* scratch) const override {
    HEARTH_RETURN_IF_ERROR(worker->Tick());
    HEARTH_RETURN_IF_ERROR(worker->Read(this, *set_, i, plan_.read, parts_, &scratch->samples));
    RemoveStaleMarkers(&scratch->samples);
    if (!uses_starts_) scratch->samples.start_t.clear();
    return absl::OkStatus();
  }
  void Expect(std::span<const uint32_t> series, Worker* worker) const override {
    worker->Expect(this, set_, series);
  }
  TimeMs WindowEnd(TimeMs t) const override { return plan_.ReferenceTime(t); }
  TimeMs range_ms() const override { return matrix_.range.ms; }
  bool counts_samples() const override { return counts_; }
  SelectorMode mode() const override { return matrix_.selector->mode; }
  Reach reach() const override { return reach_; }

 private:
  const PlanNode& plan_;
  const MatrixSelector& matrix_;
  const bool counts_;
  const ReadAhead::Parts parts_;
  const SeriesSet* set_ = nullptr;
  bool uses_starts_ = false;
  Reach reach_;
};

class SubquerySource : public RangeSource {
 public:
  SubquerySource(const PlanNode& node, VectorPtr child)
      : plan_(node), counts_(!node.in_subquery), child_(std::move(child)) {}

  absl::Status PrepareSeries(QueryContext* ctx) override {
    if (child_->steps() == 0) {
      node_ = ctx->samples.Add(CountRule::kLeaf, ReadRule::kNothing, 0, {});
      return absl::OkStatus();
    }
    HEARTH_RETURN_IF_ERROR(child_->Prepare(ctx));
    series_ = child_->series();
    node_ = child_->node();
    // Grids may be long: a column and its samples find room before they are made.
    return bytes_.Add(ColumnBytes(1, child_->steps()) +
                      child_->steps() * (sizeof(TimeMs) + sizeof(double)));
  }
  absl::Status ReadSamples(size_t i, Worker* worker, Scratch* scratch) const override {
    HEARTH_RETURN_IF_ERROR(child_->Column(i, worker, &scratch->column));
    SampleColumns* samples = &scratch->samples;
    samples->Clear();
    HEARTH_RETURN_IF_ERROR(worker->Charge(scratch));
    for (size_t step = 0; step < scratch->column.steps(); ++step) {
      if (!scratch->column.ok[step]) continue;
      samples->t.push_back(child_->grid().at(step));
      samples->v.push_back(scratch->column.v[step]);
    }
    for (StepHistogram& h : scratch->column.histograms) {
      samples->histogram_t.push_back(child_->grid().at(h.step));
      samples->histograms.push_back(std::move(h.histogram));
    }
    return absl::OkStatus();
  }
  void Expect(std::span<const uint32_t> series, Worker* worker) const override {
    child_->Expect(series, worker);
  }
  // The window of a fixed subquery stays at its `@`, even where its steps have been moved from
  // there.
  TimeMs WindowEnd(TimeMs t) const override {
    const bool fixed = TimeModifierOf(*plan_.expr).at != AtKind::kNone;
    return plan_.ReferenceTime(t) - (fixed ? plan_.at_shift : 0);
  }
  TimeMs range_ms() const override { return As<SubqueryExpr>(*plan_.expr).range.ms; }
  bool counts_samples() const override { return counts_; }
  bool holds_samples() const override { return true; }

 private:
  const PlanNode& plan_;
  const bool counts_;
  const VectorPtr child_;
};

}  // namespace

VectorPtr NewInstantSelector(const PlanNode& node, SelectorOutput output) {
  return std::make_unique<InstantSelector>(node, output);
}
RangePtr NewMatrixSelector(const PlanNode& node, ReadAhead::Parts parts) {
  return std::make_unique<MatrixSource>(node, parts);
}
RangePtr NewSubquery(const PlanNode& node, VectorPtr child) {
  return std::make_unique<SubquerySource>(node, std::move(child));
}

}  // namespace hearth::promql
