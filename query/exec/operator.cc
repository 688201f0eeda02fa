#include "query/exec/operator.h"

#include <array>
#include <numeric>

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

absl::Status SeriesLister::Prepare(QueryContext* ctx) {
  bytes_ = ByteCharge(&ctx->bytes);
  HEARTH_RETURN_IF_ERROR(PrepareSeries(ctx));
  return bytes_.Add(series_.size() * (sizeof(SeriesMeta) + kMapBytes));
}

absl::Status ScalarOperator::Prepare(QueryContext* ctx) {
  HEARTH_RETURN_IF_ERROR(ctx->limits.Check("expression evaluation"));
  bytes_ = ByteCharge(&ctx->bytes);
  HEARTH_RETURN_IF_ERROR(bytes_.Add(grid_.count * sizeof(double)));
  values_.resize(grid_.count);
  return PrepareValues(ctx);
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
  const auto run = [&](Worker* worker, size_t shard) -> absl::Status {
    StepColumn column;
    for (size_t i = begin[shard]; i < begin[shard + 1]; ++i) {
      HEARTH_RETURN_IF_ERROR(worker->Tick());
      HEARTH_RETURN_IF_ERROR(op.Column(i, worker, &column));
      HEARTH_RETURN_IF_ERROR(fn(shard, i, worker, &column));
    }
    return absl::OkStatus();
  };
  if (series.size() * op.steps() < kInlineValues) {
    Worker worker(ctx);
    absl::Status status;
    for (size_t shard = 0; shard < kShards && status.ok(); ++shard) status = run(&worker, shard);
    worker.Finish();
    return status.ok() ? ctx->samples.Finish(op.node()) : status;
  }
  std::vector<std::unique_ptr<Worker>> sharded(kShards);
  for (auto& worker : sharded) worker = std::make_unique<Worker>(ctx);
  ctx->pool->Run(kShards,
                 [&](size_t shard) { statuses[shard] = run(sharded[shard].get(), shard); });
  for (const auto& worker : sharded) worker->Finish();
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
