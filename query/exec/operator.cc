#include "query/exec/operator.h"

#include <array>
#include <numeric>

#include "model/status.h"

namespace hearth::promql {
namespace {

// Below this many values a query is done before another thread has woken up.
constexpr size_t kInlineValues = 32 * 1024;

}  // namespace

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
  const auto merge = [&](const Worker& worker) {
    ctx->notes.Merge(worker.notes);
    ctx->samples_read += worker.samples_read;
  };

  if (series.size() * op.steps() < kInlineValues) {
    Worker worker(ctx);
    absl::Status status;
    for (size_t shard = 0; shard < kShards && status.ok(); ++shard) status = run(&worker, shard);
    merge(worker);
    return status;
  }
  std::vector<std::unique_ptr<Worker>> sharded(kShards);
  for (auto& worker : sharded) worker = std::make_unique<Worker>(ctx);
  ctx->pool->Run(kShards,
                 [&](size_t shard) { statuses[shard] = run(sharded[shard].get(), shard); });
  for (const auto& worker : sharded) merge(*worker);
  for (const absl::Status& status : statuses) HEARTH_RETURN_IF_ERROR(status);
  return absl::OkStatus();
}

absl::Status Materialise(const VectorOperator& op, QueryContext* ctx,
                         std::vector<StepColumn>* columns) {
  columns->clear();
  columns->resize(op.series().size());
  return ForEachColumn(op, ctx, [&](size_t, size_t i, Worker*, StepColumn* column) {
    std::swap((*columns)[i], *column);
    return absl::OkStatus();
  });
}

int64_t CountPresent(const std::vector<StepColumn>& columns) {
  int64_t n = 0;
  for (const StepColumn& column : columns) n += static_cast<int64_t>(column.CountPresent());
  return n;
}

}  // namespace hearth::promql
