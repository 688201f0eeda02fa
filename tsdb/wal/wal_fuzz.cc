// A WAL segment: frames, then every decoder of records on what the frames hold.
#include <cstdlib>

#include "model/labels.h"
#include "tools/fuzz/fuzz.h"
#include "tsdb/fake_file.h"
#include "tsdb/wal/frame.h"
#include "tsdb/wal/record.h"

namespace hearth {
namespace {

void DecodeAll(std::string_view payload) {
  std::vector<WalSeries> series;
  std::vector<WalSample> samples;
  std::vector<WalHistogram> histograms;
  std::vector<WalStartTimestamp> starts;
  std::vector<WalExemplar> exemplars;
  std::vector<WalMetadata> metadata;
  std::vector<WalSegmentNote> notes;
  DecodeSeries(payload, &series).IgnoreError();
  DecodeSamples(payload, &samples).IgnoreError();
  DecodeHistograms(payload, &histograms).IgnoreError();
  DecodeStartTimestamps(payload, &starts).IgnoreError();
  DecodeExemplars(payload, &exemplars).IgnoreError();
  DecodeMetadata(payload, &metadata).IgnoreError();
  DecodeSegments(payload, &notes).IgnoreError();
  // Each takes at least a byte of the payload.
  if (series.size() > payload.size() || samples.size() > payload.size()) std::abort();
}

}  // namespace

std::vector<std::string> fuzz::Corpus() {
  std::string segment = SegmentHeader(kWalKind, 1), series;
  for (WalRef ref = 0; ref < 3; ++ref) {
    EncodeSeries(ref, Labels{{"__name__", "up"}, {"i", std::string(1, '0' + ref)}}.bytes(),
                 &series);
  }
  AppendFrame(kWalKind, static_cast<uint8_t>(WalRecordType::kSeries), 1, series, &segment);
  SamplesEncoder samples;
  for (int i = 0; i < 30; ++i) samples.Add(i % 3, 1'700'000'000'000 + i / 3 * 15'000, i * 0.7);
  AppendFrame(kWalKind, static_cast<uint8_t>(WalRecordType::kSamples), 2, samples.payload(),
              &segment);
  // The payloads alone too: a fuzzer does not guess checksums.
  return {segment, series, std::string(samples.payload())};
}

}  // namespace hearth

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  hearth::DecodeAll(bytes);
  const hearth::FakeFile file(bytes);
  auto scanner = hearth::FrameScanner::Open(hearth::kWalKind, &file);
  if (!scanner.ok()) return 0;
  hearth::Frame frame;
  for (;;) {
    const absl::StatusOr<bool> more = scanner->Next(&frame);
    if (!more.ok()) std::abort();
    if (!*more) break;
    if (frame.offset + hearth::kFrameHeaderBytes + frame.payload.size() > size) std::abort();
    hearth::DecodeAll(frame.payload);
  }
  return 0;
}
