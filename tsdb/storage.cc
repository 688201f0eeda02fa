#include "tsdb/storage.h"

#include "model/status.h"

namespace hearth {

std::string_view AppendOutcomeText(AppendOutcome outcome) {
  switch (outcome) {
    case AppendOutcome::kAppended:
      return "appended";
    case AppendOutcome::kDuplicate:
      return "duplicate sample";
    case AppendOutcome::kOutOfOrder:
      return "out of order sample";
    case AppendOutcome::kDuplicateTimestamp:
      return "duplicate sample for timestamp";
    case AppendOutcome::kTooOld:
      return "too old sample";
    case AppendOutcome::kTooFarInFuture:
      return "out of bounds";
    case AppendOutcome::kSeriesGone:
      return "unknown series reference";
    case AppendOutcome::kUnsupported:
      return "unsupported sample type";
  }
  return "unknown outcome";
}

void SampleColumns::Append(const SampleColumns& more) {
  t.insert(t.end(), more.t.begin(), more.t.end());
  v.insert(v.end(), more.v.begin(), more.v.end());
  histogram_t.insert(histogram_t.end(), more.histogram_t.begin(), more.histogram_t.end());
  histograms.insert(histograms.end(), more.histograms.begin(), more.histograms.end());
}

absl::Status SeriesSet::Append(size_t i, TimeRange range, SampleColumns* columns) const {
  SampleColumns more;
  HEARTH_RETURN_IF_ERROR(Read(i, range, &more));
  columns->Append(more);
  return absl::OkStatus();
}

}  // namespace hearth
