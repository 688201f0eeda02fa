#include "tsdb/store/bundle.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "model/text.h"
#include "tsdb/chunk/varint.h"

namespace hearth {

namespace {

using store_format::kAllIntegers;
using store_format::kBundleVersion;
using store_format::kHasStaleMarkers;

constexpr double kExactIntegerMax = 9007199254740992.0;  // 2^53
// encoding, flags, start, span, samples, gap, bytes: one byte each at least.
constexpr size_t kSegmentHeaderBytesMin = 7;
// No encoding spends less than one bit a sample on the whole, but a constant one may: this bounds
// what a reader reserves.
constexpr uint64_t kSamplesPerByteMax = 1 << 16;

bool IsExactInteger(double v) {
  return std::abs(v) < kExactIntegerMax && std::trunc(v) == v && !SameBits(v, -0.0);
}

absl::Status Damaged(std::string_view what, const WindowId& window, size_t bytes) {
  return absl::DataLossError(StrCat("bundle of ", bytes, " bytes in window ", window.start, "+",
                                    window.length, ": ", what));
}

void EncodeSegment(const WindowId& window, const Segment& segment, std::string* out) {
  const SegmentSummary& summary = segment.summary;
  const bool integers = summary.min.has_value() && summary.max.has_value();
  const ChunkMeta& meta = segment.meta;
  out->push_back(static_cast<char>(meta.encoding));
  out->push_back(static_cast<char>((summary.has_stale_markers ? kHasStaleMarkers : 0) |
                                   (integers ? kAllIntegers : 0)));
  PutVarint(static_cast<uint64_t>(meta.mint - window.start), out);
  PutVarint(static_cast<uint64_t>(meta.maxt - meta.mint), out);
  PutVarint(meta.count, out);
  PutVarint(static_cast<uint64_t>(summary.longest_gap_ms), out);
  if (integers) {
    PutZigzag(*summary.min, out);
    PutZigzag(*summary.max, out);
  }
  PutVarint(segment.payload.size(), out);
  out->append(segment.payload);
}

// Reads one segment; the reader's ok() and the summary's plausibility are the caller's to check.
Segment DecodeSegment(const WindowId& window, VarintReader* reader, bool* plausible) {
  Segment segment;
  SegmentSummary& summary = segment.summary;
  segment.meta.encoding = static_cast<ChunkEncoding>(reader->Byte());
  const uint8_t flags = reader->Byte();
  summary.has_stale_markers = (flags & kHasStaleMarkers) != 0;
  const uint64_t start = reader->Varint();
  const uint64_t span = reader->Varint();
  const uint64_t samples = reader->Varint();
  const uint64_t gap = reader->Varint();
  if ((flags & kAllIntegers) != 0) {
    summary.min = reader->Zigzag();
    summary.max = reader->Zigzag();
  }
  segment.payload = reader->Bytes(reader->Varint());
  const uint64_t length = window.width();
  *plausible = start < length && span < length - start && gap <= span && samples > 0 &&
               samples - 1 <= span && samples <= std::numeric_limits<uint32_t>::max() &&
               samples / kSamplesPerByteMax <= segment.payload.size();
  if (*plausible) {
    segment.meta.mint = window.start + static_cast<TimeMs>(start);
    segment.meta.maxt = segment.meta.mint + static_cast<TimeMs>(span);
    segment.meta.count = static_cast<uint32_t>(samples);
    summary.longest_gap_ms = static_cast<TimeMs>(gap);
  }
  return segment;
}

}  // namespace

SegmentSummary Summarize(const std::vector<TimeMs>& t, const std::vector<double>& v) {
  SegmentSummary summary;
  for (size_t i = 1; i < t.size(); ++i) {
    summary.longest_gap_ms = std::max(summary.longest_gap_ms, t[i] - t[i - 1]);
  }
  bool integers = true;
  std::optional<double> min, max;
  for (const double value : v) {
    if (IsStaleNaN(value)) {
      summary.has_stale_markers = true;
    } else if (!IsExactInteger(value)) {
      integers = false;
    } else {
      min = min ? std::min(*min, value) : value;
      max = max ? std::max(*max, value) : value;
    }
  }
  if (integers && min) {
    summary.min = static_cast<int64_t>(*min);
    summary.max = static_cast<int64_t>(*max);
  }
  return summary;
}

void EncodeBundle(const WindowId& window, const std::vector<Segment>& segments, std::string* out) {
  out->push_back(static_cast<char>(kBundleVersion));
  PutVarint(segments.size(), out);
  for (const Segment& segment : segments) EncodeSegment(window, segment, out);
}

absl::Status DecodeBundle(const WindowId& window, std::string_view bundle,
                          std::vector<Segment>* segments) {
  segments->clear();
  VarintReader reader(bundle);
  const uint8_t version = reader.Byte();
  if (version != kBundleVersion) {
    return Damaged(StrCat("unknown version ", static_cast<int>(version)), window, bundle.size());
  }
  const uint64_t count = reader.Varint();
  if (!reader.ok() || count > bundle.size() / kSegmentHeaderBytesMin) {
    return Damaged(StrCat("claims ", count, " segments"), window, bundle.size());
  }
  segments->reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    bool plausible = false;
    const Segment segment = DecodeSegment(window, &reader, &plausible);
    if (!reader.ok()) return Damaged(StrCat("ends inside segment ", i), window, bundle.size());
    if (!plausible || (i > 0 && segment.meta.mint <= segments->back().meta.maxt)) {
      return Damaged(StrCat("segment ", i, " has impossible times or counts"), window,
                     bundle.size());
    }
    segments->push_back(segment);
  }
  if (!reader.rest().empty()) {
    return Damaged(StrCat(reader.rest().size(), " bytes follow the last segment"), window,
                   bundle.size());
  }
  return absl::OkStatus();
}

}  // namespace hearth
