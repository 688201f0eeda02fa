// tsdb/compact/window_flush.h
//
// Takes one window from the head to the store, in steps that a crash may separate:
//
//   Head::BeginFlush → sorted files → Store::Ingest → Store::Publish → Head::EndFlush
//
// Until EndFlush the samples are in WAL and chunk log; from Publish on also in the store. In between queries see them twice, which the
// querier resolves, and a replay skips what the catalogue covers.
//
// Thread safety: none; belongs to the compactor's thread. Lifetime: head and store outlive it.
#ifndef HEARTH_TSDB_COMPACT_WINDOW_FLUSH_H_
#define HEARTH_TSDB_COMPACT_WINDOW_FLUSH_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "model/sample.h"
#include "tsdb/head/head.h"
#include "tsdb/store/store.h"

namespace hearth {

struct FlushCounts {
  uint64_t series = 0;
  uint64_t samples = 0;
  uint64_t damaged_chunks = 0;  // Left out: unreadable in the chunk log.
};

class WindowFlush {
 public:
  WindowFlush(Head* head, Store* store, WindowId window)
      : head_(head), store_(store), window_(window) {}

  // Runs the steps that are still to be done. After an error the same object is to be run again later: a step that succeeded is not
  // repeated, so no sample is written twice.
  absl::Status Run();
  // Gives the head's samples of the window up, unwritten: for a window that has left the retention.
  absl::Status Discard();

  const WindowId& window() const { return window_; }
  // Whether the samples are in the store's files already: then Run must be called until it succeeds.
  bool ingested() const { return ingested_; }
  const FlushCounts& counts() const { return counts_; }

 private:
  // Writes the sorted files and has the store take them in. Leaves info_ empty when there was nothing to write.
  absl::Status WriteAndIngest();

  Head* const head_;
  Store* const store_;
  const WindowId window_;
  std::optional<FlushWindow> flush_;
  std::optional<GenerationInfo> info_;
  bool ingested_ = false;
  bool published_ = false;
  FlushCounts counts_;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_COMPACT_WINDOW_FLUSH_H_
