#include "query/exec/query_context.h"

#include "model/text.h"

namespace hearth::promql {

absl::Status QueryLimits::Check(const char* activity) const {
  if (cancelled != nullptr && cancelled->load(std::memory_order_relaxed)) {
    return absl::CancelledError(StrCat("query was canceled in ", activity));
  }
  if (clock->NowMs() >= deadline) {
    return absl::DeadlineExceededError(StrCat("query timed out in ", activity));
  }
  return absl::OkStatus();
}

namespace {
absl::Status TooMany() {
  return absl::ResourceExhaustedError(
      "query processing would load too many samples into memory in query execution");
}
}  // namespace

void SampleAccount::RaisePeak(int64_t n) {
  int64_t peak = peak_.load(std::memory_order_relaxed);
  while (n > peak && !peak_.compare_exchange_weak(peak, n, std::memory_order_relaxed)) {
  }
}

absl::Status SampleAccount::Hold(int64_t n) {
  const int64_t held = held_.fetch_add(n, std::memory_order_relaxed) + n;
  RaisePeak(held);
  return held > max_ ? TooMany() : absl::OkStatus();
}

absl::Status SampleAccount::Pass(int64_t n) {
  const int64_t held = phase_base_.load(std::memory_order_relaxed) + n;
  RaisePeak(held);
  return held > max_ ? TooMany() : absl::OkStatus();
}

int64_t SampleAccount::BeginPhase() {
  phase_base_.store(held_.load());
  return phase_base_.load();
}

absl::Status SampleAccount::EndPhase(int64_t held, int64_t kept) {
  absl::Status status = Hold(kept);
  held_.store(held + kept);
  phase_base_.store(held + kept);
  return status;
}

}  // namespace hearth::promql
