#include "query/exec/read_ahead.h"

#include "model/status.h"

namespace hearth::promql {

absl::Status ReadAhead::Find(size_t i, bool* found, size_t* place) {
  *found = false;
  while (next_ < order_.size() && order_[next_] != i) ++next_;
  if (next_ >= order_.size()) return absl::OkStatus();
  const size_t at = next_++;
  if (batch_ == nullptr || at >= batch_begin_ + batch_->size()) {
    batch_.reset();  // Before the next one takes memory.
    HEARTH_ASSIGN_OR_RETURN(batch_, set_->Fetch(std::span(order_).subspan(at)));
    batch_begin_ = at;
    if (batch_ == nullptr) {
      order_.clear();
      return absl::OkStatus();
    }
  }
  *found = true;
  *place = at - batch_begin_;
  return absl::OkStatus();
}

absl::Status ReadAhead::Read(size_t i, TimeRange range, Parts parts, SampleColumns* columns) {
  bool found = false;
  size_t place = 0;
  HEARTH_RETURN_IF_ERROR(Find(i, &found, &place));
  if (parts == Parts::kTimes) {
    return found ? batch_->ReadTimes(place, range, columns) : set_->ReadTimes(i, range, columns);
  }
  return found ? batch_->Read(place, range, columns) : set_->Read(i, range, columns);
}

}  // namespace hearth::promql
