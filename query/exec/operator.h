// query/exec/operator.h
//
// The two kinds of operators of an evaluation, and what moves between them.
//
//   parent.Prepare ── child.Prepare ── …          once: labels of every output series; blocking
//   operators compute here parent.Column(i) ── child.Column(j) ── …      for each output series:
//   all steps at once
//
// Streaming operators (selectors, range functions, elementwise functions, histogram_quantile) do
// their work in Column and hold nothing. Blocking ones (aggregations, binary operators, absent)
// pull all columns of their children in Prepare, shard by shard, and answer Column from their
// results.
//
// Every operator is a node of the query's SampleLedger, which learns the values of each column as
// it is read; and it charges the bytes of what it holds.
//
// Every operator lists its series in ascending order of fingerprint. So the order of folding
// depends on the series alone, not on which of them happen to have samples, and a range query
// agrees with the instant queries at its steps to the bit.
//
// Thread safety: Prepare once, on the query's thread. Column and Read may then be called from
// several threads, each with its own Worker.
#ifndef HEARTH_QUERY_EXEC_OPERATOR_H_
#define HEARTH_QUERY_EXEC_OPERATOR_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "model/histogram.h"
#include "model/labels.h"
#include "query/exec/operator_trace.h"
#include "query/exec/query_context.h"
#include "query/exec/read_ahead.h"
#include "query/functions/column.h"
#include "query/functions/kernel.h"

namespace hearth::promql {

// An output series. The labels belong to the operator (or to the SeriesSet) that lists it.
struct SeriesMeta {
  LabelsView labels;
  hearth::Fingerprint fingerprint;
  bool drop_name = false;  // The name goes when the query is done (delayed name removal only).
};

// What the histograms of a column hold; one that stands several times in a row counts once.
size_t HistogramBytes(std::span<const HistogramPtr> histograms);

// Buffers for the samples and windows of one series.
struct Scratch {
  SampleColumns samples;
  StepColumn column;
  // The windows of the timestamp column `t` for the operator `owner`: series that were scraped
  // together share them.
  const void* owner = nullptr;
  std::vector<TimeMs> t;
  std::vector<uint32_t> begin, end;
  int64_t in_windows = 0;  // Sum of the windows' lengths.
  WindowEdges edges;       // Of these windows.
  uint32_t largest_window = 0, last_window = 0;

  size_t bytes() const {
    const size_t floats =
        (samples.t.capacity() + samples.v.capacity() + samples.start_t.capacity() +
         column.v.capacity() + t.capacity() + begin.capacity()) *
        sizeof(double);
    return samples.histograms.empty() ? floats : floats + HistogramBytes(samples.histograms);
  }
  size_t charged = 0;  // Of bytes(), to its worker.
};

// One thread's share of a query: its annotations, counts and buffers.
class Worker {
 public:
  explicit Worker(QueryContext* query) : ctx(query), bytes_(&query->bytes) {
    if (query->trace != nullptr) trace.emplace();
  }

  // Looks for a timeout or a cancellation when enough has been done since the last time. `work` is
  // in samples that were looked at; a column is worth some even when it is empty.
  absl::Status Tick(int64_t work = kColumnWork) {
    work_ += work;
    if (work_ < kWorkBetweenChecks) return absl::OkStatus();
    work_ = 0;
    return ctx->limits.Check("expression evaluation");
  }

  // Counts a column of `node`.
  absl::Status Count(CountNode node, const StepColumn& column) {
    if (uncounted) return absl::OkStatus();
    Tally& tally = TallyOf(node);
    tally.Count(column.ok);
    for (const StepHistogram& h : column.histograms) tally.CountHistogram(h.step, *h.histogram);
    return tally.WantsCheck() ? ctx->samples.CheckSeen(tally) : absl::OkStatus();
  }
  Tally& TallyOf(CountNode node) {
    if (node >= tallies_.size()) tallies_.resize(node + 1);
    return tallies_[node];
  }
  // For what `scratch` has grown to.
  absl::Status Charge(Scratch* scratch) {
    const size_t bytes = scratch->bytes();
    if (bytes <= scratch->charged) return absl::OkStatus();
    const size_t more = bytes - scratch->charged;
    scratch->charged = bytes;
    return bytes_.Add(more);
  }
  // `owner` will read these series of `set`, in this order.
  void Expect(const void* owner, const SeriesSet* set, std::span<const uint32_t> series) {
    ahead_.insert_or_assign(owner, ReadAhead(set, series));
  }
  // Reads as SeriesSet does: in batches, where that was expected.
  absl::Status Read(const void* owner, const SeriesSet& set, size_t i, TimeRange range,
                    ReadAhead::Parts parts, SampleColumns* columns);
  // Nothing more is expected.
  void DropReadAhead() { ahead_.clear(); }
  // Hands annotations and counts to the query. On the query's thread.
  void Finish() {
    ctx->notes.Merge(notes);
    for (CountNode node = 0; node < tallies_.size(); ++node) {
      ctx->samples.Absorb(node, &tallies_[node]);
    }
    tallies_.clear();
    if (trace) ctx->trace->Absorb(&*trace);
  }

