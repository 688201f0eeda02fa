// tsdb/compact/merge_policy.h
//
// Decides which window is to be merged now: one that has several generations, shorter windows
// inside it, or what was deleted, once it is quiet. Quiet means that the head has nothing of it and
// that nothing about it has changed for `quiet_ms`: rewriting a window that is still being flushed
// to, or about to be deleted from again, would be work for nothing.
//
// Thread safety: none; belongs to the compactor's round.
#ifndef HEARTH_TSDB_COMPACT_MERGE_POLICY_H_
#define HEARTH_TSDB_COMPACT_MERGE_POLICY_H_

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "model/sample.h"
#include "tsdb/lsn.h"
#include "tsdb/store/store_keys.h"

namespace hearth {

struct MergePolicyOptions {
  TimeMs quiet_ms = 10 * 60 * 1000;
};

// A sealed window as the policy sees it.
struct SealedWindow {
  WindowId window;
  uint32_t newest = 0;         // Its highest generation.
  size_t generations = 0;      // How many it has, those of shorter windows inside it included.
  Lsn unapplied_delete = 0;    // The newest delete that it may hold samples of; 0 = none.
  bool in_head = false;        // The head has samples of it too.
  bool holds_shorter = false;  // Some of its generations are of shorter windows inside it.

  bool needs_merge() const { return generations > 1 || holds_shorter || unapplied_delete > 0; }
};

class MergePolicy {
 public:
  explicit MergePolicy(MergePolicyOptions options) : options_(options) {}

  // The oldest window to merge, if any. Remembers since when each has been as it is.
  std::optional<WindowId> Choose(const std::vector<SealedWindow>& windows, TimeMs now);
  // Lets a chosen window wait anew: its merge failed.
  void Postpone(const WindowId& window, TimeMs now);

 private:
  struct State {
    uint32_t newest = 0;
    size_t generations = 0;
    Lsn unapplied_delete = 0;
    TimeMs since = 0;
  };
  const MergePolicyOptions options_;
  std::map<WindowId, State> waiting_;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_COMPACT_MERGE_POLICY_H_
