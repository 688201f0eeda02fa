#include "model/byte_account.h"

#include "model/status.h"
#include "model/text.h"

namespace hearth {

absl::Status ByteAccount::Charge(int64_t bytes) {
  const int64_t held = held_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  absl::Status status;
  if (held > max_.load(std::memory_order_relaxed)) {
    status = Refusal();
    refusals_.fetch_add(1, std::memory_order_relaxed);
  } else if (parent_ != nullptr && held > reserved_.load(std::memory_order_relaxed)) {
    status = Reserve(held);
  }
  if (!status.ok()) {
    Release(bytes);
    return status;
  }
  int64_t peak = peak_.load(std::memory_order_relaxed);
  while (held > peak && !peak_.compare_exchange_weak(peak, held, std::memory_order_relaxed)) {
  }
  return absl::OkStatus();
}

absl::Status ByteAccount::Refusal() const {
  const int64_t max = max_.load(std::memory_order_relaxed);
  if (bound_ == Bound::kWhatIsLeft) {
    return absl::AbortedError(
        StrCat("more memory is needed than the ", max, " bytes that ", limit_name_, " leaves"));
  }
  return absl::ResourceExhaustedError(
      StrCat("more memory is needed than ", limit_name_, "=", max, " bytes allows"));
}

void ByteAccount::GiveBack() {
  MutexLock lock(&mu_);
  const int64_t surplus =
      (reserved_.load(std::memory_order_relaxed) - held()) / kReserveBytes * kReserveBytes -
      kReserveBytes;
  if (surplus <= 0) return;  // Another thread was faster.
  reserved_.fetch_sub(surplus, std::memory_order_relaxed);
  parent_->Release(surplus);
}

absl::Status ByteAccount::Reserve(int64_t bytes) {
  MutexLock lock(&mu_);
  const int64_t missing = bytes - reserved_.load(std::memory_order_relaxed);
  if (missing <= 0) return absl::OkStatus();
  const int64_t more = (missing + kReserveBytes - 1) / kReserveBytes * kReserveBytes;
  HEARTH_RETURN_IF_ERROR(parent_->Charge(more));
  reserved_.fetch_add(more, std::memory_order_relaxed);
  return absl::OkStatus();
}

}  // namespace hearth
