// A bundle as it comes from a block whose checksum happens to fit.
#include <cstdlib>

#include "tools/fuzz/fuzz.h"
#include "tsdb/store/bundle.h"
#include "tsdb/store/catalogue.h"

namespace hearth {
namespace {
const WindowId kWindow{3'600'000, 3'600'000};
}  // namespace

std::vector<std::string> fuzz::Corpus() {
  Segment first{.meta = {3'600'000, 3'700'000, 10}, .payload = "first payload"};
  first.summary = {
      .longest_gap_ms = 20'000, .has_stale_markers = true, .min = -5, .max = 1LL << 52};
  Segment second{.meta = {3'700'001, 7'199'999, 200}, .payload = "second"};
  second.summary.longest_gap_ms = 1'000'000;
  std::string bundle;
  EncodeBundle(kWindow, {first, second}, &bundle);
  GenerationInfo info;
  info.id = {kWindow, 1};
  info.lsn = 1234567;
  info.series = info.chunks = info.samples = 100;
  info.range = {3'600'000, 7'199'999};
  return {bundle, EncodeCatalogueEntry(info)};
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
      if (!hearth::kWindow.range().Contains(segment.meta.mint) ||
          !hearth::kWindow.range().Contains(segment.meta.maxt)) {
        std::abort();
      }
    }
    if (payload_bytes > size) std::abort();
  }
  const auto info = hearth::DecodeCatalogueEntry({hearth::kWindow, 1}, bytes);
  if (info.ok() && !hearth::kWindow.range().Contains(info->range.mint)) std::abort();
  return 0;
}
