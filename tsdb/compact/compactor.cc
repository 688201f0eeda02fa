#include "tsdb/compact/compactor.h"

#include <sys/resource.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "model/status.h"
#include "model/text.h"
#include "spdlog/spdlog.h"
#include "tsdb/compact/disk_usage.h"
#include "tsdb/compact/tier_policy.h"
#include "tsdb/kill_point.h"

namespace hearth {

namespace {

constexpr TimeMs kLastTime = std::numeric_limits<TimeMs>::max();
constexpr int kMergeNice = 10;

// Runs a merge in a thread of its own, because niceness belongs to a thread and cannot be given
// back: queries, ingest and flushes come first when the processors are busy.
absl::Status RunYielding(WindowMerge* merge) {
  absl::Status status;
  std::thread([&] {
    setpriority(PRIO_PROCESS, 0, kMergeNice);
    status = merge->Run();
  }).join();
  return status;
}

}  // namespace

Compactor::Compactor(CompactorOptions options, Head* head, Store* store, Deletes* deletes)
    : options_(std::move(options)),
      head_(head),
      store_(store),
      deletes_(deletes),
      policy_(options_.policy),
      merge_policy_(options_.merge_policy),
      stopped_policy_(options_.stopped_policy) {}

Compactor::~Compactor() { Stop(); }

void Compactor::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void Compactor::RequestStop() {
  MutexLock lock(&mu_);
  stop_.store(true);
  wake_.SignalAll();
}

void Compactor::Stop() {
  RequestStop();
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
  status.Update(QuarantineDamaged());
  status.Update(FinishPending());
  if (pending_ == nullptr && pending_merge_ == nullptr) {
    status.Update(FlushChosen(now));
  }
  // The merge that a flush of stopped series asked for comes a round later, and so do those that it
  // asks for itself: what the one had of memory has gone back before the other takes its own.
  if (pending_ == nullptr && pending_merge_ == nullptr) {
    status.Update(KeepGenerationsFew(1));
  }
  if (pending_ == nullptr && pending_merge_ == nullptr) {
    status.Update(FlushStoppedWhenDue(now));
  }
  if (pending_ == nullptr && pending_merge_ == nullptr) {
    status.Update(MergeChosen(now));
  }
  status.Update(ForgetDeletes());
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
  const std::string folders[] = {options_.wal_path, options_.chunks_path, options_.store_path,
                                 store_->scratch_path()};
  owned_bytes_ = OwnedBytes(folders);
  log_bytes_ = DiskUsage(options_.wal_path) + DiskUsage(options_.chunks_path);
  const QuarantineState quarantine =
      TrimQuarantine(options_.quarantine_path, options_.quarantine, now);
  MutexLock lock(&mu_);
  stats_.quarantine_bytes = quarantine.bytes;
  stats_.quarantine_expired += quarantine.removed;
}

absl::Status Compactor::KeepRetention(TimeMs now) {
  HEARTH_RETURN_IF_ERROR(store_->CollectGarbage());
  if (options_.retention.bytes != 0 && owned_bytes_ > options_.retention.bytes) {
    // An old figure would drop too much.
    disk_looked_at_.reset();
    LookAtDisk(now);
  }
  const absl::StatusOr<RetentionResult> applied =
      ApplyRetention(options_.retention, now, owned_bytes_, store_);
  // What was dropped before an error is unknown.
  if (!applied.ok() || applied->dropped_by_time + applied->dropped_by_size > 0) NoteDropped();
  HEARTH_RETURN_IF_ERROR(applied.status());
  const RetentionResult& result = *applied;
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
    NoteDropped();
    PassKillPoint(KillPoint::kRetentionDiscarded);
  }
  return absl::OkStatus();
}

bool Compactor::MemoryIsShort() const {
  return options_.memory != nullptr && options_.memory->AtLeast(MemoryPressure::kFlush);
}

StoppedSeries Compactor::FindStopped() const {
  return head_->FindStopped(kIdleLimitMs,
                            MemoryIsShort() ? Patience::kMemoryShort : Patience::kUsual);
}

