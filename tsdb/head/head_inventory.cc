// The WAL's inventory: a record that names the other segments which are needed. It is the first of
// a segment, and is written again before segments are deleted, so that a replay can tell a segment
// that was lost from one that was let go.
#include <algorithm>

#include "tsdb/head/head_impl.h"

namespace hearth {

std::string Head::Impl::EncodeInventory(const std::vector<uint32_t>& but,
                                        std::vector<uint32_t>* named) const {
  std::string payload;
  for (const WalSegmentNote& note : wal_coverage.Notes(wal->segment(), options.window_ms)) {
    if (std::find(but.begin(), but.end(), note.segment) != but.end()) continue;
    EncodeSegmentNote(note, &payload);
    named->push_back(note.segment);
  }
  return payload;
}

void Head::Impl::BeginWithInventory(std::vector<WalRecord>* records) {
  inventory.clear();
  inventory_payload = EncodeInventory({}, &inventory);
  if (!inventory.empty()) {
    records->insert(records->begin(), {WalRecordType::kSegments, inventory_payload});
  }
}

void Head::Impl::NoteDeletion(const std::vector<uint32_t>& segments) {
  const bool named = std::any_of(segments.begin(), segments.end(), [&](uint32_t segment) {
    return std::find(inventory.begin(), inventory.end(), segment) != inventory.end();
  });
  if (!named) return;
  std::vector<uint32_t> left;
  inventory_payload = EncodeInventory(segments, &left);
  const WalRecord record{WalRecordType::kSegments, inventory_payload};
  const absl::StatusOr<Lsn> lsn = wal->Append({&record, 1});
  if (!lsn.ok() || !wal->WaitDurable(*lsn).ok()) return;
  inventory = std::move(left);
  inventory_segment = wal->segment();
  wal_coverage.NoteSegment(wal->segment(), wal->segment_size());
}

}  // namespace hearth
