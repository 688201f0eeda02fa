#include "tsdb/fault_switch.h"

#include <algorithm>
#include <utility>

namespace hearth {

namespace {
size_t Index(FaultSite site) { return static_cast<size_t>(site); }
size_t Index(Fault fault) { return static_cast<size_t>(fault); }
absl::Status NoSpace() { return absl::ResourceExhaustedError("injected: no space left on device"); }
}  // namespace

void FaultSwitch::SetSpaceLeft(std::optional<uint64_t> bytes) {
  MutexLock lock(&mu_);
  space_left_ = bytes;
}
void FaultSwitch::Set(Fault fault, bool on) {
  MutexLock lock(&mu_);
  on_[Index(fault)] = on;
}
void FaultSwitch::FlipNextReads(uint64_t n) {
  MutexLock lock(&mu_);
  flips_left_ = n;
}
void FaultSwitch::OnlyIn(std::string part) {
  MutexLock lock(&mu_);
  only_in_ = std::move(part);
}
uint64_t FaultSwitch::fired(FaultSite site, Fault fault) const {
  MutexLock lock(&mu_);
  return fired_[Index(site)][Index(fault)];
}
uint64_t FaultSwitch::syncs() const {
  MutexLock lock(&mu_);
  return syncs_;
}

bool FaultSwitch::Meets(FaultSite site, std::string_view path, Fault fault) {
  if (!on_[Index(fault)] || path.find(only_in_) == std::string_view::npos) return false;
  ++fired_[Index(site)][Index(fault)];
  return true;
}

absl::Status FaultSwitch::AdmitWrite(FaultSite site, std::string_view path, size_t n,
                                     size_t* allowed) {
  MutexLock lock(&mu_);
  *allowed = 0;
  if (Meets(site, path, Fault::kWriteError)) return absl::DataLossError("injected: I/O error");
  *allowed = n / 2;
  if (Meets(site, path, Fault::kShortWrite)) return absl::DataLossError("injected: short write");
  *allowed = n;
  if (!space_left_ || path.find(only_in_) == std::string_view::npos) return absl::OkStatus();
  *allowed = static_cast<size_t>(std::min<uint64_t>(n, *space_left_));
  *space_left_ -= *allowed;
  if (*allowed == n) return absl::OkStatus();
  ++fired_[Index(site)][Index(Fault::kNoSpace)];
  return NoSpace();
}

absl::Status FaultSwitch::AdmitSync(FaultSite site, std::string_view path, bool* lie) {
  MutexLock lock(&mu_);
  ++syncs_;
  *lie = Meets(site, path, Fault::kSyncLie);
  return Meets(site, path, Fault::kSyncError) ? absl::DataLossError("injected: sync failed")
                                              : absl::OkStatus();
}

absl::Status FaultSwitch::AdmitTruncate(FaultSite site, std::string_view path) {
  MutexLock lock(&mu_);
  return Meets(site, path, Fault::kTruncateError)
             ? absl::DataLossError("injected: truncation failed")
             : absl::OkStatus();
}

absl::Status FaultSwitch::AdmitCreate(FaultSite site, std::string_view path) {
  MutexLock lock(&mu_);
  if (Meets(site, path, Fault::kCreateError)) return NoSpace();
  if (space_left_ != 0 || path.find(only_in_) == std::string_view::npos) return absl::OkStatus();
  ++fired_[Index(site)][Index(Fault::kNoSpace)];
  return NoSpace();
}

void FaultSwitch::SpoilRead(FaultSite site, std::string_view path, char* data, size_t n) {
  MutexLock lock(&mu_);
  if (n == 0) return;
  const bool chosen = flips_left_ > 0 && path.find(only_in_) != std::string_view::npos;
  if (chosen) {
    --flips_left_;
    ++fired_[Index(site)][Index(Fault::kBitFlip)];
  }
  if (chosen || Meets(site, path, Fault::kBitFlip)) data[n / 2] ^= 0x10;
}

void FaultSwitch::Freed(uint64_t bytes) {
  MutexLock lock(&mu_);
  if (space_left_) *space_left_ += bytes;
}

void FaultSwitch::CountDropped(FaultSite site) {
  MutexLock lock(&mu_);
  ++fired_[Index(site)][Index(Fault::kUnsyncedDropped)];
}

}  // namespace hearth
