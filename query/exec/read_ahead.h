// query/exec/read_ahead.h
//
// What a source of samples will be asked for next, so that a selection too large to be fetched all
// at once is fetched in batches: each in the order its series lie on disk, and let go of when the
// next one is due.
//
// Thread safety: belongs to one worker.
#ifndef HEARTH_QUERY_EXEC_READ_AHEAD_H_
#define HEARTH_QUERY_EXEC_READ_AHEAD_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "tsdb/storage.h"

namespace hearth::promql {

class ReadAhead {
 public:
  // `series` will be read in this order; some may be left out. `set` outlives this object.
  ReadAhead(const SeriesSet* set, std::span<const uint32_t> series)
      : set_(set), order_(series.begin(), series.end()) {}

  enum class Parts : uint8_t { kAll, kTimes };
  // As SeriesSet::Read, or ReadTimes. A series that was not announced is read all the same.
  absl::Status Read(size_t i, TimeRange range, Parts parts, SampleColumns* columns);

 private:
  // The place of `i` in batch_; false when the set has to read it.
  absl::Status Find(size_t i, bool* found, size_t* place);

  const SeriesSet* set_;
  std::vector<uint32_t> order_;  // Empty once batches turn out to be no gain.
  size_t next_ = 0;              // In order_.
  size_t batch_begin_ = 0;       // Of batch_, in order_.
  std::unique_ptr<SeriesBatch> batch_;
};

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_EXEC_READ_AHEAD_H_
