// tsdb/head/chunk_log.h
//
// ChunkLog: where closed chunks of the head lie until the store has them. Appending happens under
// the head's commit lock; reading (through a ChunkLogView) without any lock. In memory only a
// ChunkLocator stays. Format: docs/format/chunk_log.md.
//
// Segments are self-contained: the first chunk of a series in a segment is preceded by its labels.
// A segment is deleted when none of its chunks is wanted any more. What it holds is in the WAL too,
// until the store has it or a checkpoint has synced it (head_checkpoint.cc).
//
// A chunk is written once the WAL is durable up to its LSN (Flush): what a power cut leaves of the
// log never holds samples that came after others which it took from the WAL. Until then, views find
// it in memory.
//
// Failure: when a write fails the bytes stay in memory, where views find them, and each later Flush
// tries again; so no chunk is lost and no locator changes. pending_bytes() tells how much is
// waiting.
//
// Thread safety: ChunkLog: one caller at a time (the commit lock). ChunkLogView: immutable, from
// any thread.
#ifndef HEARTH_TSDB_HEAD_CHUNK_LOG_H_
#define HEARTH_TSDB_HEAD_CHUNK_LOG_H_

#include <compare>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/labels.h"
#include "tsdb/chunk/encoding.h"
#include "tsdb/file_system.h"
#include "tsdb/lsn.h"
#include "tsdb/wal/frame.h"
#include "tsdb/wal/segment_damage.h"

namespace hearth {

// Persisted: values must not be renumbered.
enum class ChunkLogRecordType : uint8_t {
  kSeries = 1,
  kChunk = 2,
  kLateChunk = 3,  // Of late samples: its times may lie among those of other chunks.
};

// A place in the chunk log: what is appended later lies at a greater one.
struct ChunkPlace {
  uint32_t segment = 0;
  uint64_t offset = 0;
  friend auto operator<=>(const ChunkPlace&, const ChunkPlace&) = default;
};

// Where a closed chunk lies and what it covers.
struct ChunkLocator {
  TimeMs mint = 0;
  uint32_t span_ms = 0;  // maxt - mint: a window is far shorter than 49 days.
  uint32_t segment = 0;
  uint32_t offset = 0;  // Of the frame.
  uint16_t bytes = 0;   // Of the chunk's payload, without frame and chunk header.
  uint8_t count = 0;    // Samples.
  ChunkEncoding encoding = ChunkEncoding::kXor;

  TimeMs maxt() const { return mint + span_ms; }
  TimeRange range() const { return {mint, maxt()}; }
  ChunkPlace place() const { return {segment, offset}; }
  ChunkMeta meta() const { return {mint, maxt(), count, encoding}; }
};
static_assert(sizeof(ChunkLocator) == 24);

inline constexpr size_t kMaxChunkSamples = 255;
inline constexpr size_t kMaxChunkBytes = 65'535;

// The segments as they were at one moment; keeps removed files readable.
class ChunkLogView {
 public:
  // Reads a chunk into *storage (appended) and answers where in *storage its payload lies.
  // kDataLoss when the bytes are damaged or are not of this series.
  absl::StatusOr<size_t> Read(const ChunkLocator& locator, const Fingerprint& fingerprint,
                              std::string* storage) const;

  // Appends the frames of many chunks to *storage, in the order in which they lie and neighbours in
  // one read; frame i begins at (*places)[i]. What a file no longer has is zeros, which Payload
  // refuses.
  absl::Status ReadFrames(std::span<const ChunkLocator> locators, std::string* storage,
                          std::vector<size_t>* places) const;
  // The payload of a frame that ReadFrames gave; `bytes` begins with it. kDataLoss as Read.
  static absl::StatusOr<std::string_view> Payload(const ChunkLocator& locator,
                                                  const Fingerprint& fingerprint,
                                                  std::string_view bytes);
  static size_t FrameBytes(const ChunkLocator& locator);

 private:
  bool IsPending(const ChunkLocator& locator) const {
    return pending_ != nullptr && locator.segment == pending_segment_ &&
           locator.offset >= pending_offset_;
  }
  // Appends `n` bytes at the locator's place, zeros where there are none.
  absl::Status Append(const ChunkLocator& locator, size_t n, std::string* storage) const;

  friend class ChunkLog;
  struct Segment {
    uint32_t number;
    std::shared_ptr<const File> file;
  };
  std::vector<Segment> segments_;  // Ascending.
  // Bytes that are not written yet, of the segment with this number from this offset on.
  uint32_t pending_segment_ = 0;
  uint64_t pending_offset_ = 0;
  std::shared_ptr<const std::string> pending_;
};

struct ChunkLogOptions {
  FileSystem* fs = nullptr;  // Borrowed.
  std::string dir;           // Exists.
  uint64_t segment_bytes = uint64_t{64} << 20;
};

// What Open found in the files.
struct ChunkLogReplay {
  uint64_t segments = 0;
  uint64_t chunks = 0;
  uint64_t skipped_bytes = 0;    // Damaged.
  uint64_t torn_tail_bytes = 0;  // Left by a crash in the middle of a write.
  // Nothing says that a chunk is missing before one that is there. Not so when records are damaged,
  // when a segment that is not the last ends torn, or when a number is missing between segments or
  // at the end.
  bool whole = true;
  // The number of the newest segment, when that one is gone; else 0.
  uint32_t missing_newest = 0;
  Lsn max_lsn = 0;
  DamageWatch damage;
};

class ChunkLog {
 public:
  static constexpr uint32_t kNoNote = UINT32_MAX;
  // A chunk found on disk.
  struct Found {
    const Fingerprint& fingerprint;
    LabelsView labels;  // Canonical; stands for `fingerprint`.
    Lsn lsn;
    ChunkLocator locator;
    bool late;  // Of late samples.
    // For the callee to remember something of the series, as long as the segment lasts; kNoNote at
    // its first chunk there.
    uint32_t* note;
  };
  // Answers whether the chunk is wanted: an unwanted one does not keep its segment alive.
  using OnChunk = absl::FunctionRef<bool(const Found& chunk)>;

