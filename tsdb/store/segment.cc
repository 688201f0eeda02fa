#include "tsdb/store/segment.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "model/status.h"
#include "model/text.h"
#include "tsdb/chunk/time_column.h"
#include "tsdb/chunk/value_column.h"
#include "tsdb/chunk/varint.h"
#include "tsdb/chunk/xor_chunk.h"

namespace hearth {

namespace {

// A query decodes whole segments: a few hours of a usual scrape interval.
constexpr size_t kSegmentSamples = 1024;
static_assert(kSegmentSamples <= kColumnSamplesMax && kSegmentSamples <= kXorMaxSamples);
// Where a segment is cut when it is full, if it can be: series that were not scraped together from
// the first sample on share their times from there on.
constexpr TimeMs kCutMs = TimeMs{4} * 60 * 60 * 1000;
// Fewer times are not worth a column of their own.
constexpr size_t kSharedTimesMin = 8;
// What a writer holds of shared columns.
constexpr uint64_t kSharedBytesMax = uint64_t{4} << 20;
// When so many columns have been found again fewer times than there are, nothing is shared.
constexpr size_t kColumnsOnTrial = 256;

// How many of the first samples make a segment.
size_t SegmentSize(std::span<const TimeMs> t) {
  if (t.size() <= kSegmentSamples) return t.size();
  const TimeMs cut = WindowStart(t[kSegmentSamples], kCutMs);
  const auto at = std::lower_bound(t.begin(), t.begin() + kSegmentSamples, cut) - t.begin();
  return at == 0 ? kSegmentSamples : static_cast<size_t>(at);
}

// Of times, by their bytes.
Fingerprint HashOf(std::span<const TimeMs> t) {
  return FingerprintOf({reinterpret_cast<const char*>(t.data()), t.size_bytes()});
}

bool SameBytes(std::span<const double> a, std::span<const double> b) {
  return std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

absl::Status Damaged(const Segment& segment, std::string_view what) {
  return absl::DataLossError(StrCat("segment of ", segment.meta.count, " samples from ",
                                    segment.meta.mint, " to ", segment.meta.maxt, ": ", what));
}

}  // namespace

std::optional<uint32_t> SharedTimes::Find(std::span<const TimeMs> t) {
  if (std::equal(t.begin(), t.end(), last_.begin(), last_.end())) {
    ++hits_;
    return last_column_;
  }
  const Fingerprint hash = HashOf(t);
  const auto known = by_hash_.find(hash);
  uint32_t column = static_cast<uint32_t>(columns_.size());
  if (known != by_hash_.end()) {
    column = known->second;
    ++hits_;
  } else {
    const bool shared = columns_.size() < kColumnsOnTrial || hits_ >= columns_.size();
    if (!shared || bytes_ > kSharedBytesMax) return std::nullopt;
    columns_.push_back({t.front(), t.back(), static_cast<uint32_t>(t.size()), {}});
    EncodeTimes(t, &columns_.back().bytes);
    bytes_ += columns_.back().bytes.size();
    by_hash_.emplace(hash, column);
  }
  last_.assign(t.begin(), t.end());
  last_column_ = column;
  return column;
}

std::string SharedTimes::Encode(const WindowId& window, uint32_t column) const {
  const Column& times = columns_[column];
  std::string bytes;
  PutVarint(static_cast<uint64_t>(times.mint - window.start), &bytes);
  PutVarint(static_cast<uint64_t>(times.maxt - times.mint), &bytes);
  PutVarint(times.count, &bytes);
  bytes += times.bytes;
  return bytes;
}

absl::Status DecodeSharedTimes(const WindowId& window, std::string_view bytes,
                               std::vector<TimeMs>* t) {
  VarintReader reader(bytes);
  const uint64_t start = reader.Varint();
  const uint64_t span = reader.Varint();
  const uint64_t count = reader.Varint();
  const uint64_t length = window.width();
  if (!reader.ok() || start >= length || span >= length - start || count < 2 ||
      count > kColumnSamplesMax) {
    return absl::DataLossError(StrCat("shared times of ", bytes.size(), " bytes are malformed"));
  }
  t->resize(count);
  const TimeMs mint = window.start + static_cast<TimeMs>(start);
  return DecodeTimes(reader.rest(), mint, mint + static_cast<TimeMs>(span), *t);
}

const std::vector<Segment>& SegmentEncoder::Encode(std::span<const TimeMs> t,
                                                   std::span<const double> v) {
  bytes_.clear();
  segments_.clear();
  while (!t.empty()) {
    const size_t n = SegmentSize(t);
    Add(t.first(n), v.first(n));
    t = t.subspan(n);
    v = v.subspan(n);
  }
  return segments_;
}

void SegmentEncoder::Add(std::span<const TimeMs> t, std::span<const double> v) {
  Segment segment;
  segment.meta = {t.front(), t.back(), static_cast<uint32_t>(t.size()), ChunkEncoding::kColumns};
  segment.summary = Summarize(t, v);
  std::string& values = bytes_.emplace_back();
  EncodeValues(v, &values);
  check_.resize(v.size());
  // Before it is sealed: what will be read is what was given.
  const bool sound = DecodeValues(values, check_).ok() && SameBytes(v, check_);
  // Only what no column packs well can be smaller as an XOR chunk: its times are in it.
  if (!sound || values.size() >= t.size() * 4) {
    std::string chunk;
    const ChunkMeta meta = EncodeXorChunk(t, v, &chunk);
    if (!sound || chunk.size() < values.size()) {
      values = std::move(chunk);
      segment.meta = meta;
      segment.payload = values;
      segments_.push_back(segment);
      return;
    }
  }
  segment.payload = values;
  segment.times_place = TimesPlace::kSchedule;
  if (!OnSchedule(t)) {
    const std::optional<uint32_t> column =
        t.size() < kSharedTimesMin ? std::nullopt : times_->Find(t);
    segment.times_place = column ? TimesPlace::kShared : TimesPlace::kInline;
    segment.times_column = column.value_or(0);
    if (!column) {
      std::string& times = bytes_.emplace_back();
      EncodeTimes(t, &times);
      segment.times = times;
    }
  }
  segments_.push_back(segment);
}

namespace {

absl::Status ReadTimes(const Segment& segment, SharedTimesOf shared, std::span<TimeMs> t) {
  const ChunkMeta& meta = segment.meta;
  switch (segment.times_place) {
    case TimesPlace::kSchedule:
      return FillSchedule(meta.mint, meta.maxt, t)
                 ? absl::OkStatus()
                 : Damaged(segment, "no schedule has these times");
    case TimesPlace::kInline:
      return DecodeTimes(segment.times, meta.mint, meta.maxt, t);
    case TimesPlace::kShared: {
      HEARTH_ASSIGN_OR_RETURN(const std::span<const TimeMs> column, shared(segment.times_column));
      if (column.size() != t.size() || column.front() != meta.mint || column.back() != meta.maxt) {
        return Damaged(segment, StrCat("column ", segment.times_column, " has other times"));
      }
      std::copy(column.begin(), column.end(), t.begin());
      return absl::OkStatus();
    }
    case TimesPlace::kPayload:
      break;
  }
  return Damaged(segment, "a column of values without times");
}

// Keeps what lies in `range` of the entries from `first` on.
void Narrow(TimeRange range, size_t first, SampleColumns* columns) {
  auto& t = columns->t;
  const auto begin = t.begin() + static_cast<std::ptrdiff_t>(first);
  const auto end = std::upper_bound(begin, t.end(), range.maxt);
  columns->v.resize(static_cast<size_t>(end - t.begin()));
  t.erase(end, t.end());
  const std::ptrdiff_t before = std::lower_bound(begin, t.end(), range.mint) - begin;
  t.erase(begin, begin + before);
  const auto values = columns->v.begin() + static_cast<std::ptrdiff_t>(first);
  columns->v.erase(values, values + before);
}

}  // namespace

absl::Status DecodeSegment(const Segment& segment, TimeRange range, SharedTimesOf shared,
                           SampleColumns* append_to, SampleParts parts) {
  const ChunkMeta& meta = segment.meta;
  if (meta.encoding != ChunkEncoding::kColumns) {
    return DecodeChunk(meta, segment.payload, range, append_to);
  }
  if (range.empty() || !range.Overlaps(meta.range())) return absl::OkStatus();
  if (meta.count == 0 || meta.count > kColumnSamplesMax)
    return Damaged(segment, "too many samples");
  const size_t first = append_to->t.size();
  append_to->t.resize(first + meta.count);
  append_to->v.resize(first + meta.count);
  absl::Status status = ReadTimes(segment, shared, std::span(append_to->t).subspan(first));
  const bool values = parts == SampleParts::kAll || segment.summary.has_stale_markers;
  if (!values)
    std::fill(append_to->v.begin() + static_cast<std::ptrdiff_t>(first), append_to->v.end(), 0);
  if (status.ok() && values)
    status = DecodeValues(segment.payload, std::span(append_to->v).subspan(first));
  if (!status.ok()) {
    append_to->t.resize(first);
    append_to->v.resize(first);
    return status;
  }
  if (meta.mint < range.mint || meta.maxt > range.maxt) Narrow(range, first, append_to);
  return absl::OkStatus();
}

}  // namespace hearth
