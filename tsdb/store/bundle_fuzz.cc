// A bundle as it comes from a block whose checksum happens to fit.
#include <cstdlib>

#include "tools/fuzz/fuzz.h"
#include "tsdb/store/bundle.h"
#include "tsdb/store/catalogue.h"
#include "tsdb/store/segment.h"

namespace hearth {
namespace {
const WindowId kWindow{3'600'000, 3'600'000};

// Whatever its bytes and the shared times say: samples that ascend, or none.
void TryDecode(const Segment& segment) {
  std::vector<TimeMs> column(segment.meta.count % 4096 + 1);
  for (size_t i = 0; i < column.size(); ++i) column[i] = segment.meta.mint + static_cast<TimeMs>(i);
  column.back() = segment.meta.maxt;
  const auto shared = [&](uint32_t) { return std::span<const TimeMs>(column); };
  SampleColumns columns;
  const absl::Status status = DecodeSegment(segment, TimeRange(), shared, &columns);
  if (columns.t.size() != columns.v.size()) std::abort();
  if (status.ok() != !columns.t.empty()) std::abort();
}

}  // namespace

std::vector<std::string> fuzz::Corpus() {
  Segment first{.meta = {3'600'000, 3'700'000, 10}, .payload = "first payload"};
  first.summary = {.longest_gap_ms = 20'000, .has_stale_markers = true, .all_integers = true};
  Segment second{.meta = {3'700'001, 7'199'999, 200}, .payload = "second"};
  second.summary.longest_gap_ms = 1'000'000;
  std::string bundle;
  EncodeBundle(kWindow, {first, second}, &bundle);
  // As a writer makes them: on a schedule, with times of its own, and too wild for a column.
  std::vector<TimeMs> steady, wild;
  std::vector<double> counter, noise;
  for (int i = 0; i < 20; ++i) {
    steady.push_back(kWindow.start + i * 15'000);
    wild.push_back(kWindow.start + i * 15'000 + i * i % 7);
    counter.push_back(i * 10);
    noise.push_back(1.0 / (i + 3));
  }
  SharedTimes times;
  SegmentEncoder encoder(&times);
  std::string scheduled, shared, own;
  EncodeBundle(kWindow, encoder.Encode(steady, counter), &scheduled);
  EncodeBundle(kWindow, encoder.Encode(wild, noise), &shared);
  EncodeBundle(kWindow, encoder.Encode(std::span(wild).first(5), std::span(noise).first(5)), &own);
  GenerationInfo info;
  info.id = {kWindow, 1};
  info.lsn = 1234567;
  info.series = info.chunks = info.samples = 100;
  info.range = {3'600'000, 7'199'999};
  return {bundle, scheduled, shared, own, times.Encode(kWindow, 0), EncodeCatalogueEntry(info)};
}

}  // namespace hearth

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::vector<hearth::Segment> segments;
  if (hearth::DecodeBundle(hearth::kWindow, bytes, &segments).ok()) {
    size_t payload_bytes = 0;
    for (const hearth::Segment& segment : segments) {
      payload_bytes += segment.payload.size();
      if (segment.payload.size() > 0 &&
          (segment.payload.data() < bytes.data() ||
           segment.payload.data() + segment.payload.size() > bytes.data() + bytes.size())) {
        std::abort();
      }
      hearth::TryDecode(segment);
      if (!hearth::kWindow.range().Contains(segment.meta.mint) ||
          !hearth::kWindow.range().Contains(segment.meta.maxt)) {
        std::abort();
      }
    }
    if (payload_bytes > size) std::abort();
  }
  std::vector<hearth::TimeMs> times;
  if (hearth::DecodeSharedTimes(hearth::kWindow, bytes, &times).ok() &&
      !hearth::kWindow.range().Contains(times.back())) {
    std::abort();
  }
  const auto info = hearth::DecodeCatalogueEntry({hearth::kWindow, 1}, bytes);
  if (info.ok() && !hearth::kWindow.range().Contains(info->range.mint)) std::abort();
  return 0;
}
