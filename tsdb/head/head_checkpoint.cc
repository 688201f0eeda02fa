// Letting WAL segments go whose samples are all in closed chunks: the chunk log is the WAL's
// checkpoint. Who deletes them makes sure first that the chunks will outlive a power cut.
#include <algorithm>
#include <vector>

#include "model/status.h"
#include "tsdb/head/head_impl.h"
#include "tsdb/kill_point.h"

namespace hearth {
namespace {

// Commits wait while so many series are looked at.
constexpr uint32_t kSlotsAtOnce = 4096;
// A segment may be large for the sake of its series records (WalOptions::segment_bytes), so a few
// are allowed whatever their bytes.
constexpr size_t kSegmentsAlways = 4;

}  // namespace

absl::Status Head::Impl::Checkpoint() {
  MutexLock checkpoint(&checkpoint_mu);
  // So that WriteAllChunks has little to wait for while commits wait for it.
  SyncWal().IgnoreError();
  CloseOldLate();
  {
    MutexLock lock(&commit_mu);
    WriteDurableChunks();
  }
  std::vector<ChunkLog::Unsynced> files;
  uint32_t below = 0;
  for (uint32_t closed_in = WalCoverage::kNone;;) {
    uint32_t first_open;
    {
      MutexLock lock(&commit_mu);
      const uint32_t current = wal->segment();
      first_open = std::min(wal_coverage.FirstOpen(), current);
      const WalCoverage::Size needed = wal_coverage.Between(first_open, current + 1);
      if (needed.bytes <= options.max_wal_bytes || needed.segments <= kSegmentsAlways ||
          first_open == closed_in) {
        if (wal_coverage.Between(0, first_open).segments == 0) return absl::OkStatus();
        // Once a chunk may be lost, the WAL is what has its samples, until the store does.
        if (!chunk_log->can_be_synced()) return absl::OkStatus();
        below = first_open;
        const absl::Status written = WriteAllChunks();
        counted.failed_checkpoints += !written.ok();
        HEARTH_RETURN_IF_ERROR(written);
        files = chunk_log->UnsyncedFiles();
        break;
      }
    }
    CloseWhatBeganIn(first_open);
    closed_in = first_open;
  }
  // Samples below `below` are in closed chunks, and these are in `files` or were synced before.
  const std::vector<absl::Status> synced = SyncFiles(files);
  MutexLock lock(&commit_mu);
  absl::Status status = NoteSynced(files, synced);
  if (status.ok()) {
    PassKillPoint(KillPoint::kCheckpointSynced);
    wal_coverage.NoteChunked(below);
    status = DeleteWalSegments();
  }
  PassKillPoint(KillPoint::kCheckpointEnded);
  ++(status.ok() ? counted.checkpoints : counted.failed_checkpoints);
  return status;
}

std::vector<absl::Status> Head::Impl::SyncFiles(std::span<const ChunkLog::Unsynced> files) {
  std::vector<absl::Status> synced;
  for (const ChunkLog::Unsynced& file : files) synced.push_back(file.file->Sync());
  return synced;
}

absl::Status Head::Impl::NoteSynced(std::span<const ChunkLog::Unsynced> files,
                                    std::span<const absl::Status> synced) {
  absl::Status status;
  for (size_t i = 0; i < files.size(); ++i) {
    chunk_log->NoteSynced(files[i], synced[i]);
    status.Update(synced[i]);
  }
  return status;
}

absl::Status Head::Impl::SyncChunkLog() {
  MutexLock checkpoint(&checkpoint_mu);
  SyncWal().IgnoreError();
  std::vector<ChunkLog::Unsynced> files;
  {
    MutexLock lock(&commit_mu);
    HEARTH_RETURN_IF_ERROR(WriteAllChunks());
    files = chunk_log->UnsyncedFiles();
  }
  const std::vector<absl::Status> synced = SyncFiles(files);
  MutexLock lock(&commit_mu);
  return NoteSynced(files, synced);
}

void Head::Impl::CloseOldLate() {
  uint32_t current;
  std::vector<uint32_t> slots;
  {
    MutexLock lock(&commit_mu);
    current = wal->segment();
    slots = late.BegunBefore(current);
  }
  for (size_t from = 0; from < slots.size(); from += kSlotsAtOnce) {
    MutexLock lock(&commit_mu);
    for (size_t i = from; i < std::min<size_t>(from + kSlotsAtOnce, slots.size()); ++i) {
      // It may have been closed, or even flushed, meanwhile.
      const LateSamples::Series* const row = late.Find(slots[i]);
      if (row == nullptr || row->buffer.empty() || row->wal_segment >= current) continue;
      CloseLate(slots[i], &table.At(slots[i]), wal->last_lsn());
    }
  }
}

void Head::Impl::CloseWhatBeganIn(uint32_t segment) {
  const uint32_t slots = table.slot_end();
  for (uint32_t from = 0; from < slots; from += kSlotsAtOnce) {
    MutexLock lock(&commit_mu);
    for (uint32_t slot = from; slot < std::min(from + kSlotsAtOnce, slots); ++slot) {
      MemSeries& series = table.At(slot);
      if (series.state.count > 0 && OpenSegmentOf(series) == segment) {
        CloseChunk(slot, &series, wal->last_lsn());
      }
    }
  }
}

}  // namespace hearth