  QueryContext* const ctx;
  std::optional<WorkerTrace> trace;  // Of a query that is explained.
  Annotations notes;
  bool uncounted = false;  // Columns are read a second time.

 private:
  friend class ScratchLease;
  static constexpr int64_t kWorkBetweenChecks = int64_t{1} << 20;
  static constexpr int64_t kColumnWork = kWorkBetweenChecks / 16;

  int64_t work_ = kWorkBetweenChecks;  // The first Tick looks.
  ByteCharge bytes_;
  std::vector<Tally> tallies_;  // By node.
  std::vector<std::unique_ptr<Scratch>> free_;
  std::map<const void*, ReadAhead> ahead_;  // By owner.
};

// Buffers for the time of one call; nested operators get others.
class ScratchLease {
 public:
  explicit ScratchLease(Worker* worker) : worker_(worker) {
    if (worker->free_.empty()) {
      scratch_ = std::make_unique<Scratch>();
    } else {
      scratch_ = std::move(worker->free_.back());
      worker->free_.pop_back();
    }
  }
  ~ScratchLease() { worker_->free_.push_back(std::move(scratch_)); }
  ScratchLease(const ScratchLease&) = delete;
  ScratchLease& operator=(const ScratchLease&) = delete;
  Scratch* operator->() const { return scratch_.get(); }
  Scratch& operator*() const { return *scratch_; }

 private:
  Worker* const worker_;
  std::unique_ptr<Scratch> scratch_;
};

// What all operators have in common.
class Operator {
 public:
  virtual ~Operator() = default;
  // What it evaluates, which outlives it. What is built around another operator has none; the first
  // to say it is right.
  void Evaluates(const Expr& expr) {
    if (expr_ == nullptr) expr_ = &expr;
  }

 protected:
  // Around the preparation of one that has an expression, in a query that is explained.
  void BeginTrace(QueryContext* ctx);
  void EndTrace(QueryContext* ctx, size_t series, size_t steps);

  TraceId trace_id_ = kUntraced;

 private:
  const Expr* expr_ = nullptr;
};

// Something with output series.
class SeriesLister : public Operator {
 public:
  absl::Status Prepare(QueryContext* ctx);
  const std::vector<SeriesMeta>& series() const { return series_; }
  // After Prepare.
  CountNode node() const { return node_; }

 protected:
  // Prepares inputs, fills series_, sets node_.
  virtual absl::Status PrepareSeries(QueryContext* ctx) = 0;
  // Of its grid, for the trace.
  virtual size_t traced_steps() const { return 0; }

  std::vector<SeriesMeta> series_;  // Ascending by fingerprint.
  CountNode node_ = 0;
  ByteCharge bytes_;  // What the operator holds, the list of its series included.
};

// What becomes of native histograms in an operator.
enum class HistogramRule : uint8_t {
  kDropped,  // It knows floats alone.
  kGiven,    // Its columns have those that it reads.
};

// Gives an instant vector at each step of its grid.
class VectorOperator : public SeriesLister {
 public:
  explicit VectorOperator(const Grid& grid, HistogramRule histograms = HistogramRule::kDropped)
      : grid_(grid), histograms_(histograms) {}
  // Values of series `i` at all steps.
  absl::Status Column(size_t i, Worker* worker, StepColumn* out) const {
    absl::Status status =
        trace_id_ == kUntraced ? ComputeColumn(i, worker, out) : TracedColumn(i, worker, out);
    if (!status.ok()) return status;
    DropUnknownHistograms(out);
    return worker->Count(node_, *out);
  }
  // Tells the sources below that Column will be called for these series, in this order, by this
  // worker; some may be left out. For those who do not hold their columns.
  virtual void Expect(std::span<const uint32_t> /*series*/, Worker* /*worker*/) const {}
  // Indexes of series() in the order in which an instant query shows them.
  virtual std::vector<uint32_t> DisplayOrder() const;

