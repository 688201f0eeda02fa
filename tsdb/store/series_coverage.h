// tsdb/store/series_coverage.h
//
// What is known of single series of a generation: each is covered up to an LSN of its own in one of
// the head's windows. A flush of stopped series says so of every series it writes, because the
// window as a whole is not covered by it; merges pass it on until the window is. A replay leaves
// those samples out, so that series which have left memory do not come back.
//
// Thread safety: values; SeriesCoverageEncoder none.
#ifndef HEARTH_TSDB_STORE_SERIES_COVERAGE_H_
#define HEARTH_TSDB_STORE_SERIES_COVERAGE_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/sample.h"
#include "tsdb/chunk/varint.h"

namespace hearth {

// Everything of the series in the window, in WAL records up to `lsn` (inclusive), is in this
// generation or in an older one.
struct CoveredSeries {
  TimeMs window_start = 0;
  uint32_t id = 0;
  uint64_t lsn = 0;
  friend bool operator==(const CoveredSeries&, const CoveredSeries&) = default;
};

class SeriesCoverageEncoder {
 public:
  // The ids of one window ascend.
  void Add(const CoveredSeries& series);
  // The largest LSN; 0 when nothing was added.
  uint64_t max_lsn() const { return max_lsn_; }
  // Calls put(key, value) in ascending order of keys, until it fails.
  absl::Status Write(
      std::string_view prefix,
      absl::FunctionRef<absl::Status(std::string_view key, std::string_view value)> put) const;

 private:
  struct Window {
    std::vector<std::string> blocks;
    uint32_t in_block = 0;  // Series in the last block.
    uint32_t last_id = 0;
    uint64_t last_lsn = 0;
  };
  std::map<TimeMs, Window> windows_;
  uint64_t max_lsn_ = 0;
};

// Reads a value, series by series. Borrows it. `series`: how many the generation has.
class SeriesCoverageDecoder {
 public:
  SeriesCoverageDecoder() = default;
  SeriesCoverageDecoder(std::string_view value, uint64_t series)
      : reader_(value), bytes_(value.size()), series_(series) {}

  // Moves to the first or next series; false when there is none. kDataLoss when malformed.
  absl::StatusOr<bool> Next();
  uint32_t id() const { return static_cast<uint32_t>(id_); }
  uint64_t lsn() const { return lsn_; }

 private:
  VarintReader reader_{std::string_view()};
  size_t bytes_ = 0;
  uint64_t series_ = 0;
  uint64_t id_ = 0, lsn_ = 0;
  bool first_ = true;
};

// Appends what a value says. `series`: how many the generation has. kDataLoss when malformed.
absl::Status DecodeSeriesCoverage(TimeMs window_start, std::string_view value, uint64_t series,
                                  std::vector<CoveredSeries>* out);

}  // namespace hearth

#endif  // HEARTH_TSDB_STORE_SERIES_COVERAGE_H_
