// tsdb/compact/window_flush.h
//
// Takes one window, or what stopped series have of it, from the head to the store, in steps that a
// crash may separate:
//
//   Head::BeginFlush → sorted files → Store::Ingest → Store::Publish → Head::EndFlush
//
// Until EndFlush the samples are in WAL and chunk log; from Publish on also in the store. In
// between queries see them twice, which the querier resolves, and a replay skips what the catalogue
// covers.
//
// Thread safety: none; belongs to the compactor's thread. Lifetime: head and store outlive it.
#ifndef HEARTH_TSDB_COMPACT_WINDOW_FLUSH_H_
#define HEARTH_TSDB_COMPACT_WINDOW_FLUSH_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "model/sample.h"
#include "tsdb/head/head.h"
#include "tsdb/store/generation_writer.h"
#include "tsdb/store/store.h"

namespace hearth {

struct FlushCounts {
  uint64_t series = 0;
  uint64_t samples = 0;
  uint64_t damaged_chunks = 0;    // Left out: unreadable in the chunk log, twice.
  uint64_t damaged_segments = 0;  // Of the chunk log: those with such chunks, set aside.
};

class WindowFlush {
 public:
  // `stop` becomes true when the process is about to end: then Run gives up before the next series.
  // `stopped`: which series it is about; null = all of them.
  WindowFlush(Head* head, Store* store, WindowId window, const std::atomic<bool>* stop,
              std::shared_ptr<const StoppedSeries> stopped = nullptr)
      : head_(head), store_(store), window_(window), stop_(stop), stopped_(std::move(stopped)) {}

  // Runs the steps that are still to be done. kCancelled when told to stop. After an error the same
  // object is to be run again later: a step that succeeded is not repeated, so no sample is written
  // twice.
  absl::Status Run();
  // Gives the head's samples of the window up, unwritten: for a window that has left the retention.
  absl::Status Discard();

  const WindowId& window() const { return window_; }
  bool of_stopped() const { return stopped_ != nullptr; }
  // Whether the samples are in the store's files already: then Run must be called until it
  // succeeds.
  bool ingested() const { return ingested_; }
  const FlushCounts& counts() const { return counts_; }

 private:
  static constexpr uint64_t kMaxLines = 16;  // In the log, for lost chunks.

  absl::StatusOr<FlushWindow> Begin();
  // Makes the store say that it has the window.
  absl::Status Publish();
  // Writes the sorted files and has the store take them in. Leaves info_ empty when there was
  // nothing to write.
  absl::Status WriteAndIngest();
  absl::Status AddSeries(size_t i, GenerationWriter* writer);
  // Logs and counts what a series has lost.
  void NoteUnreadable(LabelsView labels, const std::vector<UnreadableChunk>& chunks);
  // Before EndFlush lets the chunk log's segments go.
  void SetDamagedAside();

  Head* const head_;
  Store* const store_;
  const WindowId window_;
  const std::atomic<bool>* const stop_;
  const std::shared_ptr<const StoppedSeries> stopped_;
  std::optional<FlushWindow> flush_;
  std::optional<GenerationInfo> info_;
  bool ingested_ = false;
  bool published_ = false;
  FlushCounts counts_;
  std::set<uint32_t> damaged_segments_;
  // Of the series in hand, kept for their memory.
  std::string storage_;
  std::vector<FlushChunk> chunks_;
  std::vector<ChunkView> views_;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_COMPACT_WINDOW_FLUSH_H_
