// tsdb/deletes/delete_mask.h
//
// DeleteMask: which times of which series of one index (a generation) are deleted, asked once for a
// selection of series so that reading them costs nothing when there is nothing to hide.
//
// Thread safety: const after Of.
#ifndef HEARTH_TSDB_DELETES_DELETE_MASK_H_
#define HEARTH_TSDB_DELETES_DELETE_MASK_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "model/sample.h"
#include "tsdb/deletes/delete_list.h"
#include "tsdb/index/postings.h"
#include "tsdb/index/select_postings.h"
#include "tsdb/storage.h"

namespace hearth {

// Ascending, disjoint, not touching.
using TimeRanges = std::vector<TimeRange>;

// Adds a range that is not empty.
void AddRange(TimeRange range, TimeRanges* ranges);
// True when `ranges` leave nothing of `range`.
bool Covers(std::span<const TimeRange> ranges, TimeRange range);
// Removes the samples in the ranges from columns->t[first, end) and the values beside them.
void RemoveRanges(std::span<const TimeRange> ranges, size_t first, SampleColumns* columns);

class DeleteMask {
 public:
  DeleteMask() = default;
  // For the series ids[i] of `source`, ascending. Deletes with an LSN up to `applied` are passed
  // over, as are those outside `range`.
  static absl::StatusOr<DeleteMask> Of(const DeleteList& deletes, Lsn applied, TimeRange range,
                                       const PostingsSource& source, PostingsView ids);

  // True when nothing of the selection is deleted.
  bool empty() const { return list_of_.empty(); }
  // What is deleted of ids[i].
  std::span<const TimeRange> ranges(size_t i) const {
    return empty() ? std::span<const TimeRange>() : lists_[list_of_[i]];
  }

 private:
  void Hide(PostingsView ids, PostingsView hidden, TimeRange range);

  std::vector<uint32_t> list_of_;  // By place in ids: index in lists_. Empty = all are 0.
  std::vector<TimeRanges> lists_;  // lists_[0] is empty. Few: series share them.
};

}  // namespace hearth

#endif  // HEARTH_TSDB_DELETES_DELETE_MASK_H_
