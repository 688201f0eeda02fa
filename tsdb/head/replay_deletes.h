// tsdb/head/replay_deletes.h
//
// What the deletes mean for a replay: which samples and chunks of the logs must not come back. A
// delete hides what was written before its LSN, so each record's LSN decides.
//
// Thread safety: none; belongs to the replay.
#ifndef HEARTH_TSDB_HEAD_REPLAY_DELETES_H_
#define HEARTH_TSDB_HEAD_REPLAY_DELETES_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "model/labels.h"
#include "tsdb/deletes/delete_list.h"
#include "tsdb/deletes/delete_mask.h"
#include "tsdb/head/chunk_log.h"
#include "tsdb/head/head.h"
#include "tsdb/lsn.h"

namespace hearth {

class ReplayDeletes {
 public:
  // `deletes` may be null.
  explicit ReplayDeletes(std::shared_ptr<const DeleteList> deletes)
      : deletes_(std::move(deletes)) {}

  // True when there are none: nothing below needs to be called.
  bool empty() const { return deletes_ == nullptr || deletes_->empty(); }
  // To be called for every series before anything of it is asked.
  void NoteSeries(uint32_t slot, LabelsView labels);

  // Whether a sample in a record numbered `lsn` has been deleted.
  bool Deleted(uint32_t slot, TimeMs t, Lsn lsn) const;

  enum class Fate { kKeep, kDrop, kRewrite };
  // What becomes of a chunk whose last sample is in record `lsn`. kRewrite: a part of it was
  // deleted; Rewrite makes the rest anew.
  Fate OfChunk(uint32_t slot, const ChunkLog::Found& chunk);
  // Whether a chunk's fate was kRewrite since the last Rewrite.
  bool any_partial() const { return !partial_.empty(); }
  // Appends what is left of the chunks that were to be rewritten to the chunk log, unless the log
  // has it already, and takes it into the head, whose commit lock the caller holds. Unreadable
  // chunks are left to the WAL. Returns the slots that got a chunk of samples in order.
  std::vector<uint32_t> Rewrite(Head::Impl* head) NO_THREAD_SAFETY_ANALYSIS;

 private:
  struct Partial {
    uint32_t slot;
    ChunkLocator locator;
    Lsn lsn;
    bool late;
    TimeRanges deleted;
  };

  const std::shared_ptr<const DeleteList> deletes_;
  absl::flat_hash_map<uint32_t, std::vector<const DeleteRecord*>> of_slot_;
  std::vector<Partial> partial_;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_HEAD_REPLAY_DELETES_H_
