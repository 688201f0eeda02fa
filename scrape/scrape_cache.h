// scrape/scrape_cache.h
//
// Remembers the series of a target's previous body in their order, so that an unchanged line of the
// next body costs one hash of its series text and no labels: 24 bytes a series. Also knows which
// series have vanished.
//
//   cache.Begin();
//   for each sample line: entry = cache.Match(unread)              -- the line expected here?
//                         or entry = cache.Find(series text)       -- elsewhere in the body?
//                         or entry = cache.Add(series text, …)     -- new.
//   cache.Finish([](SeriesRef gone) { … })   or   cache.Abandon()  -- the body was bad: all stays
//   as it was before Begin.
//
// The text is stood for by 64 bits of XXH3 and its length: exporters are trusted not to craft
// collisions.
//
// Thread safety: one thread at a time.
#ifndef HEARTH_SCRAPE_SCRAPE_CACHE_H_
#define HEARTH_SCRAPE_SCRAPE_CACHE_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "tsdb/storage.h"

namespace hearth {

class ScrapeCache {
 public:
  struct Entry {
    uint64_t hash = 0;
    SeriesRef ref;  // None: dropped by relabelling, or to be looked up again.
    uint32_t length = 0;
    bool dropped = false;  // By metric_relabel_configs.
    bool tracked = false;  // Its sample in the present body counts for staleness. Set by the caller
                           // for each line.
    bool live = false;  // `tracked` of the last finished body: it gets a marker when it vanishes.
    bool seen = false;  // In the present body.
  };

  // Starts a body. Every Begin is followed by one Finish or Abandon.
  void Begin();

  // The entry of the series at the beginning of `unread` if that is the one which followed here
  // last time, else null.
  Entry* Match(std::string_view unread);
  // The entry for a series text, wherever it stood in the previous body; null when it is new. Also
  // finds what this body has added, so a repeated line is known.
  Entry* Find(std::string_view series);
  // Adds a series that Find did not know. The pointer is valid until the next call of Match, Find
  // or Add.
  Entry* Add(std::string_view series);

  // Ends a body. Calls gone(ref) for each live series of the previous body that is not in this one,
  // then forgets it.
  template <typename Fn>
  void Finish(Fn gone) {
    const bool vanished = Settle();
    if (!vanished) return;
    absl::flat_hash_set<uint64_t> present;  // Two texts may be one series after relabelling.
    for (const Entry& entry : entries_) present.insert(entry.ref.id);
    for (const Entry& entry : gone_) {
      if (entry.live && entry.ref && present.insert(entry.ref.id).second) gone(entry.ref);
    }
    gone_.clear();
  }
  // Ends a body that could not be used.
  void Abandon();

  // Calls gone(ref) for each live series and makes all not live: the target cannot be scraped.
  template <typename Fn>
  void MarkAllGone(Fn gone) {
    absl::flat_hash_set<uint64_t> done;
    for (Entry& entry : entries_) {
      if (entry.live && entry.ref && done.insert(entry.ref.id).second) gone(entry.ref);
      entry.live = false;
    }
  }

  // Makes every text new: what they mean has changed (relabelling rules). The series stay known for
  // staleness.
  void ForgetTexts();
  // Makes every reference unknown: the storage no longer has some of them.
  void ForgetRefs();

  // Series texts of the previous body.
  size_t size() const { return entries_.size(); }
  size_t bytes() const;

 private:
  void Diverge();
  bool Settle();
  Entry* Take(Entry* previous);

  // While the body repeats the previous one, `entries_` is walked in place and `next_` stays empty.
  // From the first difference on
  // (`diverged_`) the present body is collected in `next_`.
  std::vector<Entry> entries_;
  std::vector<Entry> next_;
  std::vector<Entry> gone_;
  size_t cursor_ = 0;  // In entries_: the line expected next.
  bool diverged_ = false;
  absl::flat_hash_map<uint64_t, uint32_t>
      previous_index_;  // Hash to position in entries_; built when first needed.
  absl::flat_hash_map<uint64_t, uint32_t> next_index_;  // Hash to position in next_.
  bool indexed_ = false;
};

}  // namespace hearth

#endif  // HEARTH_SCRAPE_SCRAPE_CACHE_H_
