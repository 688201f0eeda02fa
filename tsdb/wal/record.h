// tsdb/wal/record.h
//
// What WAL frames carry. A record names a series by a WalRef: a number that a series record of the
// same segment binds to a label set, dense from 0 in each segment and never bound twice there. So a
// lost series record costs that segment's samples of the series and can never give them to another.
// Bytes: docs/format/wal.md.
//
// Encoders append a payload to a string; decoders take payloads that may be damaged and answer
// kDataLoss.
//
// Thread safety: pure functions; SamplesEncoder and SamplesDecoder are values.
#ifndef HEARTH_TSDB_WAL_RECORD_H_
#define HEARTH_TSDB_WAL_RECORD_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "model/histogram.h"
#include "model/metadata.h"
#include "model/sample.h"
#include "tsdb/lsn.h"
#include "tsdb/wal/coding.h"

namespace hearth {

// Persisted: values must not be renumbered. A reader skips and counts types it does not know.
enum class WalRecordType : uint8_t {
  kSeries = 1,
  kSamples = 2,
  kHistograms = 3,
  kStartTimestamps = 4,
  kExemplars = 5,
  kMetadata = 6,
  // 7 is not given out again: it stood for deletes, which are in a file of their own.
  kLateSamples = 8,  // As kSamples; of samples that were older than their series' last one.
  kSegments = 9,     // Which other segments are needed; stands for all such records before it.
};

using WalRef = uint32_t;

struct WalSeries {
  WalRef ref = 0;
  std::string_view labels;  // Canonical bytes, not verified.
};

struct WalSample {
  WalRef ref = 0;
  TimeMs t = 0;
  double v = 0;
};

struct WalHistogram {
  WalRef ref = 0;
  TimeMs t = 0;
  Histogram histogram;
};

// The counter behind sample (ref, t) began at start_t.
struct WalStartTimestamp {
  WalRef ref = 0;
  TimeMs t = 0;
  TimeMs start_t = 0;
};

struct WalExemplar {
  WalRef ref = 0;
  Exemplar exemplar;
};

struct WalMetadata {
  std::string metric_family;
  Metadata metadata;
};

// A segment of the WAL as a later one knows it, so that it can be missed.
struct WalSegmentNote {
  uint32_t segment = 0;
  uint32_t series = 0;  // At most so many have samples in it.
  Lsn last_lsn = 0;     // Of its samples.
  TimeRange times;      // Of its samples, to the precision of a window.
};

void EncodeSeries(WalRef ref, std::string_view labels, std::string* payload);
void EncodeHistogram(const WalHistogram& histogram, std::string* payload);
void EncodeStartTimestamp(const WalStartTimestamp& start, std::string* payload);
void EncodeExemplar(const WalExemplar& exemplar, std::string* payload);
void EncodeMetadata(const WalMetadata& metadata, std::string* payload);

void EncodeSegmentNote(const WalSegmentNote& note, std::string* payload);

// Decoders replace *out. Views point into the payload.
absl::Status DecodeSeries(std::string_view payload, std::vector<WalSeries>* out);
absl::Status DecodeSamples(std::string_view payload, std::vector<WalSample>* out);
absl::Status DecodeHistograms(std::string_view payload, std::vector<WalHistogram>* out);
absl::Status DecodeStartTimestamps(std::string_view payload, std::vector<WalStartTimestamp>* out);
absl::Status DecodeExemplars(std::string_view payload, std::vector<WalExemplar>* out);
absl::Status DecodeMetadata(std::string_view payload, std::vector<WalMetadata>* out);
absl::Status DecodeSegments(std::string_view payload, std::vector<WalSegmentNote>* out);

// Encodes one samples record, in the order of the calls to Add. Typically 4 to 6 bytes a sample: a
// control byte, what differs from the sample before, and the value's bytes without its trailing
// zero bytes.
class SamplesEncoder {
 public:
  // Bits of the control byte.
  static constexpr uint8_t kValueBytesMask = 0x0f;  // 0..8
  static constexpr uint8_t kHasRef = 0x10;          // Else the ref before, plus one.
  static constexpr uint8_t kHasTime = 0x20;         // Else the time before.

  // Clears, keeping the memory.
  void Reset() {
    size_ = 0;
    last_ = WalSample{UINT32_MAX, 0, 0};
  }
  void Add(WalRef ref, TimeMs t, double v);
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  std::string_view payload() const { return std::string_view(buffer_).substr(0, size_); }

 private:
  static constexpr size_t kMaxSampleBytes = 1 + 2 * kMaxVarintBytes + 8;

