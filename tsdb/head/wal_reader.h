// tsdb/head/wal_reader.h
//
// WalReader: the reading half of a replay. A thread of its own reads the WAL's segments in order,
// checks and decodes their records, turns WAL references into slots, leaves out what is known to be
// in chunks or in the store, and hands the rest over in batches; the head applies them meanwhile.
//
//   WalReader reader(options, numbers, ...);
//   while (const WalBatch* batch = reader.Next()) apply(*batch);
//   reader.status() ...
//
// Thread safety: one caller. What the constructor is given is used by the reader's thread until
// Next has answered null.
#ifndef HEARTH_TSDB_HEAD_WAL_READER_H_
#define HEARTH_TSDB_HEAD_WAL_READER_H_

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "model/labels.h"
#include "model/mutex.h"
#include "tsdb/file_system.h"
#include "tsdb/head/replay_coverage.h"
#include "tsdb/lsn.h"
#include "tsdb/wal/frame.h"
#include "tsdb/wal/record.h"
#include "tsdb/wal/segment_damage.h"

namespace hearth {

// Samples of one or more records, in the order of the log.
struct WalBatch {
  struct Item {
    uint32_t slot;
    TimeMs t;
    double v;
  };
  struct Record {
    size_t end;  // Its items are those before, down to the end of the record before.
    Lsn lsn;
    uint32_t segment;
    bool late;
  };
  std::vector<Item> items;
  std::vector<Record> records;

  void Clear() {
    items.clear();
    records.clear();
  }
};

// What closed chunks hold, so that the WAL need not give it again.
struct InChunks {
  // By slot: all that came in order up to this time (exclusive: a replay learns the last sample's
  // value from the WAL). Slots beyond have nothing.
  std::vector<TimeMs> before;
  // By slot: every late sample in a record up to this one.
  absl::flat_hash_map<uint32_t, Lsn> late_lsn;
};

// What was in the segments.
struct WalContents {
  struct Segment {
    uint32_t number = 0;
    uint64_t bytes = 0;
    uint32_t series = 0;
    Lsn last_lsn = 0;                                 // Of all records.
    Lsn first_lsn = std::numeric_limits<Lsn>::max();  // Of the records with samples.
    std::map<TimeMs, Lsn> windows;                    // The largest LSN by window.
  };
  std::vector<Segment> segments;
  Lsn max_lsn = 0;
  uint64_t records = 0;
  uint64_t samples = 0;
  uint64_t unknown_ref_samples = 0;  // Their series record was lost.
  uint64_t skipped_bytes = 0;        // Damaged.
  uint64_t torn_tail_bytes = 0;
  std::vector<SegmentDamage> damage;
  // The segments that the newest inventory names: they should all be there, to their last LSN.
  std::vector<WalSegmentNote> inventory;
};

class WalReader {
 public:
  static constexpr uint32_t kNoSlot = UINT32_MAX;
  // The slot of a series, made when it is new; kNoSlot when the label bytes are not canonical.
  using SlotFor = std::function<uint32_t(const Fingerprint& fingerprint, LabelsView labels)>;

  // Whether a delete hides the sample at `t` in a record; not called before SlotFor gave the slot.
  using IsDeleted = std::function<bool(uint32_t slot, TimeMs t, Lsn lsn)>;

  // Takes an exemplar of the series in `slot`.
  using TakeExemplar = std::function<void(uint32_t slot, const Exemplar& exemplar)>;

  // Starts the thread, which calls the functions. `fs` and `coverage` are borrowed. `is_deleted` is
  // empty without deletes, `take_exemplar` when none are kept.
  WalReader(FileSystem* fs, std::string dir, std::vector<uint32_t> numbers,
            ReplayCoverage* coverage, InChunks in_chunks, SlotFor slot_for, IsDeleted is_deleted,
            TakeExemplar take_exemplar);
  ~WalReader();  // Waits for the thread; what is left unread is dropped.

  // The next batch, null at the end. Valid until the next call.
  const WalBatch* Next();

  // After Next has answered null: an error of the file system, after which nothing more was read.
  const absl::Status& status() const { return status_; }
  const WalContents& contents() const { return contents_; }

 private:
  static constexpr size_t kBatches = 4;
  static constexpr size_t kBatchItems = 8192;  // A batch may pass this by a record.

  // A series that has left memory: its slot is made when a sample came after that.
  struct Left {
    std::string labels;
    std::span<const LeftSeries::Entry> entries;
  };

  // The reader's thread.
  void Run();
  absl::Status ReadSegment(uint32_t number);
  // The series that has left memory and has this number; null when there is none.
  const Left* LeftOf(uint32_t ref) const {
    return ref < left_of_ref_.size() && left_of_ref_[ref] != 0 ? &left_[left_of_ref_[ref] - 1]
                                                               : nullptr;
  }
  // The slot of a reference, made when it belongs to a series that has left; kNoSlot without one.
  uint32_t SlotOf(uint32_t ref);
  void SeriesRecord(const Frame& frame, uint64_t file_size);
  void SamplesRecord(bool late, const Frame& frame);
  void ExemplarsRecord(const Frame& frame);
  // A record whose checksum fits and that does not make sense.
  void Malformed(const Frame& frame);
  // A sample whose series record was lost.
  void LostSample(const WalSample& sample);
  bool InClosedChunk(bool late, uint32_t slot, TimeMs t, Lsn lsn) const;
  // Gives batch_ to Next and takes an empty one. False when the reader is to end.
  bool HandOver();

  FileSystem* const fs_;
  const std::string dir_;
  const std::vector<uint32_t> numbers_;
  ReplayCoverage* const coverage_;
  const InChunks in_chunks_;
  const SlotFor slot_for_;
  const IsDeleted is_deleted_;
  const TakeExemplar take_exemplar_;

  // Of the reader's thread, until it has ended.
  absl::Status status_;
  WalContents contents_;
  WalBatch* batch_ = nullptr;
  std::vector<uint32_t> slot_of_ref_;  // Of the segment in hand.
  std::vector<uint32_t> left_of_ref_;  // 1 + index into left_; 0, or beyond the end: none.
  std::vector<Left> left_;             // Of the segment in hand.
  uint64_t lost_refs_end_ = 0;         // Above every reference that had no slot.
  DamageWatch damage_;
  std::vector<WalSeries> series_;
  std::vector<WalExemplar> exemplars_;

  std::array<WalBatch, kBatches> batches_;
  WalBatch* taken_ = nullptr;  // By the caller.
  Mutex mu_;
  CondVar changed_;
  std::vector<WalBatch*> free_ GUARDED_BY(mu_);
  std::vector<WalBatch*> full_ GUARDED_BY(mu_);  // Oldest first.
  bool ended_ GUARDED_BY(mu_) = false;
  bool stop_ GUARDED_BY(mu_) = false;

  std::thread thread_;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_HEAD_WAL_READER_H_
