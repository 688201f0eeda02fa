#include "tsdb/store/selection_cache.h"

#include <string>

#include "tsdb/chunk/varint.h"

namespace hearth {

Fingerprint SelectionCache::KeyOf(std::span<const Matcher> matchers) {
  std::string bytes;
  for (const Matcher& matcher : matchers) {
    bytes.push_back(static_cast<char>(matcher.op()));
    for (const std::string& text : {matcher.name(), matcher.value()}) {
      PutVarint(text.size(), &bytes);
      bytes.append(text);
    }
  }
  return FingerprintOf(bytes);
}

SelectionCache::SelectionCache(size_t bytes_max)
    : bytes_max_(bytes_max), selection_bytes_(std::make_shared<std::atomic<size_t>>(0)) {}

SelectionPtr SelectionCache::Find(uint64_t generation, const Fingerprint& matchers) {
  MutexLock lock(&mu_);
  const auto it = by_key_.find(Key{generation, matchers});
  if (it == by_key_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, it->second);
  return it->second->second;
}

SelectionPtr SelectionCache::Insert(uint64_t generation, const Fingerprint& matchers,
                                    Selection found, const SelectionPtr& neighbour) {
  SelectionPtr selection = neighbour;
  if (neighbour == nullptr || *neighbour != found) {
    const size_t bytes = sizeof(Selection) + found.ids.capacity() * sizeof(uint32_t) +
                         found.fingerprints.capacity() * sizeof(Fingerprint);
    selection_bytes_->fetch_add(bytes);
    selection = SelectionPtr(new Selection(std::move(found)),
                             [bytes, total = selection_bytes_](const Selection* gone) {
                               delete gone;
                               total->fetch_sub(bytes);
                             });
    if (bytes > bytes_max_ / 4) return selection;
  }
  MutexLock lock(&mu_);
  const Key key{generation, matchers};
  if (by_key_.contains(key)) return selection;  // Another query was faster.
  entries_.emplace_front(key, selection);
  by_key_.emplace(key, entries_.begin());
  DropExcess();
  return selection;
}

void SelectionCache::DropExcess() {
  while (entries_.size() > 1 &&
         entries_.size() * kEntryBytes + selection_bytes_->load() > bytes_max_.load()) {
    by_key_.erase(entries_.back().first);
    entries_.pop_back();
  }
}

void SelectionCache::SetMax(size_t bytes_max) {
  MutexLock lock(&mu_);
  bytes_max_ = bytes_max;
  DropExcess();
}

size_t SelectionCache::bytes() const {
  MutexLock lock(&mu_);
  return entries_.size() * kEntryBytes + selection_bytes_->load();
}

}  // namespace hearth
