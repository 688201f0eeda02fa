// tsdb/head/damage_report.h
//
// DamageReport: tells the operator what could not be read of WAL and chunk log, and keeps the
// damaged segments for a look at them: a second name in the quarantine, because the segment itself
// is read on, and deleted when its samples are sealed.
//
// Thread safety: none.
#ifndef HEARTH_TSDB_HEAD_DAMAGE_REPORT_H_
#define HEARTH_TSDB_HEAD_DAMAGE_REPORT_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "tsdb/file_system.h"
#include "tsdb/wal/record.h"
#include "tsdb/wal/segment_damage.h"

namespace hearth {

// One of the two logs, as a report names it.
struct ReportedLog {
  std::string_view name;  // "WAL", "chunk log"
  std::string dir;
  std::string_view stem;        // Of the names in the quarantine: <stem>-<n>
  std::string_view makes_good;  // What may have the lost samples all the same.
};
ReportedLog WalToReport(std::string dir);
ReportedLog ChunkLogToReport(std::string dir);

// A segment that a later one names, and that is gone or has lost its end.
struct MissingSegment {
  WalSegmentNote note;
  bool there = false;
  Lsn last_lsn = 0;  // That was found, when it is there.
};

class DamageReport {
 public:
  // Lines in the log; what is beyond is counted in one more.
  static constexpr size_t kMaxLines = 16;

  // `quarantine_dir` is created when needed; empty = nothing is set aside. `fs` is borrowed.
  DamageReport(FileSystem* fs, std::string quarantine_dir)
      : fs_(fs), quarantine_dir_(std::move(quarantine_dir)) {}

  // Logs a line for each damaged segment and sets it aside, unless it only has a torn tail.
  void Add(const ReportedLog& log, std::span<const SegmentDamage> damage);
  void AddMissing(const ReportedLog& log, std::span<const MissingSegment> missing);
  // The newest segment, which no other one knows more of; nothing for 0.
  void AddMissingNewest(const ReportedLog& log, uint32_t segment);
  // Says how many lines were left out, if any.
  void Finish();
  // Segments so far that were set aside, or should have been.
  uint64_t damaged() const { return damaged_; }
  // Segments so far that are gone or have lost their end.
  uint64_t missing() const { return missing_; }

  // Gives a segment a second name in the quarantine. The path, also when it is there already;
  // errors are those of the file system.
  absl::StatusOr<std::string> SetAside(const ReportedLog& log, uint32_t segment);

 private:
  FileSystem* const fs_;
  const std::string quarantine_dir_;
  size_t segments_ = 0;
  uint64_t damaged_ = 0;
  uint64_t missing_ = 0;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_HEAD_DAMAGE_REPORT_H_
