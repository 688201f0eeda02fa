#include "tsdb/head/series_table.h"

namespace hearth {
namespace {

constexpr size_t kFirstEntries = 1024;
// The table shrinks when this many entries stand for one series.
constexpr size_t kEntriesMax = 8;
// Lookups of a batch that are under way at once.
constexpr size_t kPrefetchAhead = 12;

}  // namespace

SeriesTable::SeriesTable() : pages_(new std::atomic<Page*>[kMaxPages]()), entries_(kFirstEntries) {}

SeriesTable::~SeriesTable() {
  for (uint32_t i = 0; i < kMaxPages; ++i) delete pages_[i].load(std::memory_order_relaxed);
}

uint32_t SeriesTable::FindLocked(const Fingerprint& fp) const {
  const size_t mask = entries_.size() - 1;
  const uint32_t tag = TagOf(fp);
  for (size_t i = HomeOf(fp); entries_[i].slot != kNoSlot; i = (i + 1) & mask) {
    if (entries_[i].tag == tag && At(entries_[i].slot).fingerprint == fp) return entries_[i].slot;
  }
  return kNoSlot;
}

void SeriesTable::Find(std::span<const Fingerprint> fingerprints, uint32_t now_s,
                       std::span<SeriesRef> refs) const {
  MutexLock lock(&mu_);
  const size_t n = fingerprints.size();
  const size_t mask = entries_.size() - 1;
  // Three waves, each ahead of the next by enough to hide a cache miss: the table's entry, the
  // series, the comparison.
  for (size_t i = 0; i < n + 2 * kPrefetchAhead; ++i) {
    if (i < n) __builtin_prefetch(&entries_[fingerprints[i].lo & mask]);
    if (i >= kPrefetchAhead && i - kPrefetchAhead < n) {
      const Entry& entry = entries_[fingerprints[i - kPrefetchAhead].lo & mask];
      if (entry.slot != kNoSlot) Prefetch(entry.slot);
    }
    if (i < 2 * kPrefetchAhead) continue;
    const size_t at = i - 2 * kPrefetchAhead;
    const uint32_t slot = FindLocked(fingerprints[at]);
    refs[at] = SeriesRef();
    if (slot == kNoSlot) continue;
    refs[at] = RefOf(slot);
    std::atomic<uint32_t>& used_s = const_cast<MemSeries&>(At(slot)).used_s;
    if (used_s.load(std::memory_order_relaxed) != now_s)
      used_s.store(now_s, std::memory_order_relaxed);
  }
}

std::optional<uint32_t> SeriesTable::AddLocked(const Fingerprint& fp, uint64_t limit) {
  if (limit != 0 && size_ >= limit) return std::nullopt;
  const uint32_t slot = TakeSlot();
  if (slot == kNoSlot) return std::nullopt;
  At(slot).fingerprint = fp;
  return slot;
}

uint32_t SeriesTable::TakeSlot() {
  if (!free_slots_.empty()) {
    const uint32_t slot = free_slots_.back();
    free_slots_.pop_back();
    return slot;
  }
  if (alive_.size() >= size_t{kMaxPages} * kPageSlots) return kNoSlot;
  const uint32_t slot = static_cast<uint32_t>(alive_.size());
  if (slot % kPageSlots == 0) pages_[slot / kPageSlots].store(new Page, std::memory_order_release);
  alive_.push_back(false);
  return slot;
}

void SeriesTable::Insert(uint32_t slot) {
  alive_[slot] = true;
  ++size_;
  ++added_;
  if (size_ * 4 > entries_.size() * 3) {
    Resize(entries_.size() * 2);
    return;
  }
  const size_t mask = entries_.size() - 1;
  const Fingerprint& fp = At(slot).fingerprint;
  size_t i = HomeOf(fp);
  while (entries_[i].slot != kNoSlot) i = (i + 1) & mask;
  entries_[i] = Entry{slot, TagOf(fp)};
}

void SeriesTable::Erase(uint32_t slot) {
  const size_t mask = entries_.size() - 1;
  size_t hole = HomeOf(At(slot).fingerprint);
  while (entries_[hole].slot != slot) hole = (hole + 1) & mask;
  // What a probe would not find any more over the hole moves into it.
  for (size_t i = (hole + 1) & mask; entries_[i].slot != kNoSlot; i = (i + 1) & mask) {
    const size_t home = HomeOf(At(entries_[i].slot).fingerprint);
    if (((i - home) & mask) < ((i - hole) & mask)) continue;
    entries_[hole] = entries_[i];
    hole = i;
  }
  entries_[hole] = Entry();
}

void SeriesTable::Resize(size_t entries) {
  entries_ = std::vector<Entry>(entries);
  const size_t mask = entries - 1;
  for (uint32_t slot = 0; slot < alive_.size(); ++slot) {
    if (!alive_[slot]) continue;
    const Fingerprint& fp = At(slot).fingerprint;
    size_t i = HomeOf(fp);
    while (entries_[i].slot != kNoSlot) i = (i + 1) & mask;
    entries_[i] = Entry{slot, TagOf(fp)};
  }
}

void SeriesTable::RemoveIdle(
    std::span<const uint32_t> slots, uint32_t used_before_s,
    absl::FunctionRef<void(const std::vector<uint32_t>& removed)> on_remove) {
  std::vector<uint32_t> removed;
  MutexLock lock(&mu_);
  for (const uint32_t slot : slots) {
    // Whoever finds a series does so under this lock, and notes it.
    if (!alive_[slot] || At(slot).used_s.load(std::memory_order_relaxed) >= used_before_s) continue;
    removed.push_back(slot);
  }
  if (removed.empty()) return;
  on_remove(removed);
  for (const uint32_t slot : removed) {
    Erase(slot);
    MemSeries& series = At(slot);
    ++series.generation;
    series.state = XorState();
    series.wal_segment = 0;
    series.chunk_log_segment = 0;
    series.has_last = false;
    alive_[slot] = false;
    free_slots_.push_back(slot);
  }
  size_ -= removed.size();
  size_t entries = entries_.size();
  while (entries > kFirstEntries && size_ * kEntriesMax < entries) entries /= 2;
  if (entries != entries_.size()) Resize(entries);
}

uint32_t SeriesTable::slot_end() const {
  MutexLock lock(&mu_);
  return static_cast<uint32_t>(alive_.size());
}

size_t SeriesTable::size() const {
  MutexLock lock(&mu_);
  return size_;
}

uint64_t SeriesTable::added() const {
  MutexLock lock(&mu_);
  return added_;
}

size_t SeriesTable::bytes() const {
  MutexLock lock(&mu_);
  const size_t pages = (alive_.size() + kPageSlots - 1) / kPageSlots;
  return pages * sizeof(Page) + entries_.capacity() * sizeof(Entry) +
         free_slots_.capacity() * sizeof(uint32_t);
}

}  // namespace hearth
