#include "tsdb/space_reserve.h"

#include <algorithm>
#include <memory>

namespace hearth {

namespace {
constexpr size_t kPieceBytes = 64 << 10;
}  // namespace

void SpaceReserve::Release() const { fs_->Remove(path_).IgnoreError(); }

void SpaceReserve::Refill() const {
  if (const auto old = fs_->OpenRead(path_); old.ok()) {
    if ((*old)->Size().value_or(0) >= kReserveBytes) return;
  }
  Release();
  const absl::StatusOr<std::unique_ptr<File>> file = fs_->Create(path_);
  if (!file.ok()) return;
  // Not zeros, which some file systems do not store.
  const std::string piece(kPieceBytes, 'r');
  for (uint64_t at = 0; at < kReserveBytes; at += kPieceBytes) {
    // A full disk: what there is has to do.
    if (!(*file)->WriteAt(at, piece).ok()) return;
  }
}

}  // namespace hearth
