#include "tsdb/storage.h"

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

}  // namespace hearth
