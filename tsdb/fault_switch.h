// tsdb/fault_switch.h
//
// FaultSwitch: which faults a disk has at the moment, and how often each was met. One switch drives
// the file system of our own files (fault_file_system.h) and RocksDB's
// (store/testing/fault_rocks_file_system.h), so a test sees one disk. Testonly.
//
// Thread safety: all methods may be called from any thread.
#ifndef HEARTH_TSDB_FAULT_SWITCH_H_
#define HEARTH_TSDB_FAULT_SWITCH_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "model/mutex.h"

namespace hearth {

enum class FaultSite : uint8_t { kOurFiles, kRocksDb };
inline constexpr size_t kFaultSites = 2;

enum class Fault : uint8_t {
  kNoSpace,         // A write is cut at the limit and fails with kResourceExhausted.
  kWriteError,      // A write fails with kDataLoss, nothing of it written.
  kShortWrite,      // A write fails with kDataLoss after half of its bytes.
  kSyncError,       // A sync fails.
  kSyncLie,         // A sync does nothing and says that it did.
  kTruncateError,   // A truncation fails.
  kCreateError,     // A creation fails with kResourceExhausted.
  kBitFlip,         // A read gives one wrong bit.
  kUnsyncedDropped  // A file lost what was not synced.
};
inline constexpr size_t kFaults = static_cast<size_t>(Fault::kUnsyncedDropped) + 1;

class FaultSwitch {
 public:
  // From now on only `bytes` more can be written, by both sites together. nullopt = space again.
  // While there is a limit, files cannot be created once it is 0.
  void SetSpaceLeft(std::optional<uint64_t> bytes) LOCKS_EXCLUDED(mu_);
  // Faults other than kNoSpace and kUnsyncedDropped.
  void Set(Fault fault, bool on) LOCKS_EXCLUDED(mu_);
  // Faults are met only by files whose path contains `part`; "" = by all.
  void OnlyIn(std::string part) LOCKS_EXCLUDED(mu_);
  // kBitFlip for the next `n` reads only.
  void FlipNextReads(uint64_t n) LOCKS_EXCLUDED(mu_);
  void FailWrites(bool on) { Set(Fault::kShortWrite, on); }
  void FailSyncs(bool on) { Set(Fault::kSyncError, on); }
  void FailTruncates(bool on) { Set(Fault::kTruncateError, on); }
  void FailCreates(bool on) { Set(Fault::kCreateError, on); }

  // How often a fault was met.
  uint64_t fired(FaultSite site, Fault fault) const LOCKS_EXCLUDED(mu_);
  // Syncs that were asked for, whatever became of them.
  uint64_t syncs() const LOCKS_EXCLUDED(mu_);

  // The file systems' side. Each answers OK or the error to give, and counts.
  // *allowed: how many of `n` bytes are to be written in any case.
  absl::Status AdmitWrite(FaultSite site, std::string_view path, size_t n, size_t* allowed)
      LOCKS_EXCLUDED(mu_);
  // *lie: answer OK without syncing.
  absl::Status AdmitSync(FaultSite site, std::string_view path, bool* lie) LOCKS_EXCLUDED(mu_);
  absl::Status AdmitTruncate(FaultSite site, std::string_view path) LOCKS_EXCLUDED(mu_);
  absl::Status AdmitCreate(FaultSite site, std::string_view path) LOCKS_EXCLUDED(mu_);
  // Flips a bit in the middle of what was read.
  void SpoilRead(FaultSite site, std::string_view path, char* data, size_t n) LOCKS_EXCLUDED(mu_);
  // A file of so many bytes was removed.
  void Freed(uint64_t bytes) LOCKS_EXCLUDED(mu_);
  void CountDropped(FaultSite site) LOCKS_EXCLUDED(mu_);

 private:
  bool Meets(FaultSite site, std::string_view path, Fault fault) EXCLUSIVE_LOCKS_REQUIRED(mu_);

  mutable Mutex mu_;
  std::optional<uint64_t> space_left_ GUARDED_BY(mu_);
  std::array<bool, kFaults> on_ GUARDED_BY(mu_) = {};
  std::string only_in_ GUARDED_BY(mu_);
  std::array<std::array<uint64_t, kFaults>, kFaultSites> fired_ GUARDED_BY(mu_) = {};
  uint64_t syncs_ GUARDED_BY(mu_) = 0;
  uint64_t flips_left_ GUARDED_BY(mu_) = 0;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_FAULT_SWITCH_H_
