#include "tsdb/store/coverage_cursor.h"

#include "model/status.h"

namespace hearth {

absl::Status CoverageCursor::Next() {
  for (begun_ = true;;) {
    const absl::StatusOr<bool> more = decoder_.Next();
    HEARTH_RETURN_IF_ERROR(reader_->Checked(more.status()));
    if (*more) return absl::OkStatus();
    HEARTH_ASSIGN_OR_RETURN(const bool found,
                            reader_->ReadCoveredBlock(window_start_, blocks_, block_.get()));
    done_ = !found;
    if (done_) return absl::OkStatus();
    ++blocks_;
    decoder_ = SeriesCoverageDecoder(*block_, reader_->info().series);
  }
}

absl::StatusOr<Lsn> CoverageCursor::LsnOf(uint32_t id) {
  while (!done_ && (!begun_ || decoder_.id() < id)) HEARTH_RETURN_IF_ERROR(Next());
  return done_ || decoder_.id() != id ? 0 : decoder_.lsn();
}

}  // namespace hearth
