// tsdb/store/segment.h
//
// A bundle's segments and the samples in them: cutting and encoding a series' samples, decoding a
// segment. Each segment takes the smaller of a column of values, with times that it may share with
// others of its generation, and an XOR chunk.
//
// Thread safety: DecodeSegment is a pure function; the rest belongs to one writer.
#ifndef HEARTH_TSDB_STORE_SEGMENT_H_
#define HEARTH_TSDB_STORE_SEGMENT_H_

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/labels.h"
#include "model/sample.h"
#include "tsdb/storage.h"
#include "tsdb/store/bundle.h"

namespace hearth {

// Columns of times that a generation's segments share: what was scraped together has the same
// times.
class SharedTimes {
 public:
  // The number of the column, which is added when it is new; nothing when there are too many, or
  // when those that are there have hardly been shared: then the segment keeps its own.
  std::optional<uint32_t> Find(std::span<const TimeMs> t);

  size_t size() const { return columns_.size(); }
  // What is written of a column: docs/format/store_keys.md.
  std::string Encode(const WindowId& window, uint32_t column) const;

 private:
  struct Column {
    TimeMs mint, maxt;
    uint32_t count;
    std::string bytes;
  };
  absl::flat_hash_map<Fingerprint, uint32_t> by_hash_;
  std::deque<Column> columns_;
  uint64_t bytes_ = 0;
  uint64_t hits_ = 0;         // Times asked for that were there.
  std::vector<TimeMs> last_;  // The times asked for last, most likely to be asked for again.
  uint32_t last_column_ = 0;
};

// Replaces *t by the column's times. kDataLoss when malformed or outside the window.
absl::Status DecodeSharedTimes(const WindowId& window, std::string_view bytes,
                               std::vector<TimeMs>* t);

// Makes the segments of one series after the other.
class SegmentEncoder {
 public:
  explicit SegmentEncoder(SharedTimes* times) : times_(times) {}

  // The segments of samples in ascending time order; not empty, t.size() == v.size(). They point
  // into this object, until the next call.
  const std::vector<Segment>& Encode(std::span<const TimeMs> t, std::span<const double> v);

 private:
  void Add(std::span<const TimeMs> t, std::span<const double> v);

  SharedTimes* const times_;
  std::deque<std::string> bytes_;  // What the segments point to.
  std::vector<Segment> segments_;
  std::vector<double> check_;
};

// What of a segment's samples is wanted.
enum class SampleParts : uint8_t {
  kAll,
  kTimes,  // Of the values the stale markers alone: those of a segment that has none are zeros.
};

// Appends the samples of a segment with t in `range` (inclusive) to *append_to, in ascending order.
// `shared` gives the times of a column, valid until the next call. kDataLoss when the bytes are
// malformed or contradict the segment; *append_to is as before then.
using SharedTimesOf = absl::FunctionRef<absl::StatusOr<std::span<const TimeMs>>(uint32_t column)>;
absl::Status DecodeSegment(const Segment& segment, TimeRange range, SharedTimesOf shared,
                           SampleColumns* append_to, SampleParts parts = SampleParts::kAll);

}  // namespace hearth

#endif  // HEARTH_TSDB_STORE_SEGMENT_H_
