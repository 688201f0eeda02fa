// query/cache/result_cache.h
//
// The results of range queries that come again: the least recently used go first when there is no
// room. A query has to come a second time before its result is kept, so what is asked once costs a
// hash.
//
// Thread safety: all methods may be called from any thread. The lock is a leaf; results are shared
// and stay readable after they have left the cache.
#ifndef HEARTH_QUERY_CACHE_RESULT_CACHE_H_
#define HEARTH_QUERY_CACHE_RESULT_CACHE_H_

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "metrics/registry.h"
#include "model/byte_account.h"
#include "model/mutex.h"
#include "query/cache/cached_result.h"

namespace hearth::promql {

class ResultCache {
 public:
  // `max_bytes` > 0. What is kept is charged to `account` as well, which outlives the cache; where
  // that has no room nothing is kept. `registry` may be null.
  ResultCache(int64_t max_bytes, ByteAccount* account, metrics::Registry* registry);
  ~ResultCache();

  struct Found {
    std::shared_ptr<const CachedResult> result;  // Null: there is none.
    bool worth_keeping = false;                  // The key has been looked for before.
  };
  Found Find(const std::string& key) LOCKS_EXCLUDED(mu_);
  // Replaces what is there. A result that would take a quarter of the cache is not kept.
  void Keep(const std::string& key, std::shared_ptr<const CachedResult> result) LOCKS_EXCLUDED(mu_);
  // Counts a query that took steps from the cache, or could have.
  void CountHit() { Count(hits_); }
  void CountMiss() { Count(misses_); }

  // Lets results go until no more than `bytes` are held. Returns how many bytes that were.
  int64_t Shrink(int64_t bytes) LOCKS_EXCLUDED(mu_);
  int64_t bytes() const LOCKS_EXCLUDED(mu_);

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const CachedResult> result;
    int64_t bytes = 0;
  };
  using Entries = std::list<Entry>;

  static constexpr size_t kSeenMax = 1024;

  static void Count(metrics::Counter* counter) {
    if (counter != nullptr) counter->Increment();
  }
  // Notes the key; true when it has been noted before and not been pushed out since.
  bool Seen(std::string_view key) EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Drop(Entries::iterator entry) EXCLUSIVE_LOCKS_REQUIRED(mu_);
  int64_t ShrinkLocked(int64_t bytes) EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const int64_t max_bytes_;
  ByteAccount* const account_;
  metrics::Registry* const registry_;
  metrics::Counter *hits_ = nullptr, *misses_ = nullptr, *evictions_ = nullptr;

  mutable Mutex mu_;
  Entries entries_ GUARDED_BY(mu_);  // The one that was used last comes first.
  absl::flat_hash_map<std::string_view, Entries::iterator> by_key_ GUARDED_BY(mu_);
  int64_t bytes_ GUARDED_BY(mu_) = 0;
  std::vector<uint64_t> seen_ GUARDED_BY(mu_);  // Hashes of keys at the places they give.
};

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_CACHE_RESULT_CACHE_H_