  // Reads the segments of the directory, oldest first, and starts a new one with the first Append.
  // Damage is skipped and counted.
  static absl::StatusOr<std::unique_ptr<ChunkLog>> Open(ChunkLogOptions options, OnChunk on_chunk,
                                                        ChunkLogReplay* replay);

  // Appends a chunk (of type kChunk or kLateChunk) to the buffer; it becomes readable through views
  // made after this. `lsn`: of the WAL record of its last sample. *labelled_segment is the series'
  // note of the segment that has its labels already; `labels` is called when they are needed. The
  // chunk's payload is at most kMaxChunkBytes, its count at most kMaxChunkSamples.
  ChunkLocator Append(ChunkLogRecordType type, const Fingerprint& fingerprint,
                      const ChunkMeta& meta, std::string_view payload, Lsn lsn,
                      uint32_t* labelled_segment,
                      absl::FunctionRef<void(std::string* labels)> labels);
  // Writes what was appended with LSNs up to `durable` (inclusive); may start a segment afterwards.
  // The first write to a segment syncs the ones before it. kUnavailable: it stays pending.
  absl::Status Flush(Lsn durable = std::numeric_limits<Lsn>::max());
  // Starts a new segment with the next Append, unless the current one is empty.
  absl::Status Roll();

  // What was written and is not known to be synced, for the caller to sync without the lock, and
  // what became of it. A segment whose sync failed is never synced again: the kernel may have
  // dropped its bytes.
  struct Unsynced {
    uint32_t segment;
    uint64_t size;  // Synced up to here, when it succeeds.
    std::shared_ptr<File> file;
  };
  std::vector<Unsynced> UnsyncedFiles() const;
  void NoteSynced(const Unsynced& file, const absl::Status& status);
  // False while a wanted chunk lies in a segment whose sync has failed.
  bool can_be_synced() const;

  // Notes that a chunk is not wanted any more.
  void Release(const ChunkLocator& locator);
  // Deletes the segments without wanted chunks, the current one excepted.
  absl::Status DeleteUnused();

  ChunkLogView View() const;
  // Every chunk so far lies before, every later one at or after.
  ChunkPlace End() const { return {current_, written_ + pending_.size()}; }
  // The smallest LSN of a chunk in the segments that are left; the greatest of all without chunks.
  Lsn first_lsn() const;
  uint64_t bytes() const;  // On disk.
  size_t segment_count() const { return segments_.size(); }
  size_t pending_bytes() const { return pending_.size(); }
  // A new segment is due and waits for everything pending to be written.
  bool roll_waits() const { return roll_ && !pending_.empty(); }
  uint64_t failures() const { return failures_; }
  // Since this object was made, segment headers left out.
  uint64_t written_bytes() const { return written_bytes_; }

 private:
  struct Segment {
    std::shared_ptr<File> file;
    uint64_t size = 0;    // On disk.
    uint64_t synced = 0;  // Bytes of it.
    uint64_t wanted = 0;  // Chunks.
    bool sync_failed = false;
    Lsn first_lsn = std::numeric_limits<Lsn>::max();  // The smallest of its chunks.
  };

  explicit ChunkLog(ChunkLogOptions options) : options_(std::move(options)) {}
  absl::Status ReadSegment(uint32_t number, OnChunk on_chunk, ChunkLogReplay* replay);
  // Makes the file of segment current_.
  absl::Status StartSegment(Segment* segment);
  bool Deletable(const std::pair<const uint32_t, Segment>& segment) const;
  void SyncEarlierSegments();

  const ChunkLogOptions options_;
  std::map<uint32_t, Segment> segments_;
  uint32_t current_ =
      0;  // Number that Append gives out; its file is made by the Flush that needs it.
  // Bytes of segment current_ that are not in the file yet, from offset written_ on.
  std::string pending_;
  // What of it waits for which LSN, both ascending.
  struct Mark {
    Lsn lsn;
    size_t end;  // Bytes of pending_ up to here.
  };
  std::deque<Mark> marks_;
  uint64_t written_bytes_ = 0;
  uint64_t written_ = kSegmentHeaderBytes;
  bool roll_ = false;  // The next Append after a Flush takes a new number.
  uint64_t failures_ = 0;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_HEAD_CHUNK_LOG_H_
