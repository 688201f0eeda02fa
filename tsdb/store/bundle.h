// tsdb/store/bundle.h
//
// A bundle is the samples of one series in one (window, generation): the value of a bundle key. It
// is a list of segments in ascending time order; each names its encoding, so a bundle may mix them,
// and carries a summary that lets a reader skip it.
//
//   bundle  := version:u8  count:varint  segment*
//   segment := encoding:u8  flags:u8  start:varint  span:varint  samples:varint
//              [gap:varint]  [times]  bytes:varint  payload
//   times   := column:varint | bytes:varint  column
//
// `start` counts from the window's start and `span` from the segment's first sample, both in ms. A
// payload is a chunk with its times in it, or a column of values (tsdb/chunk/value_column.h) whose
// times are a schedule, stand in front of it, or are shared with other segments.
// docs/format/store_keys.md has the table and an example.
//
// Thread safety: pure functions.
#ifndef HEARTH_TSDB_STORE_BUNDLE_H_
#define HEARTH_TSDB_STORE_BUNDLE_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/sample.h"
#include "tsdb/chunk/encoding.h"
#include "tsdb/store/store_keys.h"

namespace hearth {

namespace store_format {

inline constexpr uint8_t kBundleVersion = 2;
// Those of the first format of the store: every segment has a gap, and the least and the largest
// value where all are integers; all payloads are chunks.
inline constexpr uint8_t kFirstBundleVersion = 1;

// Flags of a segment. Must not be renumbered. A reader ignores bits it does not know.
inline constexpr uint8_t kHasStaleMarkers = 1 << 0;
// Every value but the stale markers is a whole number of magnitude below 2^53, and there is one.
inline constexpr uint8_t kAllIntegers = 1 << 1;
inline constexpr uint8_t kConstant = 1 << 2;  // All values have the same bits.
// Where the times are; both bits 0: in the payload, or, of a column of values, on a schedule.
inline constexpr uint8_t kTimesInline = 1 << 3;
inline constexpr uint8_t kTimesShared = 1 << 4;

}  // namespace store_format

// What is known of a segment's samples, besides its ChunkMeta, without decoding them.
struct SegmentSummary {
  TimeMs longest_gap_ms = 0;  // Between neighbours; 0 for a single sample.
  bool has_stale_markers = false;
  bool all_integers = false;  // But the stale markers; there is at least one.
  bool constant = false;      // All values have the same bits.
  friend bool operator==(const SegmentSummary&, const SegmentSummary&) = default;
};

enum class TimesPlace : uint8_t {
  kPayload,   // In the chunk that the payload is.
  kSchedule,  // Equally distant from the first to the last.
  kInline,    // A column of the segment's own (tsdb/chunk/time_column.h).
  kShared,    // A column of the generation.
};

struct Segment {
  ChunkMeta meta;  // meta.encoding may be one that this version does not know.
  SegmentSummary summary;
  TimesPlace times_place = TimesPlace::kPayload;
  uint32_t times_column = 0;  // With kShared.
  std::string_view times;     // With kInline.
  std::string_view payload;
};

// Computes the summary of samples in ascending time order. t.size() == v.size() > 0.
SegmentSummary Summarize(std::span<const TimeMs> t, std::span<const double> v);

// Appends the bundle of `segments`, which are in ascending order and lie inside `window`.
void EncodeBundle(const WindowId& window, const std::vector<Segment>& segments, std::string* out);

// Replaces *segments by those of the bundle; the payloads point into `bundle`. Errors (kDataLoss):
// malformed bytes, a segment outside the window, a count that its payload cannot hold. Never
// allocates more than the bundle's size allows.
absl::Status DecodeBundle(const WindowId& window, std::string_view bundle,
                          std::vector<Segment>* segments);

}  // namespace hearth

#endif  // HEARTH_TSDB_STORE_BUNDLE_H_
