#include "query/cache/result_cache.h"

#include <utility>

#include "absl/hash/hash.h"

namespace hearth::promql {
namespace {

constexpr const char* kBytesMetric = "hearth_query_cache_bytes";

}  // namespace

ResultCache::ResultCache(int64_t max_bytes, ByteAccount* account, metrics::Registry* registry)
    : max_bytes_(max_bytes), account_(account), registry_(registry) {
  if (registry == nullptr) return;
  hits_ = registry->AddCounter("hearth_query_cache_hits_total",
                               "Range queries that took finished steps from the cache.");
  misses_ = registry->AddCounter("hearth_query_cache_misses_total",
                                 "Range queries that might have and were computed whole.");
  evictions_ = registry->AddCounter("hearth_query_cache_evictions_total",
                                    "Results that left the cache because it had no room.");
  registry->AddCallback(kBytesMetric, "What the cache of query results holds.",
                        metrics::MetricKind::kGauge,
                        [this] { return static_cast<double>(bytes()); });
}

ResultCache::~ResultCache() {
  if (registry_ != nullptr) registry_->RemoveCallback(kBytesMetric);
  Shrink(0);
}

ResultCache::Found ResultCache::Find(const std::string& key) {
  MutexLock lock(&mu_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return {.result = nullptr, .worth_keeping = Seen(key)};
  entries_.splice(entries_.begin(), entries_, found->second);
  return {.result = found->second->result, .worth_keeping = true};
}

bool ResultCache::Seen(std::string_view key) {
  seen_.resize(kSeenMax);
  const uint64_t hash = absl::Hash<std::string_view>()(key) | 1;  // 0 is an empty place.
  return std::exchange(seen_[(hash >> 1) % kSeenMax], hash) == hash;
}

void ResultCache::Keep(const std::string& key, std::shared_ptr<const CachedResult> result) {
  // With what list, table and shared pointer take.
  constexpr size_t kEntryBytes = 160;
  const auto bytes = static_cast<int64_t>(result->bytes() + 2 * key.size() + kEntryBytes);
  MutexLock lock(&mu_);
  if (const auto known = by_key_.find(key); known != by_key_.end()) Drop(known->second);
  if (bytes > max_bytes_ / 4) return;
  ShrinkLocked(max_bytes_ - bytes);
  if (!account_->Charge(bytes).ok()) return;
  entries_.push_front({key, std::move(result), bytes});
  by_key_.emplace(entries_.front().key, entries_.begin());
  bytes_ += bytes;
}

void ResultCache::Drop(Entries::iterator entry) {
  bytes_ -= entry->bytes;
  account_->Release(entry->bytes);
  by_key_.erase(entry->key);
  entries_.erase(entry);
}

int64_t ResultCache::ShrinkLocked(int64_t bytes) {
  const int64_t before = bytes_;
  while (bytes_ > bytes && !entries_.empty()) {
    Drop(std::prev(entries_.end()));
    Count(evictions_);
  }
  return before - bytes_;
}

int64_t ResultCache::Shrink(int64_t bytes) {
  MutexLock lock(&mu_);
  return ShrinkLocked(bytes);
}

int64_t ResultCache::bytes() const {
  MutexLock lock(&mu_);
  return bytes_;
}

}  // namespace hearth::promql
