// tsdb/head/windows.h
//
// Three small books about windows: which ones a batch of samples touches, how many chunks each has
// in the head, and which WAL segments still hold something that the store does not have.
//
// Thread safety: none; the head's commit lock guards them.
#ifndef HEARTH_TSDB_HEAD_WINDOWS_H_
#define HEARTH_TSDB_HEAD_WINDOWS_H_

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <vector>

#include "tsdb/lsn.h"
#include "tsdb/wal/record.h"
#include "tsdb/window.h"

namespace hearth {

// The windows of a batch of samples. Neighbours mostly share one, so the common case costs two
// comparisons.
class TouchedWindows {
 public:
  explicit TouchedWindows(TimeMs window_ms) : window_ms_(window_ms) {}

  void Clear() {
    starts_.clear();
    current_ = TimeRange{0, -1};
  }
  void Touch(TimeMs t) {
    if (!current_.Contains(t)) [[unlikely]]
      Enter(WindowStart(t, window_ms_));
  }
  const std::vector<TimeMs>& starts() const { return starts_; }

 private:
  void Enter(TimeMs start) {
    current_ = WindowRange(start, window_ms_);
    if (std::find(starts_.begin(), starts_.end(), start) == starts_.end()) starts_.push_back(start);
  }

  TimeMs window_ms_;
  TimeRange current_{0, -1};
  std::vector<TimeMs> starts_;
};

// Chunks, open and closed, by window.
class WindowChunks {
 public:
  void Add(TimeMs start) {
    ++chunks_[start];
    ++total_;
  }
  void Remove(TimeMs start) {
    const auto it = chunks_.find(start);
    if (--it->second == 0) chunks_.erase(it);
    --total_;
  }
  std::vector<TimeMs> Starts() const {
    std::vector<TimeMs> starts;
    for (const auto& [start, count] : chunks_) starts.push_back(start);
    return starts;
  }
  bool Holds(TimeMs start) const { return chunks_.contains(start); }
  uint64_t Count(TimeMs start) const {
    const auto it = chunks_.find(start);
    return it == chunks_.end() ? 0 : it->second;
  }
  uint64_t total() const { return total_; }

 private:
  std::map<TimeMs, uint64_t> chunks_;
  uint64_t total_ = 0;
};

// For each WAL segment the largest LSN by window, and how many open chunks and late buffers have
// their first sample in it. A segment may be deleted when for each of its windows the store has
// everything up to that LSN, or the window has left the retention; or when everything in it and
// before it is in the chunk log for good (NoteChunked).
class WalCoverage {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  void NoteSegment(uint32_t segment, uint64_t bytes) { segments_[segment].bytes = bytes; }
  void NoteSamples(uint32_t segment, const std::vector<TimeMs>& windows, Lsn lsn) {
    Segment& noted = segments_[segment];
    noted.first_lsn = std::min(noted.first_lsn, lsn);
    std::map<TimeMs, Lsn>& held = noted.windows;
    for (const TimeMs start : windows) {
      Lsn& largest = held[start];
      largest = std::max(largest, lsn);
    }
  }
  void NoteSeries(uint32_t segment, uint32_t series) { segments_[segment].series = series; }
  // What a later segment is to know of those below `current` that have samples.
  std::vector<WalSegmentNote> Notes(uint32_t current, TimeMs window_ms) const {
    std::vector<WalSegmentNote> notes;
    for (const auto& [number, segment] : segments_) {
      if (number >= current || segment.windows.empty()) continue;
      WalSegmentNote note{number,
                          segment.series,
                          0,
                          {segment.windows.begin()->first,
                           WindowRange(segment.windows.rbegin()->first, window_ms).maxt}};
      for (const auto& [window, lsn] : segment.windows)
        note.last_lsn = std::max(note.last_lsn, lsn);
      notes.push_back(note);
    }
    return notes;
  }
  void NoteFlushed(TimeMs window, Lsn lsn) {
    Lsn& flushed = flushed_[window];
    flushed = std::max(flushed, lsn);
  }

  void NoteOpened(uint32_t segment) { ++segments_[segment].open; }
  void NoteClosed(uint32_t segment) {
    const auto it = segments_.find(segment);
    if (it != segments_.end() && it->second.open > 0) --it->second.open;
  }
  // The first segment that holds the first sample of an open chunk or of a late buffer.
  uint32_t FirstOpen() const {
    for (const auto& [number, segment] : segments_) {
      if (segment.open > 0) return number;
    }
    return kNone;
  }
  // Everything in segments below `segment` is synced in the chunk log, or in the store.
  void NoteChunked(uint32_t segment) { chunked_below_ = std::max(chunked_below_, segment); }
  // Segments in [from, to), and their bytes.
  struct Size {
    size_t segments = 0;
    uint64_t bytes = 0;
  };
  Size Between(uint32_t from, uint32_t to) const {
    Size size;
    for (auto it = segments_.lower_bound(from); it != segments_.end() && it->first < to; ++it) {
      ++size.segments;
      size.bytes += it->second.bytes;
    }
    return size;
  }

  bool Holds(uint32_t segment, TimeMs window) const {
    const auto it = segments_.find(segment);
    return it != segments_.end() && it->second.windows.contains(window);
  }

  // Segments below `current` that nothing needs. `first_kept`: the start of the oldest window
  // inside the retention.
  std::vector<uint32_t> Deletable(uint32_t current, TimeMs first_kept) const {
    std::vector<uint32_t> numbers;
    for (const auto& [number, segment] : segments_) {
      const bool needed =
          std::any_of(segment.windows.begin(), segment.windows.end(), [&](const auto& held) {
            const auto flushed = flushed_.find(held.first);
            return held.first >= first_kept &&
                   (flushed == flushed_.end() || flushed->second < held.second);
          });
      if (number < current && (!needed || number < chunked_below_)) numbers.push_back(number);
    }
    return numbers;
  }
  void Forget(uint32_t segment) {
    segments_.erase(segment);
    // Coverage of windows that no segment holds is of no use any more.
    std::erase_if(flushed_, [&](const auto& flushed) {
      return std::none_of(segments_.begin(), segments_.end(),
                          [&](const auto& s) { return s.second.windows.contains(flushed.first); });
    });
  }

  // The windows of all segments, ascending.
  std::vector<TimeMs> Windows() const {
    std::set<TimeMs> starts;
    for (const auto& [number, segment] : segments_) {
      for (const auto& [start, lsn] : segment.windows) starts.insert(start);
    }
    return {starts.begin(), starts.end()};
  }
  // The smallest LSN of samples in the segments; the greatest of all without samples.
  Lsn first_lsn() const {
    Lsn first = std::numeric_limits<Lsn>::max();
    for (const auto& [number, segment] : segments_) first = std::min(first, segment.first_lsn);
    return first;
  }

  size_t segments() const { return segments_.size(); }
  uint64_t bytes() const {
    uint64_t total = 0;
    for (const auto& [number, segment] : segments_) total += segment.bytes;
    return total;
  }

 private:
  struct Segment {
    uint64_t bytes = 0;
    uint64_t open = 0;  // Chunks and late buffers.
    uint32_t series = 0;
    Lsn first_lsn = std::numeric_limits<Lsn>::max();
    std::map<TimeMs, Lsn> windows;
  };
  std::map<uint32_t, Segment> segments_;
  uint32_t chunked_below_ = 0;
  std::map<TimeMs, Lsn> flushed_;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_HEAD_WINDOWS_H_
