// tsdb/head/series_table.h
//
// The head's series: MemSeries, one of which is what a series costs in memory beside its labels and
// its open chunk, and SeriesTable, which finds them by fingerprint.
//
// A series lives in a slot. A slot is used again after its series was forgotten, with the next
// generation, so a SeriesRef (generation and slot) is never used again in a process.
//
// Memory a series, for 9 labels of which 8 are shared: MemSeries 96, table 11 to 21, label numbers
// 56 and their postings 36 to 72 (LabelIndex), an open chunk of 64 to some 300 bytes (ChunkArena),
// 28 for each chunk that waits for the flush (LocatorLists).
#ifndef HEARTH_TSDB_HEAD_SERIES_TABLE_H_
#define HEARTH_TSDB_HEAD_SERIES_TABLE_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/functional/function_ref.h"
#include "model/labels.h"
#include "model/mutex.h"
#include "tsdb/chunk/xor_chunk.h"
#include "tsdb/head/locator_lists.h"
#include "tsdb/storage.h"
#include "tsdb/wal/record.h"

namespace hearth {

// Guarded by the head's commit lock, but for `fingerprint` (written before the series is found by
// anybody) and `used_s`.
struct MemSeries {
  Fingerprint fingerprint;
  uint32_t generation = 1;           // Of the slot; odd and even alike.
  std::atomic<uint32_t> used_s = 0;  // When it was last asked for, in seconds since the epoch.

  // The last sample ever appended, also when its chunk is closed; the open chunk has none when
  // state.count is 0.
  XorState state;
  char* chunk = nullptr;  // In the ChunkArena; null when state.count is 0.
  TimeMs mint = 0;        // Of the open chunk.

  LocatorLists::List closed = 0;
  uint32_t pending =
      0;  // While a commit judges: 1 + index of the series' last accepted sample in it.
  // The segments that have the series' labels, and its number in the WAL's.
  uint32_t wal_segment = 0;
  WalRef wal_ref = 0;
  uint32_t chunk_log_segment = 0;
  uint16_t open_segment = 0;  // The low bits of the WAL segment of the open chunk's first sample.
  uint8_t chunk_steps = 0;    // Size of `chunk` in ChunkArena steps.
  bool has_last : 1 = false;  // state.t and state.v_bits are a sample.
  bool has_late : 1 = false;  // LateSamples has a row of the series.
};
static_assert(sizeof(MemSeries) <= 96);

// Thread safety: Find, FindOrAdd and size from any thread. At from any thread for a slot that
// somebody holds a reference to. RemoveIdle under the commit lock.
class SeriesTable {
 public:
  static constexpr uint32_t kNoSlot = UINT32_MAX;

  SeriesTable();
  ~SeriesTable();

  MemSeries& At(uint32_t slot) {
    return (*pages_[slot / kPageSlots].load(std::memory_order_acquire))[slot % kPageSlots];
  }
  const MemSeries& At(uint32_t slot) const {
    return (*pages_[slot / kPageSlots].load(std::memory_order_acquire))[slot % kPageSlots];
  }
  void Prefetch(uint32_t slot) const {
    const char* const p = reinterpret_cast<const char*>(&At(slot));
    __builtin_prefetch(p, 1);
    __builtin_prefetch(p + 64, 1);
  }

  // The references of the series with these fingerprints, empty for unknown ones. Notes the found
  // ones as used at `now_s`.
  void Find(std::span<const Fingerprint> fingerprints, uint32_t now_s,
            std::span<SeriesRef> refs) const;

  struct Found {
    uint32_t slot = kNoSlot;  // kNoSlot: the limit was reached.
    SeriesRef ref;
    bool added = false;
  };
  // `limit`: series at most; 0 = as many as slots. on_add(slot) is called with the lock held,
  // before anybody can find the series.
  template <typename Fn>
  Found FindOrAdd(const Fingerprint& fingerprint, uint32_t now_s, uint64_t limit, Fn on_add);

  // Forgets those of the series that nobody has asked for since `used_before_s` (slots that are
  // free already are passed over). on_remove(removed slots, in the order given) is called with the
  // lock held, before the slots may be used again.
  void RemoveIdle(std::span<const uint32_t> slots, uint32_t used_before_s,
                  absl::FunctionRef<void(const std::vector<uint32_t>& removed)> on_remove);

  // Every live slot is below. A slot below may be free: it has no chunks then.
  uint32_t slot_end() const;
  size_t size() const;
  uint64_t added() const;  // Since the start.
  size_t bytes() const;
  // Of one series in pages and table, about.
  static constexpr size_t kSeriesBytes = sizeof(MemSeries) + 16;

  SeriesRef RefOf(uint32_t slot) const {
    return SeriesRef{uint64_t{At(slot).generation} << 32 | slot};
  }
  static uint32_t SlotOf(SeriesRef ref) { return static_cast<uint32_t>(ref.id); }
  static uint32_t GenerationOf(SeriesRef ref) { return static_cast<uint32_t>(ref.id >> 32); }

 private:
  static constexpr uint32_t kPageSlots = 1024;
  static constexpr uint32_t kMaxPages = 1 << 16;
  using Page = std::array<MemSeries, kPageSlots>;

  // An entry of the open-addressing table: a slot and 32 other bits of its fingerprint.
  struct Entry {
    uint32_t slot = kNoSlot;
    uint32_t tag = 0;
  };

  size_t HomeOf(const Fingerprint& fp) const EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return fp.lo & (entries_.size() - 1);
  }
  static uint32_t TagOf(const Fingerprint& fp) { return static_cast<uint32_t>(fp.hi); }
  uint32_t FindLocked(const Fingerprint& fp) const EXCLUSIVE_LOCKS_REQUIRED(mu_);
  uint32_t TakeSlot() EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Insert(uint32_t slot) EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Erase(uint32_t slot) EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Resize(size_t entries) EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::optional<uint32_t> AddLocked(const Fingerprint& fp, uint64_t limit)
      EXCLUSIVE_LOCKS_REQUIRED(mu_);

  mutable Mutex mu_;
  std::unique_ptr<std::atomic<Page*>[]> pages_;  // Never shrinks; a page never moves.
  std::vector<Entry> entries_ GUARDED_BY(mu_);   // A power of two; at most three quarters full.
  std::vector<uint32_t> free_slots_ GUARDED_BY(mu_);
  std::vector<bool> alive_ GUARDED_BY(mu_);  // By slot.
  size_t size_ GUARDED_BY(mu_) = 0;
  uint64_t added_ GUARDED_BY(mu_) = 0;
};

template <typename Fn>
SeriesTable::Found SeriesTable::FindOrAdd(const Fingerprint& fingerprint, uint32_t now_s,
                                          uint64_t limit, Fn on_add) {
  MutexLock lock(&mu_);
  Found found{FindLocked(fingerprint), SeriesRef(), false};
  if (found.slot == kNoSlot) {
    const std::optional<uint32_t> slot = AddLocked(fingerprint, limit);
    if (!slot) return found;
    found = Found{*slot, SeriesRef(), true};
    on_add(*slot);
    Insert(*slot);
  }
  At(found.slot).used_s.store(now_s, std::memory_order_relaxed);
  found.ref = RefOf(found.slot);
  return found;
}

}  // namespace hearth

#endif  // HEARTH_TSDB_HEAD_SERIES_TABLE_H_
