// What the head's memory consists of, and giving some back when it is short.
#include <algorithm>
#include <utility>

#include "model/text.h"
#include "tsdb/head/head_impl.h"
#include "tsdb/head/label_order.h"

namespace hearth {
namespace {

// Commits wait while so many series are looked at.
constexpr uint32_t kSlotsAtOnce = 4096;
// Of a series in a FlushWindow, with four chunks.
constexpr uint64_t kFlushSeriesBytes = 152;

}  // namespace

void Head::Impl::CloseOpenChunks(size_t kept_bytes) {
  const uint32_t slots = table.slot_end();
  for (uint32_t from = 0; from < slots; from += kSlotsAtOnce) {
    MutexLock lock(&commit_mu);
    for (uint32_t slot = from; slot < std::min(from + kSlotsAtOnce, slots); ++slot) {
      MemSeries& series = table.At(slot);
      if (series.state.count > 0 && series.chunk_steps * ChunkArena::kStepBytes > kept_bytes) {
        CloseChunk(slot, &series, wal->last_lsn());
      }
      if (!series.has_late) continue;
      const LateSamples::Series* const row = late.Find(slot);
      if (row->buffer.size() * sizeof(Sample) > kept_bytes) {
        CloseLate(slot, &series, wal->last_lsn());
      }
    }
  }
  MutexLock lock(&commit_mu);
  WriteDurableChunks();
}

uint64_t Head::Impl::FlushBytes() const {
  return table.size() * (kFlushSeriesBytes + LabelOrder::kSeriesBytes) +
         labels.pair_count() * LabelOrder::kPairBytes;
}

std::vector<std::pair<std::string, uint64_t>> Head::Impl::MemoryByMetric() const {
  StringMap<double> by_metric;
  const uint32_t slots = table.slot_end();
  for (uint32_t from = 0; from < slots; from += kSlotsAtOnce) {
    MutexLock lock(&commit_mu);
    // The analysis does not see that a lambda runs under the lock of the function around it.
    const auto add = [&](uint32_t slot, std::string_view metric,
                         double bytes) NO_THREAD_SAFETY_ANALYSIS {
      const MemSeries& series = table.At(slot);
      size_t locators = 0;
      const auto count = [&](const ChunkLocator&) { ++locators; };
      closed.ForEach(series.closed, count);
      if (series.has_late) {
        const LateSamples::Series* const row = late.Find(slot);
        closed.ForEach(row->closed, count);
        bytes += static_cast<double>(row->buffer.capacity() * sizeof(Sample));
      }
      bytes += static_cast<double>(SeriesTable::kSeriesBytes +
                                   series.chunk_steps * ChunkArena::kStepBytes +
                                   locators * LocatorLists::kNodeBytes);
      by_metric[std::string(metric)] += bytes;
    };
    labels.ForEachBytes(from, std::min(from + kSlotsAtOnce, slots), add);
  }
  std::vector<std::pair<std::string, uint64_t>> result;
  for (const auto& [metric, bytes] : by_metric) {
    result.emplace_back(metric, static_cast<uint64_t>(bytes));
  }
  return result;
}

}  // namespace hearth
