// model/byte_account.h
//
// Bounds the memory of a piece of work, such as a query: what grows with data is charged before it
// is allocated and released when it goes. An account may stand below another one, which bounds
// several of them together.
//
//   ByteAccount account("--query.max-bytes", 1 << 30, &all_queries);
//   ByteCharge charge(&account);
//   HEARTH_RETURN_IF_ERROR(charge.Add(n * sizeof(double)));   // … allocate; ~ByteCharge releases.
//
// The bound may be what something else leaves over, and change: then a refusal is kAborted, because
// the same piece of work may fit a moment later.
//
// Thread safety: a ByteAccount may be used from any thread; a ByteCharge belongs to one at a time.
// Lifetime: an account outlives its charges and the accounts below it.
#ifndef HEARTH_MODEL_BYTE_ACCOUNT_H_
#define HEARTH_MODEL_BYTE_ACCOUNT_H_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "model/mutex.h"

namespace hearth {

class ByteAccount {
 public:
  enum class Bound { kFixed, kWhatIsLeft };

  // `limit_name` is the flag that errors mention; `max_bytes` <= 0 means no limit of its own.
  ByteAccount(std::string_view limit_name, int64_t max_bytes, ByteAccount* parent = nullptr,
              Bound bound = Bound::kFixed)
      : limit_name_(limit_name),
        bound_(bound),
        max_(max_bytes > 0 ? max_bytes : INT64_MAX),
        parent_(parent) {}
  ~ByteAccount() {
    if (parent_ != nullptr) parent_->Release(reserved_);
  }
  ByteAccount(const ByteAccount&) = delete;
  ByteAccount& operator=(const ByteAccount&) = delete;

  // kResourceExhausted (kAborted for Bound::kWhatIsLeft) when the account, or one above it, would
  // hold more than its limit; nothing is charged then. bytes >= 0.
  absl::Status Charge(int64_t bytes);
  void Release(int64_t bytes) {
    const int64_t held = held_.fetch_sub(bytes, std::memory_order_relaxed) - bytes;
    if (reserved_.load(std::memory_order_relaxed) - held >= kSurplusBytes) GiveBack();
  }
  // Changes the limit for later charges; `max_bytes` > 0.
  void SetMax(int64_t max_bytes) { max_.store(max_bytes, std::memory_order_relaxed); }

  // Charges that this account refused.
  uint64_t refusals() const { return refusals_.load(std::memory_order_relaxed); }
  int64_t held() const { return held_.load(std::memory_order_relaxed); }
  int64_t peak() const { return peak_.load(std::memory_order_relaxed); }

 private:
  // The parent is asked in steps of so many bytes, and gets them back when several are too many.
  static constexpr int64_t kReserveBytes = int64_t{1} << 20;
  static constexpr int64_t kSurplusBytes = 4 * kReserveBytes;

  absl::Status Reserve(int64_t bytes) LOCKS_EXCLUDED(mu_);
  void GiveBack() LOCKS_EXCLUDED(mu_);
  absl::Status Refusal() const;

  const std::string limit_name_;
  const Bound bound_;
  std::atomic<int64_t> max_;
  std::atomic<uint64_t> refusals_{0};
  ByteAccount* const parent_;  // Null: there is none.
  std::atomic<int64_t> held_{0}, peak_{0};
  std::atomic<int64_t> reserved_{0};  // Of the parent; changes under mu_.
  Mutex mu_;
};

// What one owner of memory has charged.
class ByteCharge {
 public:
  // Without an account everything is free.
  explicit ByteCharge(ByteAccount* account = nullptr) : account_(account) {}
  ~ByteCharge() { Release(); }
  ByteCharge(ByteCharge&& other) noexcept
      : account_(other.account_),
        used_(std::exchange(other.used_, 0)),
        charged_(std::exchange(other.charged_, 0)) {}
  ByteCharge& operator=(ByteCharge&& other) noexcept {
    Release();
    account_ = other.account_;
    used_ = std::exchange(other.used_, 0);
    charged_ = std::exchange(other.charged_, 0);
    return *this;
  }

  // For `bytes` more, in steps of a few KiB, so that small ones cost nothing.
  absl::Status Add(size_t bytes) {
    used_ += static_cast<int64_t>(bytes);
    return used_ <= charged_ || account_ == nullptr ? absl::OkStatus() : Grow();
  }
  void Release() {
    if (charged_ > 0) account_->Release(charged_);
    used_ = charged_ = 0;
  }
  ByteAccount* account() const { return account_; }

 private:
  static constexpr int64_t kStepBytes = 4096;

  absl::Status Grow() {
    const int64_t more = std::max(used_ - charged_, kStepBytes);
    absl::Status status = account_->Charge(more);
    if (status.ok()) charged_ += more;
    return status;
  }

  ByteAccount* account_;  // Null: nothing is charged.
  int64_t used_ = 0, charged_ = 0;
};

}  // namespace hearth

#endif  // HEARTH_MODEL_BYTE_ACCOUNT_H_