  const Grid& grid() const { return grid_; }
  size_t steps() const { return grid_.count; }

 protected:
  size_t traced_steps() const override { return steps(); }
  virtual absl::Status ComputeColumn(size_t i, Worker* worker, StepColumn* out) const = 0;
  // Column does it with what was computed; for those who join the columns of several inputs.
  void DropUnknownHistograms(StepColumn* column) const {
    if (!column->histograms.empty() && histograms_ == HistogramRule::kDropped)
      column->histograms.clear();
  }

 private:
  absl::Status TracedColumn(size_t i, Worker* worker, StepColumn* out) const;

  const Grid grid_;
  const HistogramRule histograms_;
};

// Gives the samples of range vectors, without stale markers, ascending in time.
class RangeSource : public SeriesLister {
 public:
  // Replaces scratch->samples by those that any window of the evaluation may hold; functions look
  // at the floats.
  absl::Status Read(size_t i, Worker* worker, Scratch* scratch) const;
  // As VectorOperator::Expect, of Read.
  virtual void Expect(std::span<const uint32_t> series, Worker* worker) const = 0;
  // Window i of a parent step at time `t` is (WindowEnd(t) - range_ms(), WindowEnd(t)].
  virtual TimeMs WindowEnd(TimeMs t) const = 0;
  virtual TimeMs range_ms() const = 0;
  virtual bool counts_samples() const = 0;  // False below a subquery.
  // A subquery's samples are held while windows move over them, and node() is theirs.
  virtual bool holds_samples() const { return false; }
  // Whether windows see the samples around them, which Read gives too then.
  virtual SelectorMode mode() const { return SelectorMode::kPlain; }
  virtual Reach reach() const { return {}; }

 protected:
  virtual absl::Status ReadSamples(size_t i, Worker* worker, Scratch* scratch) const = 0;
};

// A scalar at each step.
class ScalarOperator : public Operator {
 public:
  explicit ScalarOperator(const Grid& grid) : grid_(grid) {}
  absl::Status Prepare(QueryContext* ctx);
  std::span<const double> values() const { return values_; }
  CountNode node() const { return node_; }

 protected:
  // Prepares inputs, fills values_, which has one place for each step, and sets node_.
  virtual absl::Status PrepareValues(QueryContext* ctx) = 0;

  const Grid grid_;
  std::vector<double> values_;
  CountNode node_ = 0;

 private:
  ByteCharge bytes_;
};

using VectorPtr = std::unique_ptr<VectorOperator>;
using RangePtr = std::unique_ptr<RangeSource>;
using ScalarPtr = std::unique_ptr<ScalarOperator>;

// The number of shards is part of the results' definition: it must not depend on the machine.
inline constexpr size_t kShards = 8;
inline size_t ShardOf(const hearth::Fingerprint& fingerprint) { return fingerprint.hi >> 61; }

// Calls fn(shard, i, worker, column) for every series of `op`: in order within a shard, shards side
// by side when there is enough to do. Then merges the workers' annotations and counts into the
// query's, in the shards' order, and compares with the limit of samples. The first shard's error
// wins.
using ColumnFn =
    std::function<absl::Status(size_t shard, size_t i, Worker* worker, StepColumn* column)>;
absl::Status ForEachColumn(const VectorOperator& op, QueryContext* ctx, const ColumnFn& fn);

// All columns of `op`, one for each series, without native histograms. Their bytes are added to
// *charge beforehand.
absl::Status Materialise(const VectorOperator& op, QueryContext* ctx,
                         std::vector<StepColumn>* columns, ByteCharge* charge);
// What `count` columns of `steps` take.
size_t ColumnBytes(size_t count, size_t steps);

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_EXEC_OPERATOR_H_
