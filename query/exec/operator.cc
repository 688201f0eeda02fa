#include "query/exec/operator.h"

#include <array>
#include <numeric>
#include <optional>

#include "model/status.h"

namespace hearth::promql {
namespace {

// Below this many values a query is done before another thread has woken up.
constexpr size_t kInlineValues = 32 * 1024;
// What a SeriesMap holds of a series.
constexpr size_t kMapBytes = 12;

}  // namespace

size_t HistogramBytes(std::span<const HistogramPtr> histograms) {
  size_t bytes = histograms.size() * sizeof(HistogramPtr);
  const Histogram* last = nullptr;
  for (const HistogramPtr& histogram : histograms) {
    if (histogram.get() != last) bytes += BytesOf(*histogram);
    last = histogram.get();
  }
  return bytes;
}

void Operator::BeginTrace(QueryContext* ctx) {
  if (ctx->trace != nullptr && expr_ != nullptr) trace_id_ = ctx->trace->Begin(*expr_);
}

void Operator::EndTrace(QueryContext* ctx, size_t series, size_t steps) {
  if (trace_id_ == kUntraced) return;
  ctx->trace->End(static_cast<int64_t>(series), static_cast<int64_t>(steps));
}

absl::Status SeriesLister::Prepare(QueryContext* ctx) {
  bytes_ = ByteCharge(&ctx->bytes);
  BeginTrace(ctx);
  const absl::Status prepared = PrepareSeries(ctx);
  EndTrace(ctx, series_.size(), traced_steps());
  HEARTH_RETURN_IF_ERROR(prepared);
  return bytes_.Add(series_.size() * (sizeof(SeriesMeta) + kMapBytes));
}

absl::Status ScalarOperator::Prepare(QueryContext* ctx) {
  HEARTH_RETURN_IF_ERROR(ctx->limits.Check("expression evaluation"));
  bytes_ = ByteCharge(&ctx->bytes);
  HEARTH_RETURN_IF_ERROR(bytes_.Add(grid_.count * sizeof(double)));
  values_.resize(grid_.count);
  BeginTrace(ctx);
  absl::Status prepared = PrepareValues(ctx);
  EndTrace(ctx, 1, grid_.count);
  return prepared;
}

absl::Status VectorOperator::TracedColumn(size_t i, Worker* worker, StepColumn* out) const {
  const WorkerTrace::Span span(&*worker->trace, trace_id_);
  HEARTH_RETURN_IF_ERROR(ComputeColumn(i, worker, out));
  worker->trace->CountColumn(trace_id_,
                             static_cast<int64_t>(out->CountPresent() + out->histograms.size()));
  return absl::OkStatus();
}

absl::Status RangeSource::Read(size_t i, Worker* worker, Scratch* scratch) const {
  if (trace_id_ == kUntraced) return ReadSamples(i, worker, scratch);
  const WorkerTrace::Span span(&*worker->trace, trace_id_);
  HEARTH_RETURN_IF_ERROR(ReadSamples(i, worker, scratch));
  const SampleColumns& samples = scratch->samples;
  worker->trace->CountColumn(trace_id_,
                             static_cast<int64_t>(samples.t.size() + samples.histogram_t.size()));
  return absl::OkStatus();
}

absl::Status Worker::Read(const void* owner, const SeriesSet& set, size_t i, TimeRange range,
                          ReadAhead::Parts parts, SampleColumns* columns) {
  const auto ahead = ahead_.find(owner);
  if (ahead != ahead_.end()) return ahead->second.Read(i, range, parts, columns);
  return parts == ReadAhead::Parts::kTimes ? set.ReadTimes(i, range, columns)
                                           : set.Read(i, range, columns);
}

std::vector<uint32_t> VectorOperator::DisplayOrder() const {
  std::vector<uint32_t> order(series_.size());
  std::iota(order.begin(), order.end(), 0);
  return order;
}

absl::Status ForEachColumn(const VectorOperator& op, QueryContext* ctx, const ColumnFn& fn) {
  const std::vector<SeriesMeta>& series = op.series();
  // Series are in fingerprint order, so a shard is a run of them.
  std::array<size_t, kShards + 1> begin{};
  for (const SeriesMeta& meta : series) ++begin[ShardOf(meta.fingerprint) + 1];
  for (size_t s = 0; s < kShards; ++s) begin[s + 1] += begin[s];

  std::array<absl::Status, kShards> statuses;
  // What is done with the columns belongs to the operator that asks for them.
  const TraceId asking = ctx->trace == nullptr ? kUntraced : ctx->trace->current();
  const auto run = [&](Worker* worker, size_t shard) -> absl::Status {
    std::optional<WorkerTrace::Span> span;
    if (asking != kUntraced) span.emplace(&*worker->trace, asking);
    StepColumn column;
    std::vector<uint32_t> outputs(begin[shard + 1] - begin[shard]);
    std::iota(outputs.begin(), outputs.end(), static_cast<uint32_t>(begin[shard]));
    op.Expect(outputs, worker);
    for (const uint32_t i : outputs) {
      HEARTH_RETURN_IF_ERROR(worker->Tick());
      HEARTH_RETURN_IF_ERROR(op.Column(i, worker, &column));
      HEARTH_RETURN_IF_ERROR(fn(shard, i, worker, &column));
    }
    worker->DropReadAhead();  // Other shards need the memory.
    return absl::OkStatus();
  };
  if (ctx->trace != nullptr) ctx->trace->Pause();
  if (series.size() * op.steps() < kInlineValues) {
    Worker worker(ctx);
    absl::Status status;
    for (size_t shard = 0; shard < kShards && status.ok(); ++shard) status = run(&worker, shard);
    worker.Finish();
    if (ctx->trace != nullptr) ctx->trace->Resume();
    return status.ok() ? ctx->samples.Finish(op.node()) : status;
  }
  std::vector<std::unique_ptr<Worker>> sharded(kShards);
  for (auto& worker : sharded) worker = std::make_unique<Worker>(ctx);
  ctx->pool->Run(kShards,
                 [&](size_t shard) { statuses[shard] = run(sharded[shard].get(), shard); });
  for (const auto& worker : sharded) worker->Finish();
  if (ctx->trace != nullptr) ctx->trace->Resume();
  for (const absl::Status& status : statuses) HEARTH_RETURN_IF_ERROR(status);
  return ctx->samples.Finish(op.node());
}

absl::Status Materialise(const VectorOperator& op, QueryContext* ctx,
                         std::vector<StepColumn>* columns, ByteCharge* charge) {
  HEARTH_RETURN_IF_ERROR(charge->Add(ColumnBytes(op.series().size(), op.steps())));
  columns->clear();
  columns->resize(op.series().size());
  return ForEachColumn(op, ctx, [&](size_t, size_t i, Worker*, StepColumn* column) {
    column->histograms.clear();
    std::swap((*columns)[i], *column);
    return absl::OkStatus();
  });
}

size_t ColumnBytes(size_t count, size_t steps) {
  constexpr size_t kBlocks = 2 * 16;  // What two allocations cost.
  return count * (sizeof(StepColumn) + kBlocks + steps * (sizeof(double) + sizeof(uint8_t)));
}

}  // namespace hearth::promql
