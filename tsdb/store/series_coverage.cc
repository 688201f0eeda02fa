#include "tsdb/store/series_coverage.h"

#include <algorithm>

#include "model/status.h"
#include "model/text.h"
#include "tsdb/chunk/varint.h"
#include "tsdb/store/store_keys.h"

namespace hearth {

namespace {

constexpr uint32_t kSeriesPerBlock = 4096;

}  // namespace

void SeriesCoverageEncoder::Add(const CoveredSeries& series) {
  Window& window = windows_[series.window_start];
  if (window.blocks.empty() || window.in_block == kSeriesPerBlock) {
    window.blocks.emplace_back();
    window.in_block = 0;
    window.last_id = 0;
    window.last_lsn = 0;
  }
  PutVarint(series.id - window.last_id, &window.blocks.back());
  PutZigzag(static_cast<int64_t>(series.lsn - window.last_lsn), &window.blocks.back());
  ++window.in_block;
  window.last_id = series.id;
  window.last_lsn = series.lsn;
  max_lsn_ = std::max(max_lsn_, series.lsn);
}

absl::Status SeriesCoverageEncoder::Write(
    std::string_view prefix,
    absl::FunctionRef<absl::Status(std::string_view, std::string_view)> put) const {
  for (const auto& [start, window] : windows_) {
    for (uint32_t block = 0; block < window.blocks.size(); ++block) {
      HEARTH_RETURN_IF_ERROR(put(CoveredKey(prefix, start, block), window.blocks[block]));
    }
  }
  return absl::OkStatus();
}

absl::Status DecodeSeriesCoverage(TimeMs window_start, std::string_view value, uint64_t series,
                                  std::vector<CoveredSeries>* out) {
  VarintReader reader(value);
  uint64_t id = 0;
  uint64_t lsn = 0;
  for (bool first = true; !reader.rest().empty(); first = false) {
    const uint64_t step = reader.Varint();
    lsn += static_cast<uint64_t>(reader.Zigzag());
    // Unsigned sums: `step` is checked before it is added, so `id` cannot pass the end unseen.
    if (!reader.ok() || (step == 0 && !first) || step >= series - id) {
      return absl::DataLossError(StrCat("covered series: ", value.size(), " bytes are malformed"));
    }
    id += step;
    out->push_back({window_start, static_cast<uint32_t>(id), lsn});
  }
  return absl::OkStatus();
}

}  // namespace hearth
