// tsdb/store/coverage_cursor.h
//
// CoverageCursor: which series of a generation are covered by themselves in one window
// (series_coverage.h), walked beside the series, with one block of 4096 of them in memory.
//
// Thread safety: none. Borrows the reader.
#ifndef HEARTH_TSDB_STORE_COVERAGE_CURSOR_H_
#define HEARTH_TSDB_STORE_COVERAGE_CURSOR_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/sample.h"
#include "tsdb/lsn.h"
#include "tsdb/store/generation_reader.h"
#include "tsdb/store/series_coverage.h"

namespace hearth {

class CoverageCursor {
 public:
  CoverageCursor(const GenerationReader* reader, TimeMs window_start)
      : reader_(reader), window_start_(window_start), block_(std::make_unique<std::string>()) {}

  TimeMs window_start() const { return window_start_; }
  // Up to which LSN the series is covered; 0 = it is not by itself. Ids ascend from call to call.
  // kDataLoss when damaged.
  absl::StatusOr<Lsn> LsnOf(uint32_t id);

 private:
  absl::Status Next();

  const GenerationReader* reader_;
  TimeMs window_start_;
  std::unique_ptr<std::string> block_;  // Stays where it is when the cursor is moved.
  SeriesCoverageDecoder decoder_;       // Of *block_.
  uint32_t blocks_ = 0;                 // That were read.
  bool begun_ = false;
  bool done_ = false;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_STORE_COVERAGE_CURSOR_H_
