#include "tsdb/store/bundle.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "model/text.h"
#include "tsdb/chunk/int_column.h"
#include "tsdb/chunk/varint.h"

namespace hearth {

namespace {

using store_format::kAllIntegers;
using store_format::kBundleVersion;
using store_format::kConstant;
using store_format::kFirstBundleVersion;
using store_format::kHasStaleMarkers;
using store_format::kTimesInline;
using store_format::kTimesShared;

constexpr double kExactIntegerMax = 9007199254740992.0;  // 2^53
// encoding, flags, start, span, samples, bytes: one byte each at least.
constexpr size_t kSegmentHeaderBytesMin = 6;
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

uint8_t FlagsOf(const Segment& segment) {
  const SegmentSummary& summary = segment.summary;
  return static_cast<uint8_t>((summary.has_stale_markers ? kHasStaleMarkers : 0) |
                              (summary.all_integers ? kAllIntegers : 0) |
                              (summary.constant ? kConstant : 0) |
                              (segment.times_place == TimesPlace::kInline ? kTimesInline : 0) |
                              (segment.times_place == TimesPlace::kShared ? kTimesShared : 0));
}

// 0 where that is no schedule.
uint64_t StepOf(uint64_t span, uint64_t samples) {
  return samples > 1 && span % (samples - 1) == 0 ? span / (samples - 1) : 0;
}

void EncodeSegment(const WindowId& window, const Segment& segment, std::string* out) {
  const ChunkMeta& meta = segment.meta;
  out->push_back(static_cast<char>(meta.encoding));
  out->push_back(static_cast<char>(FlagsOf(segment)));
  PutVarint(static_cast<uint64_t>(meta.mint - window.start), out);
  PutVarint(static_cast<uint64_t>(meta.maxt - meta.mint), out);
  PutVarint(meta.count, out);
  if (segment.times_place != TimesPlace::kSchedule) {
    PutVarint(static_cast<uint64_t>(segment.summary.longest_gap_ms), out);
  }
  if (segment.times_place == TimesPlace::kShared) PutVarint(segment.times_column, out);
  if (segment.times_place == TimesPlace::kInline) {
    PutVarint(segment.times.size(), out);
    out->append(segment.times);
  }
  PutVarint(segment.payload.size(), out);
  out->append(segment.payload);
}

TimesPlace PlaceOf(ChunkEncoding encoding, uint8_t flags) {
  if (encoding != ChunkEncoding::kColumns) return TimesPlace::kPayload;
  if ((flags & kTimesShared) != 0) return TimesPlace::kShared;
  return (flags & kTimesInline) != 0 ? TimesPlace::kInline : TimesPlace::kSchedule;
}

// What stands between the number of samples and the payload. Returns the longest gap.
uint64_t DecodeTimesPlace(uint8_t version, uint8_t flags, uint64_t span, uint64_t samples,
                          VarintReader* reader, Segment* segment) {
  segment->times_place = version == kFirstBundleVersion ? TimesPlace::kPayload
                                                        : PlaceOf(segment->meta.encoding, flags);
  if (segment->times_place == TimesPlace::kSchedule) return StepOf(span, samples);
  const uint64_t gap = reader->Varint();
  if (version == kFirstBundleVersion && (flags & kAllIntegers) != 0) {
    reader->Zigzag();  // The least value
    reader->Zigzag();  // and the largest.
  }
  if (segment->times_place == TimesPlace::kShared) {
    segment->times_column = static_cast<uint32_t>(reader->Varint());
  }
  if (segment->times_place == TimesPlace::kInline) {
    segment->times = reader->Bytes(reader->Varint());
  }
  return gap;
}

// Reads one segment; the reader's ok() and the summary's plausibility are the caller's to check.
Segment DecodeSegment(const WindowId& window, uint8_t version, VarintReader* reader,
                      bool* plausible) {
  Segment segment;
  SegmentSummary& summary = segment.summary;
  segment.meta.encoding = static_cast<ChunkEncoding>(reader->Byte());
  const uint8_t flags = reader->Byte();
  summary.has_stale_markers = (flags & kHasStaleMarkers) != 0;
  summary.all_integers = (flags & kAllIntegers) != 0;
  summary.constant = version != kFirstBundleVersion && (flags & kConstant) != 0;
  const uint64_t start = reader->Varint();
  const uint64_t span = reader->Varint();
  const uint64_t samples = reader->Varint();
  const uint64_t gap = DecodeTimesPlace(version, flags, span, samples, reader, &segment);
  segment.payload = reader->Bytes(reader->Varint());
  const bool columns = segment.meta.encoding == ChunkEncoding::kColumns;
  const uint64_t length = window.width();
  *plausible = start < length && span < length - start && gap <= span && samples > 0 &&
               samples - 1 <= span && samples <= std::numeric_limits<uint32_t>::max() &&
               samples / kSamplesPerByteMax <= segment.payload.size() &&
               (!columns || (samples <= kColumnSamplesMax && version != kFirstBundleVersion));
  if (*plausible) {
    segment.meta.mint = window.start + static_cast<TimeMs>(start);
    segment.meta.maxt = segment.meta.mint + static_cast<TimeMs>(span);
    segment.meta.count = static_cast<uint32_t>(samples);
    summary.longest_gap_ms = static_cast<TimeMs>(gap);
  }
  return segment;
}

}  // namespace

SegmentSummary Summarize(std::span<const TimeMs> t, std::span<const double> v) {
  SegmentSummary summary;
  for (size_t i = 1; i < t.size(); ++i) {
    summary.longest_gap_ms = std::max(summary.longest_gap_ms, t[i] - t[i - 1]);
  }
  summary.constant = true;
  bool integers = true, any = false;
  for (const double value : v) {
    summary.constant &= SameBits(value, v[0]);
    if (IsStaleNaN(value)) {
      summary.has_stale_markers = true;
    } else {
      any = true;
      integers = integers && IsExactInteger(value);
    }
  }
  summary.all_integers = integers && any;
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
  if (version != kBundleVersion && version != kFirstBundleVersion) {
    return Damaged(StrCat("unknown version ", static_cast<int>(version)), window, bundle.size());
  }
  const uint64_t count = reader.Varint();
  if (!reader.ok() || count > bundle.size() / kSegmentHeaderBytesMin) {
    return Damaged(StrCat("claims ", count, " segments"), window, bundle.size());
  }
  segments->reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    bool plausible = false;
    const Segment segment = DecodeSegment(window, version, &reader, &plausible);
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
