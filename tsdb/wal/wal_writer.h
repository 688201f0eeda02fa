// tsdb/wal/wal_writer.h
//
// WalWriter appends records to the WAL's segment files and hands them to group commit.
//
//   wal->Prepare();                       // Recovers from an earlier failure; may start a segment.
//   ... encode records for segment wal->segment() ...
//   wal->Append(records);                 // One write(2). On OK the records have reached the file.
//   wal->WaitDurable(lsn);                // Only for sync interval 0.
//
// Failure: when a write fails the partial bytes are cut off again, or, when that fails too, the
// segment is given up and the next Prepare starts a new one; the same after a failed sync. Until
// then Prepare and Append answer kUnavailable with the cause. A segment that was given up may end
// with some whole records of the failed Append, which a replay then takes: they were never
// acknowledged, but they may survive. So a full disk stops the WAL only as long as it is full.
//
// Thread safety: WaitDurable, SyncSoon, synced_lsn and segments from any thread; the rest by one
// caller at a time (the commit lock).
#ifndef HEARTH_TSDB_WAL_WAL_WRITER_H_
#define HEARTH_TSDB_WAL_WAL_WRITER_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tsdb/file_system.h"
#include "tsdb/lsn.h"
#include "tsdb/wal/group_commit.h"
#include "tsdb/wal/record.h"

namespace hearth {

struct WalOptions {
  FileSystem* fs = nullptr;  // Borrowed; outlives the writer.
  std::string dir;           // Exists.
  // A segment that has reached this is followed by another, unless series records are more than a
  // third of it: each segment repeats them, so with many series it must be larger.
  uint64_t segment_bytes = uint64_t{64} << 20;
  int64_t sync_interval_ms = 1000;
  uint32_t first_segment = 1;  // Larger than every segment in `dir`.
  Lsn next_lsn = 1;
};

struct WalRecord {
  WalRecordType type;
  std::string_view payload;  // At most kMaxFramePayload.
};

class WalWriter {
 public:
  // On a full disk it opens without a segment (segment() is 0 then), and Prepare makes one later.
  static absl::StatusOr<std::unique_ptr<WalWriter>> Open(WalOptions options);

  // Makes the writer ready: afterwards segment() and next_lsn() are what the next Append uses.
  absl::Status Prepare();
  // Returns the LSN of the last record.
  absl::StatusOr<Lsn> Append(std::span<const WalRecord> records);
  // Spends an LSN without a record: later records lie above it, earlier ones below.
  Lsn TakeLsn();
  // Starts a new segment, unless the current one is empty.
  absl::Status Roll();

  uint32_t segment() const { return segment_; }
  uint64_t segment_size() const { return size_; }
  Lsn last_lsn() const { return next_lsn_ - 1; }
  uint64_t failures() const { return failures_; }
  // Since this object was made, segment headers left out.
  uint64_t written_bytes() const { return written_bytes_; }

  absl::Status WaitDurable(Lsn lsn) { return group_commit_.WaitDurable(lsn); }
  void SyncSoon() { group_commit_.SyncSoon(); }
  Lsn synced_lsn() const { return group_commit_.synced_lsn(); }
  uint64_t syncs() const { return group_commit_.syncs(); }

 private:
  explicit WalWriter(WalOptions options);
  absl::Status StartSegment();
  bool full() const { return size_ >= options_.segment_bytes && size_ >= 3 * series_bytes_; }
  // Restores the file to its last good length after a failed write.
  void CutPartialWrite();

  const WalOptions options_;
  GroupCommit group_commit_;
  std::shared_ptr<File> file_;
  uint32_t segment_;  // Of file_.
  uint32_t next_segment_;
  uint64_t size_ = 0;          // Good bytes of file_.
  uint64_t series_bytes_ = 0;  // Of them, payloads of series records.
  Lsn next_lsn_;
  bool given_up_ = false;  // file_ must not be written to any more.
  uint64_t failures_ = 0;
  uint64_t written_bytes_ = 0;
  std::string buffer_;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_WAL_WAL_WRITER_H_
