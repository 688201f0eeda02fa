#include "server/memory_parts.h"

#include <algorithm>
#include <numeric>

#include "model/status.h"
#include "server/resident_memory.h"

namespace hearth {
namespace {

using metrics::MetricKind;

const char* PressureText(MemoryPressure pressure) {
  static constexpr const char* kTexts[] = {"none", "shrink", "flush", "refuse", "full"};
  return kTexts[static_cast<size_t>(pressure)];
}

struct StoragePart {
  const char* name;
  uint64_t (*bytes)(const DbStats&);
};

constexpr StoragePart kStorageParts[] = {
    {"series", [](const DbStats& s) { return s.head.series_bytes; }},
    {"labels", [](const DbStats& s) { return s.head.label_bytes; }},
    {"postings", [](const DbStats& s) { return s.head.postings_bytes; }},
    {"open_chunks", [](const DbStats& s) { return s.head.chunk_bytes; }},
    {"late_samples", [](const DbStats& s) { return s.head.late_buffer_bytes; }},
    {"locators", [](const DbStats& s) { return s.head.locator_bytes; }},
    {"log_buffers", [](const DbStats& s) { return s.head.chunk_log_pending_bytes; }},
    {"exemplars", [](const DbStats& s) { return s.head.exemplars.bytes; }},
    {"block_cache", [](const DbStats& s) { return s.store.block_cache_bytes; }},
    {"selection_cache", [](const DbStats& s) { return s.store.selection_cache_bytes; }},
};

NamedCounts Counts(const std::vector<std::pair<std::string, uint64_t>>& bytes) {
  return NamedCounts(bytes.begin(), bytes.end());
}

}  // namespace

NamedCounts MemoryParts::Memory() const {
  NamedCounts parts;
  if (const std::shared_ptr<const DbStats> stats = sources_.stats->Get(); stats != nullptr) {
    for (const StoragePart& part : kStorageParts) {
      parts.emplace_back(part.name, static_cast<int64_t>(part.bytes(*stats)));
    }
  }
  const int64_t queries = sources_.queries();
  parts.emplace_back("scrape_caches", sources_.scrape_caches());
  parts.emplace_back("queries", queries);
  parts.emplace_back("requests", std::max<int64_t>(sources_.guard->work().held() - queries, 0));
  const int64_t told =
      std::accumulate(parts.begin(), parts.end(), int64_t{0},
                      [](int64_t sum, const auto& part) { return sum + part.second; });
  const ResidentMemory resident = ReadResidentMemory();
  const int64_t anonymous = resident.total - resident.file;
  // What was allocated and never touched is not resident.
  const int64_t allocated = std::min(AllocatedBytes().value_or(anonymous), anonymous);
  parts.emplace_back("other", std::max<int64_t>(allocated - told, 0));
  parts.emplace_back("allocator", std::max<int64_t>(anonymous - std::max(allocated, told), 0));
  parts.emplace_back("code", resident.file);
  return parts;
}

NamedCounts MemoryParts::Disk() const {
  const Db* const db = sources_.storage->get();
  if (db == nullptr) return {};
  MutexLock lock(&mu_);
  const auto now = std::chrono::steady_clock::now();
  if (disk_.empty() || now - disk_read_at_ > kDiskAge) {
    disk_ = Counts(db->DiskByPart());
    disk_read_at_ = now;
  }
  return disk_;
}

void MemoryParts::Register(metrics::Registry* registry) {
  const MemoryGuard* const guard = sources_.guard;
  registry->AddGauge("hearth_memory_limit_bytes", "--memory-limit; 0 = none.")
      ->Set(static_cast<double>(guard->budget().limit_bytes()));
  registry->AddCallback("hearth_memory_resident_bytes", "What --memory-limit is compared with.",
                        MetricKind::kGauge,
                        [] { return static_cast<double>(ReadResidentMemory().total); });
  registry->AddCallback("hearth_memory_pressure",
                        "0 none, 1 caches shrink, 2 early flushes, 3 no new series, 4 no writes.",
                        MetricKind::kGauge,
                        [guard] { return static_cast<double>(guard->budget().pressure()); });
  registry->AddCallback(
      "hearth_memory_refusals_total", "What was refused because memory was short.",
      MetricKind::kCounter, [guard](const metrics::Emit& emit) {
        emit({{"reason", "series"}}, static_cast<double>(guard->budget().refused_series()));
        emit({{"reason", "work"}}, static_cast<double>(guard->work().refusals()));
        emit({{"reason", "write"}}, static_cast<double>(guard->budget().refused_writes()));
      });
  registry->AddCallback("hearth_memory_bytes", "Resident memory by part.", MetricKind::kGauge,
                        [this](const metrics::Emit& emit) {
                          for (const auto& [part, bytes] : Memory()) {
                            emit({{"part", part}}, static_cast<double>(bytes));
                          }
                        });
  registry->AddCallback("hearth_disk_bytes", "Bytes on disk by part.", MetricKind::kGauge,
                        [this](const metrics::Emit& emit) {
                          for (const auto& [part, bytes] : Disk()) {
                            emit({{"part", part}}, static_cast<double>(bytes));
                          }
                        });
}

absl::Status MemoryParts::Fill(size_t limit, TsdbStatus* status) const {
  const Db* const db = sources_.storage->get();
  if (db == nullptr) return absl::UnavailableError("TSDB not ready");
  HEARTH_ASSIGN_OR_RETURN(const MetricBytesRanking by_metric, db->BytesByMetric(limit));
  const MemoryBudget& budget = sources_.guard->budget();
  status->memory_limit_bytes = budget.limit_bytes();
  status->memory_resident_bytes = ReadResidentMemory().total;
  status->memory_pressure = PressureText(budget.pressure());
  status->memory_by_part = Memory();
  status->disk_by_part = Disk();
  status->memory_by_metric_name = Counts(by_metric.memory);
  status->disk_by_metric_name = Counts(by_metric.disk);
  return absl::OkStatus();
}

}  // namespace hearth
