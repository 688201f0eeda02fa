// tsdb/head/matched_values.h
//
// MatchedValues: which of a label's values a regular expression took, and the postings of all of
// them, so that a dashboard's expression looks at a hundred thousand values once rather than at
// each refresh. The least recently used go when there are more than `bytes_max` bytes; what would
// take more than half of them is not kept.
//
// Who fills an entry in says of which state of the index it is: pairs stay true while no value of
// the label comes or goes, postings while no series does.
//
// Thread safety: none; the lock of the LabelIndex guards it.
#ifndef HEARTH_TSDB_HEAD_MATCHED_VALUES_H_
#define HEARTH_TSDB_HEAD_MATCHED_VALUES_H_

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <list>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "model/labels.h"
#include "tsdb/index/postings.h"

namespace hearth {

class MatchedValues {
 public:
  struct Entry {
    uint64_t values_version = 0;  // Of the index, when `pairs` was found.
    uint64_t version = 0;         // When `postings` was merged.
    std::vector<uint32_t> pairs;
    Postings postings;
  };

  explicit MatchedValues(size_t bytes_max) : bytes_max_(bytes_max) {}

  // Null when it is not there. Valid until the next Keep or SetMax.
  const Entry* Find(const Fingerprint& key) {
    const auto it = by_key_.find(key);
    if (it == by_key_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, it->second);
    return &it->second->second;
  }

  // Replaces what is there.
  void Keep(const Fingerprint& key, Entry entry) {
    const auto it = by_key_.find(key);
    if (it != by_key_.end()) Drop(it->second);
    const size_t bytes = BytesOf(entry);
    if (bytes > bytes_max_ / 2) return;
    Shrink(bytes_max_ - bytes);
    bytes_ += bytes;
    entries_.emplace_front(key, std::move(entry));
    by_key_.emplace(key, entries_.begin());
  }

  // Changes the bound; what is above it goes at once.
  void SetMax(size_t bytes_max) {
    bytes_max_ = bytes_max;
    Shrink(bytes_max);
  }
  size_t bytes() const { return bytes_; }

 private:
  using Entries = std::list<std::pair<Fingerprint, Entry>>;
  // Its place in list and map, allocations included.
  static constexpr size_t kEntryBytes = 160;
  static size_t BytesOf(const Entry& entry) {
    return kEntryBytes + (entry.pairs.capacity() + entry.postings.capacity()) * sizeof(uint32_t);
  }

  void Drop(Entries::iterator entry) {
    bytes_ -= BytesOf(entry->second);
    by_key_.erase(entry->first);
    entries_.erase(entry);
  }
  void Shrink(size_t bytes_left) {
    while (bytes_ > bytes_left) Drop(std::prev(entries_.end()));
  }

  size_t bytes_max_;
  size_t bytes_ = 0;
  Entries entries_;  // The last used first.
  absl::flat_hash_map<Fingerprint, Entries::iterator> by_key_;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_HEAD_MATCHED_VALUES_H_
