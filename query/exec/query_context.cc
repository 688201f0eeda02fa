#include "query/exec/query_context.h"

#include "model/text.h"

namespace hearth::promql {

absl::Status QueryLimits::Check(const char* activity) const {
  if (cancelled && cancelled()) {
    return absl::CancelledError(StrCat("query was canceled in ", activity));
  }
  if (clock->NowMs() >= deadline) {
    return absl::DeadlineExceededError(StrCat("query timed out in ", activity));
  }
  return absl::OkStatus();
}

}  // namespace hearth::promql
