// tsdb/wal/segment_damage.h
//
// What could not be read of a log's segments, and what it can have held as far as its readable
// neighbours tell: gathered by whoever reads a log, reported by the head
// (tsdb/head/damage_report.h).
//
//   watch.BeginSegment(number);
//   while (scanner.Next(&frame)) {
//     watch.Read(scanner);                   // Notes what was skipped before this frame.
//     ... watch.Neighbour(times of the frame's samples);
//   }
//   watch.EndSegment(scanner, series);
//
// Thread safety: none.
#ifndef HEARTH_TSDB_WAL_SEGMENT_DAMAGE_H_
#define HEARTH_TSDB_WAL_SEGMENT_DAMAGE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "model/sample.h"
#include "tsdb/lsn.h"
#include "tsdb/wal/frame.h"

namespace hearth {

struct SegmentDamage {
  static constexpr size_t kMaxPlaces = 8;

  uint32_t segment = 0;
  std::vector<SkippedBytes> places;  // The first kMaxPlaces, in order of offset.
  uint64_t place_count = 0;
  uint64_t bytes = 0;  // In all places.
  // The times of what is lost lie in here, going by what was readable on both sides, and by samples
  // whose labels are lost. Nothing when nothing was readable.
  std::optional<TimeRange> times;
  bool ends_open = false;  // Nothing readable came after: what is lost may be later than `times`.
  uint64_t series = 0;     // At most so many have lost samples; 0 = not known.

  // Nothing but a torn tail: the ordinary trace of a crash.
  bool only_torn() const { return place_count == 1 && places[0].at_end && !lost_labels; }
  bool lost_labels = false;  // Readable samples are lost too, because their series' labels are.

  void Widen(TimeRange with);
};

class DamageWatch {
 public:
  void BeginSegment(uint32_t number) { segment_ = number; }
  // To be called after each frame.
  void Read(const FrameScanner& scanner) {
    if (scanner.skipped().size() != noted_) [[unlikely]]
      NoteSkipped(scanner);
  }
  // A frame whose checksum fits and whose record does not make sense.
  void Malformed(uint64_t offset, uint64_t bytes);
  // The times of the samples in a readable frame.
  void Neighbour(TimeRange times) {
    if (waiting_) [[unlikely]]
      NoteAfter(times);
    before_ = times;
  }
  // Readable samples that are lost because the labels of their series are.
  void LostLabels(TimeRange times);
  // `series`: in the segment, as far as known.
  void EndSegment(const FrameScanner& scanner, uint64_t series);

  // The damage of the segment in hand; null when there is none so far.
  SegmentDamage* current();
  // In order of segments. Complete when the last segment has ended.
  const std::vector<SegmentDamage>& damage() const { return damage_; }

 private:
  SegmentDamage& Current();
  void NoteSkipped(const FrameScanner& scanner);
  void NotePlace(const SkippedBytes& place);
  void NoteAfter(TimeRange times);

  uint32_t segment_ = 0;
  size_t noted_ = 0;  // Of the scanner's skipped places.
  std::optional<TimeRange> before_;
  bool waiting_ = false;  // The last entries of damage_ that end open wait for a neighbour.
  std::vector<SegmentDamage> damage_;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_WAL_SEGMENT_DAMAGE_H_
