// tsdb/compact/window_merge.h
//
// Makes one generation of all that a window has, and the windows inside it, or of a window's newest
// generations only: series joined by labels, where two have a timestamp the lowest generation's
// sample stays, deletes applied. In steps that a crash may separate:
//
//   sorted files → Store::Ingest → Store::Publish, which is the switch
//
// Readers of older versions keep what they read. What a crash leaves is told by Store::Open.
//
// Thread safety: none; belongs to the compactor's round. Lifetime: the store outlives it.
#ifndef HEARTH_TSDB_COMPACT_WINDOW_MERGE_H_
#define HEARTH_TSDB_COMPACT_WINDOW_MERGE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "tsdb/deletes/delete_list.h"
#include "tsdb/storage.h"
#include "tsdb/store/generation_writer.h"
#include "tsdb/store/store.h"

namespace hearth {

struct MergeCounts {
  uint64_t generations = 0;  // Merged.
  uint64_t series = 0;       // Written.
  uint64_t samples = 0;
};

class WindowMerge {
 public:
  // `stop` becomes true when the process is about to end: then Run gives up before the next series,
  // unless the switch is all that is left.
  // `deletes` is the list of this moment. `from`: 0, or the lowest generation of the window itself
  // that is merged; older ones stay, and go before the new one where both have a time.
  WindowMerge(Store* store, WindowId window, std::shared_ptr<const DeleteList> deletes,
              const std::atomic<bool>* stop, uint32_t from = 0)
      : store_(store), window_(window), from_(from), deletes_(std::move(deletes)), stop_(stop) {}

  // Runs the steps that are still to be done; nothing to do for a window without generations.
  // kCancelled when told to stop; kDataLoss when a generation is damaged (it has been reported to
  // the store). After an error with ingested() the same object is to be run again until it
  // succeeds.
  absl::Status Run();

  const WindowId& window() const { return window_; }
  bool ingested() const { return info_.has_value(); }
  const MergeCounts& counts() const { return counts_; }

 private:
  class Source;
  using Sources = std::vector<std::unique_ptr<Source>>;

  absl::Status OpenSources(Sources* sources);
  // Notes in origin_ what a generation that is merged stood for.
  void NoteReplaced(const GenerationInfo& info);
  bool IsTaken(const GenerationId& id) const;
  void CondenseMerged();
  // True when writing the sources again would change nothing.
  bool NothingToChange(const Sources& sources) const;
  // Leaves info_ empty when no sample is left.
  absl::Status WriteAndIngest(Sources* sources);
  // Adds the series that stand in front of these sources, which are the same, unless all of it has
  // been deleted.
  absl::Status AddSeries(const std::vector<Source*>& same, GenerationWriter* writer);
  // Passes on what the sources say of the series itself, unless its window is covered as a whole.
  absl::Status PassCoverage(const std::vector<Source*>& same, GenerationWriter* writer);
  // Up to which LSN the merged generation covers the window that starts there.
  Lsn CoveredUpTo(TimeMs window_start) const;

  Store* const store_;
  const WindowId window_;
  const uint32_t from_;
  const std::shared_ptr<const DeleteList> deletes_;
  const std::atomic<bool>* const stop_;
  GenerationOrigin origin_;
  std::optional<GenerationInfo> info_;
  MergeCounts counts_;
  SampleColumns columns_;  // Of the series in hand, kept for its memory.
};

}  // namespace hearth

#endif  // HEARTH_TSDB_COMPACT_WINDOW_MERGE_H_
