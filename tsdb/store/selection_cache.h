// tsdb/store/selection_cache.h
//
// SelectionCache: which series of a generation satisfy a list of matchers. A generation never
// changes, so what was found once stays true, and a query over hundreds of windows that is asked
// again needs nothing of their indexes. Windows that follow each other mostly have the same series:
// their entries share one Selection, and an entry takes some hundred bytes then.
//
// What is least recently used goes when there are more than `bytes_max` bytes; a selection that
// would take more than a quarter of them is not kept.
//
// Thread safety: all methods may be called from any thread. Lifetime: selections outlive the cache.
#ifndef HEARTH_TSDB_STORE_SELECTION_CACHE_H_
#define HEARTH_TSDB_STORE_SELECTION_CACHE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "model/labels.h"
#include "model/matcher.h"
#include "model/mutex.h"
#include "tsdb/index/postings.h"

namespace hearth {

struct Selection {
  Postings ids;                           // Ascending.
  std::vector<Fingerprint> fingerprints;  // Of these.
  friend bool operator==(const Selection&, const Selection&) = default;
};
using SelectionPtr = std::shared_ptr<const Selection>;

class SelectionCache {
 public:
  // A list of matchers, told from every other list by 128 bits.
  static Fingerprint KeyOf(std::span<const Matcher> matchers);

  explicit SelectionCache(size_t bytes_max);

  // What was inserted for the generation with this serial number; null when it is not known.
  SelectionPtr Find(uint64_t generation, const Fingerprint& matchers);
  // Keeps what was found, and answers it to be used further: as `neighbour` (which may be null)
  // when that is the same.
  SelectionPtr Insert(uint64_t generation, const Fingerprint& matchers, Selection found,
                      const SelectionPtr& neighbour);

  // Changes the bound; what is above it goes at once.
  void SetMax(size_t bytes_max) LOCKS_EXCLUDED(mu_);

  // Of the entries, and of all selections that somebody still has.
  size_t bytes() const;

 private:
  struct Key {
    uint64_t generation;
    Fingerprint matchers;
    friend bool operator==(const Key&, const Key&) = default;
    template <typename H>
    friend H AbslHashValue(H h, const Key& key) {
      return H::combine(std::move(h), key.generation, key.matchers);
    }
  };
  using Entry = std::pair<Key, SelectionPtr>;
  // An entry with its place in list and map, allocation included.
  static constexpr size_t kEntryBytes = 128;

  void DropExcess() EXCLUSIVE_LOCKS_REQUIRED(mu_);

  std::atomic<size_t> bytes_max_;
  // Of selections; they know it too, and may outlive the cache.
  const std::shared_ptr<std::atomic<size_t>> selection_bytes_;

  mutable Mutex mu_;
  std::list<Entry> entries_ GUARDED_BY(mu_);  // The last used first.
  absl::flat_hash_map<Key, std::list<Entry>::iterator> by_key_ GUARDED_BY(mu_);
};

}  // namespace hearth

#endif  // HEARTH_TSDB_STORE_SELECTION_CACHE_H_
