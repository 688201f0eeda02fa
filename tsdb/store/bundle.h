// tsdb/store/bundle.h
//
// A bundle is the samples of one series in one (window, generation): the value of a bundle key. It is a list of segments in
// ascending time order; each names its encoding, so a bundle may mix them, and carries a summary that lets a reader skip it.
//
//   bundle  := version:u8  count:varint  segment*
//   segment := encoding:u8  flags:u8  start:varint  span:varint  samples:varint  gap:varint  [min:zigzag max:zigzag]
//              bytes:varint  payload
//
// `start` counts from the window's start and `span` from the segment's first sample, both in ms. docs/format/store_keys.md has the
// table and an example.
//
// Thread safety: pure functions.
#ifndef HEARTH_TSDB_STORE_BUNDLE_H_
#define HEARTH_TSDB_STORE_BUNDLE_H_

#include <cstdint>
#include <optional>
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

inline constexpr uint8_t kBundleVersion = 1;

// Flags of a segment. Must not be renumbered. A reader ignores bits it does not know.
inline constexpr uint8_t kHasStaleMarkers = 1 << 0;
// Every value but the stale markers is a whole number of magnitude below 2^53; min and max follow.
inline constexpr uint8_t kAllIntegers = 1 << 1;

}  // namespace store_format

// What is known of a segment's samples, besides its ChunkMeta, without decoding them.
struct SegmentSummary {
  TimeMs longest_gap_ms = 0;  // Between neighbours; 0 for a single sample.
  bool has_stale_markers = false;
  // Set when all values but stale markers are integers and there is at least one.
  std::optional<int64_t> min, max;
  friend bool operator==(const SegmentSummary&, const SegmentSummary&) = default;
};

struct Segment {
  ChunkMeta meta;  // meta.encoding may be one that this version does not know.
  SegmentSummary summary;
  std::string_view payload;
};

// Computes the summary of samples in ascending time order. t.size() == v.size() > 0.
SegmentSummary Summarize(const std::vector<TimeMs>& t, const std::vector<double>& v);

// Appends the bundle of `segments`, which are in ascending order and lie inside `window`.
void EncodeBundle(const WindowId& window, const std::vector<Segment>& segments, std::string* out);

// Replaces *segments by those of the bundle; the payloads point into `bundle`. Errors (kDataLoss): malformed bytes, a segment outside
// the window, a count that its payload cannot hold. Never allocates more than the bundle's size allows.
absl::Status DecodeBundle(const WindowId& window, std::string_view bundle, std::vector<Segment>* segments);

}  // namespace hearth

#endif  // HEARTH_TSDB_STORE_BUNDLE_H_