bool Compactor::MemoryAsksForFlush(TimeMs now) {
  if (options_.memory == nullptr || !early_flush_.Due(options_.memory->pressure(), now)) {
    return false;
  }
  MutexLock lock(&mu_);
  ++stats_.early_flushes;
  return true;
}

void Compactor::NoteDropped() {
  if (options_.changes != nullptr) options_.changes->NoteEverything();
}

absl::Status Compactor::QuarantineDamaged() {
  const absl::StatusOr<size_t> set_aside = store_->QuarantineDamaged();
  // What was set aside before an error is unknown.
  if (!set_aside.ok() || *set_aside > 0) NoteDropped();
  return set_aside.status();
}

absl::Status Compactor::FlushChosen(TimeMs now) {
  // A head whose writes are refused has nothing to flush after a while: its series go nevertheless.
  if (MemoryIsShort()) head_->ForgetUnused();
  const bool memory_asks = MemoryAsksForFlush(now);
  // Before their windows are flushed: a flush of stopped series is what has them leave at once.
  if (memory_asks) {
    uint64_t left = 0;
    HEARTH_RETURN_IF_ERROR(FlushStoppedSeries(FindStopped(), &left));
  }
  FlushPolicy::View view{
      .head_windows = WindowsToFlush(), .newest = head_->Range().maxt, .now = now};
  if (view.head_windows.empty()) return absl::OkStatus();
  for (const GenerationInfo& info : store_->Catalogue()) {
    // Where only stopped series were flushed, the rest is not late.
    if (info.merged.empty() && info.lsn > 0) view.sealed_windows.insert(info.id.window.start);
    for (const MergedWindow& merged : info.merged) {
      if (merged.lsn > 0) view.sealed_windows.insert(merged.window.start);
    }
  }
  std::vector<TimeMs> chosen = policy_.Choose(view);
  if (memory_asks || log_bytes_ > options_.max_log_bytes) chosen = view.head_windows;
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

std::set<TimeMs> Compactor::UncoveredWindows() const {
  std::map<TimeMs, Lsn> of_series, of_window;
  for (const GenerationInfo& info : store_->Catalogue()) {
    if (info.id.window.length != options_.policy.window_ms) continue;
    Lsn& series = of_series[info.id.window.start];
    series = std::max<Lsn>(series, info.series_lsn);
    Lsn& window = of_window[info.id.window.start];
    window = std::max<Lsn>(window, info.lsn);
  }
  std::set<TimeMs> uncovered;
  for (const auto& [start, lsn] : of_series) {
    if (lsn > of_window[start]) uncovered.insert(start);
  }
  return uncovered;
}

std::vector<TimeMs> Compactor::WindowsToFlush() const {
  std::set<TimeMs> windows = UncoveredWindows();
  for (const TimeMs start : head_->Windows()) windows.insert(start);
  return {windows.begin(), windows.end()};
}

absl::Status Compactor::FlushStoppedWhenDue(TimeMs now) {
  if (!stopped_policy_.Look(now)) return absl::OkStatus();
  StoppedSeries stopped = FindStopped();
  if (!stopped_policy_.IsEnough(stopped)) return absl::OkStatus();
  uint64_t left = 0;
  return FlushStoppedSeries(std::move(stopped), &left);
}

absl::StatusOr<uint64_t> Compactor::FlushStopped(TimeMs idle_max_ms) {
  MutexLock lock(&round_mu_);
  HEARTH_RETURN_IF_ERROR(FinishPending());
  uint64_t left = 0;
  HEARTH_RETURN_IF_ERROR(FlushStoppedSeries(head_->FindStopped(idle_max_ms), &left));
  HEARTH_RETURN_IF_ERROR(KeepGenerationsFew(std::numeric_limits<int>::max()));
  return left;
}

absl::Status Compactor::FlushStoppedSeries(StoppedSeries found, uint64_t* left) {
  if (found.series.empty()) return absl::OkStatus();
  const uint64_t removed_before = head_->Stats().series_removed;
  const auto stopped = std::make_shared<const StoppedSeries>(std::move(found));
  for (const TimeMs start : head_->Windows()) {
    if (stop_.load()) return absl::OkStatus();
    HEARTH_RETURN_IF_ERROR(Flush(start, stopped));
    tiers_grown_.insert(start);
  }
  *left = head_->Stats().series_removed - removed_before;
  MutexLock lock(&mu_);
  stats_.stopped_series += *left;
  return absl::OkStatus();
}

absl::Status Compactor::KeepGenerationsFew(int merges_max) {
  for (int merges = 0; !tiers_grown_.empty();) {
    const WindowId window{*tiers_grown_.begin(), options_.policy.window_ms};
    std::vector<GenerationInfo> of_window;
    for (const GenerationInfo& info : store_->Catalogue()) {
      if (info.id.window == window) of_window.push_back(info);
    }
    const uint32_t from = ChooseTier(of_window);
    if (from == 0) {
      tiers_grown_.erase(window.start);
      continue;
    }
    if (merges++ == merges_max || stop_.load()) return absl::OkStatus();
    const absl::Status status = Merge(window, from);
    // Tried again after the next flush, not every second: it may be what fills the disk.
    if (!status.ok()) tiers_grown_.erase(window.start);
    HEARTH_RETURN_IF_ERROR(status);
  }
  return absl::OkStatus();
}

absl::Status Compactor::Flush(TimeMs window_start, std::shared_ptr<const StoppedSeries> stopped) {
  auto flush = std::make_unique<WindowFlush>(
      head_, store_, WindowId{window_start, options_.policy.window_ms}, &stop_, std::move(stopped));
  const absl::Status status = RunFlush(flush.get());
  if (!status.ok() && flush->ingested()) pending_ = std::move(flush);
  return status;
}

absl::Status Compactor::FinishPending() {
  if (pending_ != nullptr) {
    HEARTH_RETURN_IF_ERROR(RunFlush(pending_.get()));
    pending_.reset();
  }
  if (pending_merge_ != nullptr) {
    HEARTH_RETURN_IF_ERROR(RunMerge(pending_merge_.get()));
    pending_merge_.reset();
  }
  return absl::OkStatus();
}

absl::Status Compactor::Failed(const absl::Status& status, const WindowId& window, const char* step,
                               uint64_t CompactorStats::*failures) {
  if (absl::IsCancelled(status)) return status;
  MutexLock lock(&mu_);
  ++(stats_.*failures);
  return absl::Status(status.code(), ToAbsl(StrCat(step, " of window ", window.start, ": ",
                                                   FromAbsl(status.message()))));
}

absl::Status Compactor::RunFlush(WindowFlush* flush) {
  const auto start = std::chrono::steady_clock::now();
  const absl::Status status = flush->Run();
  if (!status.ok()) {
    return Failed(status, flush->window(), "flush", &CompactorStats::flush_failures);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  MutexLock lock(&mu_);
  ++(flush->of_stopped() ? stats_.stopped_flushes : stats_.flushes);
  stats_.flushed_samples += flush->counts().samples;
  stats_.damaged_chunks += flush->counts().damaged_chunks;
  stats_.damaged_segments += flush->counts().damaged_segments;
  if (flush->counts().damaged_chunks > 0) NoteDropped();
  stats_.last_flush_seconds = took.count();
  spdlog::debug("flushed window {}: {} series, {} samples in {:.3f} s", flush->window().start,
                flush->counts().series, flush->counts().samples, took.count());
  return absl::OkStatus();
}

WindowId Compactor::MergeTarget(const WindowId& window, TimeMs ended_before) const {
  if (options_.merged_window_ms <= window.length) return window;
  const WindowId longer{WindowStart(window.start, options_.merged_window_ms),
                        options_.merged_window_ms};
  return longer.Holds(window) && longer.range().maxt < ended_before ? longer : window;
}

std::vector<SealedWindow> Compactor::SealedWindows(TimeMs ended_before) const {
  std::map<WindowId, SealedWindow> windows;
  const std::shared_ptr<const DeleteList> deletes = deletes_->list();
  for (const GenerationInfo& info : store_->Catalogue()) {
    const WindowId target = MergeTarget(info.id.window, ended_before);
    SealedWindow& window = windows[target];
    for (const DeleteRecord& record : deletes->records) {
      if (record.lsn <= info.deletes_lsn || !record.range.Overlaps(info.range)) continue;
      window.unapplied_delete = std::max(window.unapplied_delete, record.lsn);
    }
    window.window = target;
    window.holds_shorter |= info.id.window != target;
    window.newest = std::max(window.newest, info.id.generation);
    ++window.generations;
  }
  // What is not covered yet will be soon, and is better merged afterwards.
  for (const TimeMs start : WindowsToFlush()) {
    const TimeRange in_head = WindowId{start, options_.policy.window_ms}.range();
    for (auto& [id, window] : windows) window.in_head |= id.range().Overlaps(in_head);
  }
  std::vector<SealedWindow> ascending;
  for (const auto& [id, window] : windows) ascending.push_back(window);
  return ascending;
}

absl::Status Compactor::MergeChosen(TimeMs now) {
  if (MemoryIsShort()) return absl::OkStatus();
  const std::optional<WindowId> window = merge_policy_.Choose(SealedWindows(now), now);
  if (!window || stop_.load()) return absl::OkStatus();
  const absl::Status status = Merge(*window);
  // Not every second: a merge that does not fit on a full disk would fill it again and again.
  if (!status.ok()) merge_policy_.Postpone(*window, now);
  Wake();  // Others may wait.
  return status;
}

absl::Status Compactor::Merge(const WindowId& window, uint32_t from) {
  auto merge = std::make_unique<WindowMerge>(store_, window, deletes_->list(), &stop_, from);
  const absl::Status status = RunMerge(merge.get());
  if (!status.ok() && merge->ingested()) pending_merge_ = std::move(merge);
  return status;
}

absl::Status Compactor::RunMerge(WindowMerge* merge) {
  const auto start = std::chrono::steady_clock::now();
  const absl::Status status = RunYielding(merge);
  if (!status.ok()) {
    return Failed(status, merge->window(), "merge", &CompactorStats::merge_failures);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  const MergeCounts& counts = merge->counts();
  spdlog::debug("merged window {}: {} generations, {} series, {} samples in {:.3f} s",
                merge->window().start, counts.generations, counts.series, counts.samples,
                took.count());
  MutexLock lock(&mu_);
  ++stats_.merges;
  stats_.last_merge_seconds = took.count();
  return absl::OkStatus();
}

absl::Status Compactor::ForgetDeletes() {
  if (deletes_->list()->empty()) return absl::OkStatus();
  // No flush runs meanwhile, so nothing moves from the head to the store between the two looks.
  HEARTH_ASSIGN_OR_RETURN(const Lsn oldest_logged, head_->OldestLoggedLsn());
  return deletes_->Remove([&](const DeleteRecord& record) {
    return record.lsn < oldest_logged && !store_->MayHoldDeleted(record.lsn, record.range);
  });
}

absl::Status Compactor::MergeAll() {
  // From old to new. A window is visited once, whatever comes to it meanwhile.
  std::optional<WindowId> last;
  for (;;) {
    if (stop_.load()) return absl::CancelledError("stopping");
    MutexLock lock(&round_mu_);
    HEARTH_RETURN_IF_ERROR(FinishPending());
    const std::vector<SealedWindow> windows = SealedWindows(kLastTime);
    const auto next = std::find_if(windows.begin(), windows.end(), [&](const SealedWindow& window) {
      return window.needs_merge() && (!last || *last < window.window);
    });
    if (next == windows.end()) {
      HEARTH_RETURN_IF_ERROR(store_->CollectGarbage());
      return ForgetDeletes();
    }
    last = next->window;
    HEARTH_RETURN_IF_ERROR(Merge(next->window));
  }
}

absl::Status Compactor::FlushAll() {
  MutexLock lock(&round_mu_);
  HEARTH_RETURN_IF_ERROR(FinishPending());
  for (const TimeMs start : WindowsToFlush()) {
    if (stop_.load()) return absl::CancelledError("stopping");
    HEARTH_RETURN_IF_ERROR(Flush(start));
  }
  return absl::OkStatus();
}

CompactorStats Compactor::Stats() const {
  MutexLock lock(&mu_);
  return stats_;
}

}  // namespace hearth
