#include "tsdb/wal/segment_damage.h"

#include <algorithm>

namespace hearth {

void SegmentDamage::Widen(TimeRange with) {
  if (!times) times = with;
  times->mint = std::min(times->mint, with.mint);
  times->maxt = std::max(times->maxt, with.maxt);
}

SegmentDamage* DamageWatch::current() {
  return damage_.empty() || damage_.back().segment != segment_ ? nullptr : &damage_.back();
}

SegmentDamage& DamageWatch::Current() {
  if (current() == nullptr) {
    damage_.emplace_back();
    damage_.back().segment = segment_;
  }
  return damage_.back();
}

void DamageWatch::NotePlace(const SkippedBytes& place) {
  SegmentDamage& damage = Current();
  ++damage.place_count;
  damage.bytes += place.bytes;
  if (damage.places.size() < SegmentDamage::kMaxPlaces) damage.places.push_back(place);
  if (before_) damage.Widen(*before_);
  damage.ends_open = true;
  waiting_ = true;
}

void DamageWatch::NoteSkipped(const FrameScanner& scanner) {
  for (; noted_ < scanner.skipped().size(); ++noted_) NotePlace(scanner.skipped()[noted_]);
}

void DamageWatch::Malformed(uint64_t offset, uint64_t bytes) {
  NotePlace({offset, bytes, /*at_end=*/false});
}

void DamageWatch::NoteAfter(TimeRange times) {
  for (auto it = damage_.rbegin(); it != damage_.rend() && it->ends_open; ++it) {
    it->Widen(times);
    it->ends_open = false;
  }
  waiting_ = false;
}

void DamageWatch::LostLabels(TimeRange times) {
  SegmentDamage& damage = Current();
  damage.lost_labels = true;
  damage.Widen(times);
}

void DamageWatch::EndSegment(const FrameScanner& scanner, uint64_t series) {
  NoteSkipped(scanner);
  noted_ = 0;
  SegmentDamage* const damage = current();
  if (damage == nullptr) return;
  // A sample takes a byte at least.
  damage->series = damage->lost_labels ? series : std::min(series, damage->bytes);
}

}  // namespace hearth
