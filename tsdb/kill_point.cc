#include "tsdb/kill_point.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "absl/strings/numbers.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth {

namespace internal {
bool kill_points_armed = false;
}  // namespace internal

namespace {

// What is armed. The counters lie in memory that a file shares, so that they survive SIGKILL.
struct Armed {
  KillPoint at = KillPoint::kEnd;
  uint64_t nth = 0;
  std::atomic<uint64_t> passed_at{0};
  std::atomic<uint64_t>* counts = nullptr;
};
Armed armed;

absl::Status ParseKillAt(std::string_view text) {
  const size_t colon = text.rfind(':');
  uint64_t nth = 0;
  if (colon == std::string_view::npos || !absl::SimpleAtoi(ToAbsl(text.substr(colon + 1)), &nth) ||
      nth == 0) {
    return absl::InvalidArgumentError(StrCat("kill point \"", text, "\": must be <name>:<n>"));
  }
  const std::string_view name = text.substr(0, colon);
  const auto& names = KillPointNames();
  const auto row =
      std::find_if(names.begin(), names.end(), [&](const auto& r) { return r.name == name; });
  if (row == names.end()) {
    return absl::InvalidArgumentError(StrCat("kill point \"", text, "\": no such point"));
  }
  armed.at = row->point;
  armed.nth = nth;
  return absl::OkStatus();
}

absl::Status MapCounts(const char* path) {
  const int fd = ::open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) return absl::InternalError(StrCat("open of ", path, ": ", strerror(errno)));
  void* memory = MAP_FAILED;
  if (::ftruncate(fd, sizeof(KillCounts)) == 0) {
    memory = ::mmap(nullptr, sizeof(KillCounts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  }
  const int error = errno;
  ::close(fd);
  if (memory == MAP_FAILED) {
    return absl::InternalError(StrCat("mapping of ", path, ": ", strerror(error)));
  }
  armed.counts = static_cast<std::atomic<uint64_t>*>(memory);
  return absl::OkStatus();
}

}  // namespace

const std::array<KillPointName, kKillPoints>& KillPointNames() {
  static constexpr std::array<KillPointName, kKillPoints> kNames = {{
      {KillPoint::kFlushBegun, "flush.begun", "the window's chunks are closed"},
      {KillPoint::kFlushSeriesAdded, "flush.series_added", "one series is in the sorted files"},
      {KillPoint::kFlushWritten, "flush.written", "the sorted files are complete and synced"},
      {KillPoint::kFlushIngested, "flush.ingested", "RocksDB has the files, the catalogue not"},
      {KillPoint::kFlushPublished, "flush.published", "the catalogue has the generation"},
      {KillPoint::kFlushEnded, "flush.ended", "the head has let the window go"},
      {KillPoint::kStoppedListed, "stopped.listed", "the chunks of stopped series are listed"},
      {KillPoint::kStoppedLeft, "stopped.left", "stopped series have left memory"},
      {KillPoint::kCoverageNoted, "coverage.noted",
       "the catalogue says that an emptied window is covered"},
      {KillPoint::kMergeWritten, "merge.written", "the merged files are complete and synced"},
      {KillPoint::kMergeIngested, "merge.ingested",
       "RocksDB has old and new, the catalogue the old"},
      {KillPoint::kMergePublished, "merge.published", "the catalogue has the merged generation"},
      {KillPoint::kCatalogueAdded, "catalogue.added", "an entry is written, not yet visible"},
      {KillPoint::kCatalogueRemoved, "catalogue.removed", "an entry is gone, its files are not"},
      {KillPoint::kStoreFilesDeleted, "store.files_deleted", "a generation's files are gone"},
      {KillPoint::kRetentionDropped, "retention.dropped", "old generations are dropped"},
      {KillPoint::kRetentionDiscarded, "retention.discarded", "an old head window is discarded"},
      {KillPoint::kWalWritten, "wal.written", "a commit is in the WAL, not in memory"},
      {KillPoint::kWalRolled, "wal.rolled", "a new segment stands, nothing is in it"},
      {KillPoint::kWalSegmentDeleted, "wal.segment_deleted", "one covered segment is gone"},
      {KillPoint::kChunkLogWritten, "chunk_log.written", "closed chunks are in the file"},
      {KillPoint::kChunkLogRolled, "chunk_log.rolled", "a new segment stands, no chunk is in it"},
      {KillPoint::kChunkLogSegmentDeleted, "chunk_log.segment_deleted", "one segment is gone"},
      {KillPoint::kCheckpointSynced, "checkpoint.synced", "the chunk log is synced, the WAL whole"},
      {KillPoint::kCheckpointEnded, "checkpoint.ended",
       "the WAL segments of a checkpoint are gone"},
      {KillPoint::kLateChunkClosed, "late.chunk_closed", "late samples are in the chunk log"},
      {KillPoint::kDeleteParted, "delete.parted", "the chunks are closed, nothing is recorded"},
      {KillPoint::kDeleteRecorded, "delete.recorded",
       "the delete is durable, the head is as before"},
      {KillPoint::kDeleteApplied, "delete.applied", "what is left of its chunks is written again"},
      {KillPoint::kSnapshotLinked, "snapshot.linked", "the logs are linked, the store is not"},
      {KillPoint::kSnapshotFilled, "snapshot.filled", "it is complete under its working name"},
      {KillPoint::kSnapshotNamed, "snapshot.named", "it has its name"},
      {KillPoint::kReplayed, "replay.done", "everything is back, nothing is served yet"},
  }};
  return kNames;
}

absl::Status ArmKillPoints(const char* at, const char* counts_path) {
  if (at == nullptr && counts_path == nullptr) return absl::OkStatus();
  static_assert(std::atomic<uint64_t>::is_always_lock_free);
  if (counts_path != nullptr) HEARTH_RETURN_IF_ERROR(MapCounts(counts_path));
  if (at != nullptr) HEARTH_RETURN_IF_ERROR(ParseKillAt(at));
  internal::kill_points_armed = true;
  return absl::OkStatus();
}

absl::StatusOr<KillCounts> ReadKillCounts(const std::string& counts_path) {
  const int fd = ::open(counts_path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return absl::NotFoundError(StrCat("open of ", counts_path, ": ", strerror(errno)));
  KillCounts counts;
  struct stat st;
  const bool whole = ::fstat(fd, &st) == 0 && st.st_size == sizeof(counts) &&
                     ::read(fd, counts.data(), sizeof(counts)) == sizeof(counts);
  ::close(fd);
  if (whole) return counts;
  return absl::DataLossError(StrCat(counts_path, " does not hold ", kKillPoints, " counts"));
}

void internal::HitKillPoint(KillPoint point) {
  if (armed.counts != nullptr) {
    armed.counts[static_cast<size_t>(point)].fetch_add(1, std::memory_order_relaxed);
  }
  if (point != armed.at) return;
  if (armed.passed_at.fetch_add(1, std::memory_order_relaxed) + 1 == armed.nth) {
    ::kill(::getpid(), SIGKILL);
  }
}

}  // namespace hearth