  std::string buffer_;  // Grown ahead; size_ bytes are used.
  size_t size_ = 0;
  WalSample last_{UINT32_MAX, 0,
                  0};  // The first sample's ref is 0 and its time 0 unless it says otherwise.
};

// Reads a samples record, one sample a call. What was read before a malformed place is right as far
// as it goes; DecodeSamples gives all or nothing.
class SamplesDecoder {
 public:
  explicit SamplesDecoder(std::string_view payload)
      : p_(payload.data()), end_(p_ + payload.size()) {}

  // False at the end of the record, and at a place that is malformed.
  bool Next(WalSample* sample) {
    if (end_ - p_ < static_cast<std::ptrdiff_t>(kMaxSampleBytes)) [[unlikely]]
      return NextNearEnd(sample);
    const char* const after = Read(p_);
    if (after == nullptr) return Fail();
    p_ = after;
    *sample = last_;
    return true;
  }
  bool malformed() const { return malformed_; }
  size_t left() const { return static_cast<size_t>(end_ - p_); }

 private:
  static constexpr size_t kMaxSampleBytes = 1 + 2 * kMaxVarintBytes + 8;

  // Null when the varint does not end.
  static const char* ReadVarint(const char* p, uint64_t* v) {
    *v = static_cast<uint8_t>(*p) & 0x7f;
    for (int shift = 7; (*p++ & 0x80) != 0; shift += 7) {
      if (shift >= 64) return nullptr;
      *v |= static_cast<uint64_t>(*p & 0x7f) << shift;
    }
    return p;
  }
  // Reads the sample at `p`, which has kMaxSampleBytes, into last_; the byte after it, or null.
  const char* Read(const char* p);
  bool NextNearEnd(WalSample* sample);
  bool Fail() {
    malformed_ = true;
    return false;
  }

  const char* p_;
  const char* const end_;
  WalSample last_{UINT32_MAX, 0, 0};
  bool malformed_ = false;
};

inline const char* SamplesDecoder::Read(const char* p) {
  const auto control = static_cast<uint8_t>(*p++);
  const unsigned kept = control & SamplesEncoder::kValueBytesMask;
  if ((control & 0xc0) != 0 || kept > 8) [[unlikely]]
    return nullptr;
  uint64_t raw;
  if ((control & SamplesEncoder::kHasRef) != 0) {
    if ((p = ReadVarint(p, &raw)) == nullptr) return nullptr;
    last_.ref += static_cast<WalRef>(UnZigZag(raw));
  } else {
    ++last_.ref;
  }
  if ((control & SamplesEncoder::kHasTime) != 0) {
    if ((p = ReadVarint(p, &raw)) == nullptr) return nullptr;
    last_.t =
        static_cast<TimeMs>(static_cast<uint64_t>(last_.t) + static_cast<uint64_t>(UnZigZag(raw)));
  }
  const uint64_t word = __builtin_bswap64(LoadFixed<uint64_t>(p));
  last_.v = std::bit_cast<double>(kept == 0 ? 0 : word & (~uint64_t{0} << (64 - 8 * kept)));
  return p + kept;
}

inline void SamplesEncoder::Add(WalRef ref, TimeMs t, double v) {
  if (buffer_.size() - size_ < kMaxSampleBytes) [[unlikely]] {
    buffer_.resize(buffer_.size() * 2 + 4096);
  }
  char* const start = buffer_.data() + size_;
  char* p = start + 1;
  uint8_t control = 0;
  if (ref != last_.ref + 1) {
    control |= kHasRef;
    p = WriteVarint(ZigZag(static_cast<int64_t>(ref) - static_cast<int64_t>(last_.ref)), p);
  }
  if (t != last_.t) {
    control |= kHasTime;
    // Unsigned: distant times may overflow; the reader wraps back.
    p = WriteVarint(
        ZigZag(static_cast<int64_t>(static_cast<uint64_t>(t) - static_cast<uint64_t>(last_.t))), p);
  }
  const uint64_t bits = std::bit_cast<uint64_t>(v);
  // Big-endian, so that the trailing zero bytes are the ones left out.
  const unsigned kept = bits == 0 ? 0 : 8 - static_cast<unsigned>(std::countr_zero(bits)) / 8;
  const uint64_t big_endian = __builtin_bswap64(bits);
  std::memcpy(p, &big_endian, sizeof(big_endian));
  p += kept;
  *start = static_cast<char>(control | kept);
  size_ += static_cast<size_t>(p - start);
  last_.ref = ref;
  last_.t = t;
}

}  // namespace hearth

#endif  // HEARTH_TSDB_WAL_RECORD_H_
