#include "tsdb/wal/wal_writer.h"

#include <utility>

#include "model/status.h"
#include "model/text.h"
#include "tsdb/kill_point.h"
#include "tsdb/wal/frame.h"
#include "tsdb/wal/newest_mark.h"
#include "tsdb/wal/segment.h"

namespace hearth {
namespace {

absl::Status Unavailable(const absl::Status& cause) {
  return absl::UnavailableError(ToAbsl(StrCat("WAL: ", FromAbsl(cause.message()))));
}

}  // namespace

WalWriter::WalWriter(WalOptions options)
    : options_(std::move(options)),
      group_commit_(options_.sync_interval_ms, options_.next_lsn - 1),
      segment_(0),
      next_segment_(options_.first_segment),
      next_lsn_(options_.next_lsn) {}

absl::StatusOr<std::unique_ptr<WalWriter>> WalWriter::Open(WalOptions options) {
  std::unique_ptr<WalWriter> writer(new WalWriter(std::move(options)));
  const absl::Status started = writer->StartSegment();
  if (absl::IsResourceExhausted(started)) {
    // A full disk must not keep the server from answering queries: each Prepare tries again.
    ++writer->failures_;
    writer->given_up_ = true;
  } else if (!started.ok()) {
    return started;
  }
  return writer;
}

absl::Status WalWriter::StartSegment() {
  // Or a power cut could take the end of the old segment and leave what came later: a hole. What
  // cannot be synced is past helping, and Prepare sees the error.
  if (file_ != nullptr && !given_up_) WaitDurable(last_lsn()).IgnoreError();
  // The number is spent even when this fails: a half-made file may be in the way.
  const uint32_t number = next_segment_++;
  HEARTH_ASSIGN_OR_RETURN(std::unique_ptr<File> file,
                          CreateSegment(*options_.fs, kWalKind, options_.dir, number));
  file_ = std::move(file);
  segment_ = number;
  size_ = kSegmentHeaderBytes;
  series_bytes_ = 0;
  given_up_ = false;
  // Without its mark the segment is as good, and only its loss would go unseen.
  MarkNewest(*options_.fs, options_.dir, number).IgnoreError();
  PassKillPoint(KillPoint::kWalRolled);
  return absl::OkStatus();
}

absl::Status WalWriter::Prepare() {
  const absl::Status sync_error = group_commit_.error();
  if (!sync_error.ok()) given_up_ = true;
  if (!given_up_ && !full()) return absl::OkStatus();
  if (const absl::Status status = StartSegment(); !status.ok()) {
    ++failures_;
    return Unavailable(status);
  }
  if (!sync_error.ok()) group_commit_.Reset();
  return absl::OkStatus();
}

absl::StatusOr<Lsn> WalWriter::Append(std::span<const WalRecord> records) {
  if (given_up_) return absl::UnavailableError("WAL: the segment was given up after a failure");
  buffer_.clear();
  Lsn lsn = next_lsn_;
  for (const WalRecord& record : records) {
    AppendFrame(kWalKind, static_cast<uint8_t>(record.type), lsn++, record.payload, &buffer_);
  }
  // Numbers are spent even when the write fails: part of it may be in the file.
  next_lsn_ = lsn;
  if (const absl::Status status = file_->WriteAt(size_, buffer_); !status.ok()) {
    ++failures_;
    CutPartialWrite();
    return Unavailable(status);
  }
  PassKillPoint(KillPoint::kWalWritten);
  size_ += buffer_.size();
  written_bytes_ += buffer_.size();
  for (const WalRecord& record : records) {
    if (record.type == WalRecordType::kSeries) series_bytes_ += record.payload.size();
  }
  group_commit_.Written(file_, lsn - 1);
  return lsn - 1;
}

void WalWriter::CutPartialWrite() {
  if (!file_->Truncate(size_).ok()) given_up_ = true;
}

Lsn WalWriter::TakeLsn() {
  const Lsn lsn = next_lsn_++;
  // Whoever waits for the last LSN must not wait for a record that never comes.
  group_commit_.Written(file_, lsn);
  return lsn;
}

absl::Status WalWriter::Roll() {
  if (!given_up_ && size_ == kSegmentHeaderBytes) return absl::OkStatus();
  if (const absl::Status status = StartSegment(); !status.ok()) {
    ++failures_;
    return Unavailable(status);
  }
  return absl::OkStatus();
}

}  // namespace hearth
