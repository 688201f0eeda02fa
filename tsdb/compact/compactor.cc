#include "tsdb/compact/compactor.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "model/status.h"
#include "model/text.h"
#include "spdlog/spdlog.h"
#include "tsdb/compact/disk_usage.h"
#include "tsdb/kill_point.h"

namespace hearth {

Compactor::Compactor(CompactorOptions options, Head* head, Store* store)
    : options_(std::move(options)), head_(head), store_(store), policy_(options_.policy) {}

Compactor::~Compactor() { Stop(); }

void Compactor::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void Compactor::Stop() {
  {
    MutexLock lock(&mu_);
    stop_.store(true);
    wake_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
}

void Compactor::Wake() {
  MutexLock lock(&mu_);
  wake_requested_ = true;
  wake_.SignalAll();
}

void Compactor::Loop() {
  while (!stop_.load()) {
    // The error is in the stats, and in the log.
    RunRound().IgnoreError();
    MutexLock lock(&mu_);
    if (!stop_.load() && !wake_requested_) wake_.WaitFor(&mu_, options_.round_interval);
    wake_requested_ = false;
  }
}

absl::Status Compactor::RunRound() {
  MutexLock round_lock(&round_mu_);
  const TimeMs now = options_.clock->NowMs();
  LookAtDisk(now);
  // Retention first: it may make the room that a flush needs. Each step runs whatever became of the
  // others.
  absl::Status status = KeepRetention(now);
  status.Update(store_->QuarantineDamaged().status());
  status.Update(FinishPending());
  if (pending_ == nullptr) status.Update(FlushChosen(now));
  MutexLock lock(&mu_);
  ++stats_.rounds;
  stats_.owned_bytes = owned_bytes_;
  if (absl::IsCancelled(status)) return status;
  // Once per kind of trouble: messages name new files at each try.
  if (!status.ok() && status.code() != stats_.last_error.code()) {
    spdlog::error("compactor: {} (will be tried again)", status.ToString());
  } else if (status.ok() && !stats_.last_error.ok()) {
    spdlog::info("compactor: recovered");
  }
  stats_.last_error = status;
  return status;
}

void Compactor::LookAtDisk(TimeMs now) {
  if (disk_looked_at_ && now >= *disk_looked_at_ && now - *disk_looked_at_ < kDiskLookMs) return;
  disk_looked_at_ = now;
  owned_bytes_ = DiskUsage(options_.data_path);
  log_bytes_ = DiskUsage(options_.wal_path) + DiskUsage(options_.chunks_path);
}

absl::Status Compactor::KeepRetention(TimeMs now) {
  HEARTH_RETURN_IF_ERROR(store_->CollectGarbage());
  if (options_.retention.bytes != 0 && owned_bytes_ > options_.retention.bytes) {
    // An old figure would drop too much.
    disk_looked_at_.reset();
    LookAtDisk(now);
  }
  HEARTH_ASSIGN_OR_RETURN(const RetentionResult result,
                          ApplyRetention(options_.retention, now, owned_bytes_, store_));
  if (result.dropped_by_time + result.dropped_by_size > 0) {
    PassKillPoint(KillPoint::kRetentionDropped);
    spdlog::info("retention: dropped {} generations by time, {} by size", result.dropped_by_time,
                 result.dropped_by_size);
    disk_looked_at_.reset();
    LookAtDisk(now);
    MutexLock lock(&mu_);
    stats_.dropped_by_time += result.dropped_by_time;
    stats_.dropped_by_size += result.dropped_by_size;
  }
  const TimeMs oldest_kept = OldestKept(options_.retention, now);
  for (const TimeMs start : head_->Windows()) {
    const WindowId window{start, options_.policy.window_ms};
    if (window.range().maxt >= oldest_kept) break;
    if (pending_ != nullptr && pending_->window() == window) continue;
    HEARTH_RETURN_IF_ERROR(WindowFlush(head_, store_, window, &stop_).Discard());
    PassKillPoint(KillPoint::kRetentionDiscarded);
  }
  return absl::OkStatus();
}

absl::Status Compactor::FlushChosen(TimeMs now) {
  FlushPolicy::View view{
      .head_windows = head_->Windows(), .newest = head_->Range().maxt, .now = now};
  if (view.head_windows.empty()) return absl::OkStatus();
  for (const GenerationInfo& info : store_->Catalogue()) {
    view.sealed_windows.insert(info.id.window.start);
  }
  std::vector<TimeMs> chosen = policy_.Choose(view);
  if (log_bytes_ > options_.max_log_bytes) chosen = view.head_windows;
  for (const TimeMs start : chosen) {
    if (stop_.load()) return absl::OkStatus();
    HEARTH_RETURN_IF_ERROR(Flush(start));
  }
  if (!chosen.empty()) {
    disk_looked_at_.reset();
    LookAtDisk(now);
  }
  return absl::OkStatus();
}

absl::Status Compactor::Flush(TimeMs window_start) {
  auto flush = std::make_unique<WindowFlush>(
      head_, store_, WindowId{window_start, options_.policy.window_ms}, &stop_);
  const absl::Status status = RunFlush(flush.get());
  if (!status.ok() && flush->ingested()) pending_ = std::move(flush);
  return status;
}

absl::Status Compactor::FinishPending() {
  if (pending_ == nullptr) return absl::OkStatus();
  HEARTH_RETURN_IF_ERROR(RunFlush(pending_.get()));
  pending_.reset();
  return absl::OkStatus();
}

absl::Status Compactor::RunFlush(WindowFlush* flush) {
  const auto start = std::chrono::steady_clock::now();
  const absl::Status status = flush->Run();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  MutexLock lock(&mu_);
  if (absl::IsCancelled(status)) return status;
  if (!status.ok()) {
    ++stats_.flush_failures;
    return absl::Status(status.code(), ToAbsl(StrCat("flush of window ", flush->window().start,
                                                     ": ", FromAbsl(status.message()))));
  }
  ++stats_.flushes;
  stats_.flushed_samples += flush->counts().samples;
  stats_.damaged_chunks += flush->counts().damaged_chunks;
  stats_.last_flush_seconds = took.count();
  spdlog::debug("flushed window {}: {} series, {} samples in {:.3f} s", flush->window().start,
                flush->counts().series, flush->counts().samples, took.count());
  return absl::OkStatus();
}

absl::Status Compactor::FlushAll() {
  MutexLock lock(&round_mu_);
  HEARTH_RETURN_IF_ERROR(FinishPending());
  for (const TimeMs start : head_->Windows()) HEARTH_RETURN_IF_ERROR(Flush(start));
  return absl::OkStatus();
}

CompactorStats Compactor::Stats() const {
  MutexLock lock(&mu_);
  return stats_;
}

}  // namespace hearth
