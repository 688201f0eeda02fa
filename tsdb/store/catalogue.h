// tsdb/store/catalogue.h
//
// What the store knows about each (window, generation), and the bytes that say so: the value of a
// catalogue entry in `meta`, which also stands in the user properties of the generation's files, so
// that the catalogue can be rebuilt from the files alone.
//
// Thread safety: values and pure functions.
#ifndef HEARTH_TSDB_STORE_CATALOGUE_H_
#define HEARTH_TSDB_STORE_CATALOGUE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "model/sample.h"
#include "tsdb/store/store_keys.h"

namespace hearth {

// A window that a merge has taken into a longer one.
struct MergedWindow {
  WindowId window;
  uint64_t lsn = 0;  // As GenerationInfo::lsn, of this window.
  friend bool operator==(const MergedWindow&, const MergedWindow&) = default;
};

struct GenerationInfo {
  GenerationId id;
  // Every sample of the window that the WAL holds up to here (inclusive) is in this generation or
  // an older one. 0 for a flush of stopped series, which leaves the others out.
  uint64_t lsn = 0;
  // Deletes up to this LSN (inclusive) have been applied: what they delete is not in here.
  uint64_t deletes_lsn = 0;
  uint64_t series = 0;
  uint64_t chunks = 0;
  uint64_t samples = 0;
  // Of the samples, inclusive; inside the window.
  TimeRange range;
  // The generations of the same window that this one was merged from, ascending; all lower than its
  // own number. Empty for a flush.
  std::vector<uint32_t> replaces;
  // The same of shorter windows that lie inside this one, ascending; numbers lower than its own.
  std::vector<GenerationId> replaces_inside;
  // What is covered up to which LSN, when it holds windows that were shorter once; ascending. Empty
  // for what was flushed or merged in one window: that is covered up to `lsn`.
  std::vector<MergedWindow> merged;
  // A merge took the generations of its window that have this number or a higher one; 0 = all.
  uint32_t replaces_from = 0;
  // Some of its series are covered by themselves (series_coverage.h), at most up to this LSN; 0 =
  // none is.
  uint64_t series_lsn = 0;
  // What its files are written in: decides how series records are read.
  uint32_t format = store_format::kFormatVersion;
  // The LSN up to which everything of `range` is in here or in an older one; 0 = not known to be.
  uint64_t CoveredUpTo(TimeRange range) const;
  friend bool operator==(const GenerationInfo&, const GenerationInfo&) = default;
};

// The entry without the id, which is in the key.
std::string EncodeCatalogueEntry(const GenerationInfo& info);
// kDataLoss when malformed, when the range lies outside the window, or when it replaces what is not
// below it.
absl::StatusOr<GenerationInfo> DecodeCatalogueEntry(const GenerationId& id, std::string_view entry);

}  // namespace hearth

#endif  // HEARTH_TSDB_STORE_CATALOGUE_H_
