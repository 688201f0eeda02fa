#include "tsdb/store/series_coverage.h"

#include <algorithm>

#include "model/status.h"
#include "model/text.h"
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

absl::StatusOr<bool> SeriesCoverageDecoder::Next() {
  if (reader_.rest().empty()) return false;
  const uint64_t step = reader_.Varint();
  lsn_ += static_cast<uint64_t>(reader_.Zigzag());
  // Unsigned sums: `step` is checked before it is added, so the id cannot pass the end unseen.
  if (!reader_.ok() || (step == 0 && !first_) || step >= series_ - id_) {
    return absl::DataLossError(StrCat("covered series: ", bytes_, " bytes are malformed"));
  }
  first_ = false;
  id_ += step;
  return true;
}

absl::Status DecodeSeriesCoverage(TimeMs window_start, std::string_view value, uint64_t series,
                                  std::vector<CoveredSeries>* out) {
  SeriesCoverageDecoder decoder(value, series);
  for (;;) {
    HEARTH_ASSIGN_OR_RETURN(const bool more, decoder.Next());
    if (!more) return absl::OkStatus();
    out->push_back({window_start, decoder.id(), decoder.lsn()});
  }
}

}  // namespace hearth
