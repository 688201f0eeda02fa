// tsdb/head/flush_window.h
//
// FlushWindow: what the head holds of one window at one moment, or what some series hold of it, for
// the compactor to write into the store. Made by Head::BeginFlush and given back to Head::EndFlush
// when it is durable.
//
// Thread safety: const methods may be called from several threads. Lifetime: holds the chunk-log
// files it reads, so its samples stay readable whatever the head does; must not outlive the head.
// Labels are the head's own: they can be had until EndFlush, since no series is forgotten before.
#ifndef HEARTH_TSDB_HEAD_FLUSH_WINDOW_H_
#define HEARTH_TSDB_HEAD_FLUSH_WINDOW_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "model/labels.h"
#include "model/sample.h"
#include "tsdb/chunk/encoding.h"
#include "tsdb/head/chunk_log.h"
#include "tsdb/head/label_index.h"
#include "tsdb/lsn.h"

namespace hearth {

struct FlushChunk {
  ChunkMeta meta;
  std::string_view bytes;  // Points into the storage given to ReadChunks.
  uint32_t segment = 0;    // Of the chunk log; 0 when it was merged from several chunks.
};

// A chunk that could not be read.
struct UnreadableChunk {
  TimeRange times;
  uint32_t samples = 0;
  uint32_t segment = 0;  // Of the chunk log; 0 = not known.
  absl::Status status;
};

class FlushWindow {
 public:
  TimeMs window_start() const { return window_start_; }
  // Every sample of the window in a WAL record numbered at most this is in here (or was flushed
  // before, or deleted); with stopped(), of the series in here. Deletes with an LSN up to it have
  // been applied.
  Lsn lsn() const { return lsn_; }
  // Whether it is about series that have stopped, not about the whole window.
  bool stopped() const { return stopped_; }

  // Series in the order of their metric names, then labels. Index in [0, size()).
  size_t size() const { return series_.size(); }
  const Fingerprint& fingerprint(size_t i) const { return At(i).fingerprint; }
  // Not after EndFlush.
  Labels labels(size_t i) const;
  // At most; samples that are both in a chunk and in a late one count twice.
  size_t samples(size_t i) const { return At(i).samples; }

  // Replaces *storage and *chunks by the series' chunks, in time order, without overlap: those of
  // late samples have been merged with the others. A chunk that cannot be read is read once more,
  // because the fault may have been one of the reading; when that fails too it is left out and
  // added to *unreadable, and the rest is there. Errors: those of the file system but damage.
  absl::Status ReadChunks(size_t i, std::string* storage, std::vector<FlushChunk>* chunks,
                          std::vector<UnreadableChunk>* unreadable) const;

 private:
  friend class Head;
  struct Series {
    Fingerprint fingerprint;
    uint64_t ref = 0;           // SeriesRef::id.
    uint32_t chunks_begin = 0;  // In chunks_.
    uint32_t chunks = 0;        // In order.
    uint32_t late_chunks = 0;   // Behind them.
    uint32_t open = 0;          // 1 + index into open_; 0 = it has no open chunk.
    uint64_t samples = 0;
  };
  // A copy of an open chunk.
  struct Open {
    ChunkMeta meta;
    size_t begin = 0;  // In open_bytes_.
    size_t size = 0;
  };

  const Series& At(size_t i) const { return series_[order_[i]]; }
  // ReadChunks of a series that has late chunks.
  absl::Status ReadMerged(const Series& series, std::string* storage,
                          std::vector<FlushChunk>* chunks,
                          std::vector<UnreadableChunk>* unreadable) const;
  // The bytes of an open chunk.
  std::string_view OpenBytes(const Open& open) const {
    return std::string_view(open_bytes_).substr(open.begin, open.size);
  }
  // The place of the series' last chunk in the chunk log; what it closes later lies behind.
  ChunkPlace LastPlace(const Series& series) const {
    ChunkPlace last;
    const uint32_t end = series.chunks_begin + series.chunks + series.late_chunks;
    for (uint32_t c = series.chunks_begin; c < end; ++c) last = std::max(last, chunks_[c].place());
    return last;
  }
  // Appends a chunk's bytes to *storage; the place of its payload there. kDataLoss when it cannot
  // be read twice.
  absl::StatusOr<size_t> ReadTwice(const Series& series, const ChunkLocator& locator,
                                   std::string* storage) const;

  TimeMs window_start_ = 0;
  Lsn lsn_ = 0;
  bool stopped_ = false;
  uint32_t begun_s_ = 0;         // Seconds since the epoch.
  std::vector<Series> series_;   // As they were listed.
  std::vector<uint32_t> order_;  // Indexes into it.
  const LabelIndex* head_labels_ = nullptr;
  std::vector<ChunkLocator> chunks_;
  std::vector<Open> open_;
  std::string open_bytes_;
  ChunkLogView log_;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_HEAD_FLUSH_WINDOW_H_
