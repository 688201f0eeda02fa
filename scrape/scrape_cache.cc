#include "scrape/scrape_cache.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "scrape/exposition/exposition_parser.h"

namespace hearth {
namespace {

uint64_t HashOf(std::string_view text) { return XXH3_64bits(text.data(), text.size()); }

// Vanished lines that Match steps over before the index is asked.
constexpr size_t kLookAhead = 4;

}  // namespace

void ScrapeCache::Begin() {
  cursor_ = 0;
  diverged_ = false;
  indexed_ = false;
  previous_index_.clear();
  next_index_.clear();
  next_.clear();
}

ScrapeCache::Entry* ScrapeCache::Match(std::string_view unread) {
  for (size_t i = cursor_; i < entries_.size() && i <= cursor_ + kLookAhead; ++i) {
    Entry& entry = entries_[i];
    if (entry.seen || entry.length == 0 || !ExpositionParser::SeriesEndsAt(unread, entry.length))
      continue;
    if (HashOf(unread.substr(0, entry.length)) != entry.hash) continue;
    if (i != cursor_) Diverge();
    cursor_ = i;
    return Take(&entry);
  }
  return nullptr;
}

ScrapeCache::Entry* ScrapeCache::Find(std::string_view series) {
  Diverge();
  if (!indexed_) {
    indexed_ = true;
    previous_index_.reserve(entries_.size());
    for (size_t i = 0; i < entries_.size(); ++i) {
      if (entries_[i].length > 0)
        previous_index_.emplace(entries_[i].hash, static_cast<uint32_t>(i));
    }
    for (size_t i = 0; i < next_.size(); ++i)
      next_index_.emplace(next_[i].hash, static_cast<uint32_t>(i));
  }
  const uint64_t hash = HashOf(series);
  if (const auto it = next_index_.find(hash); it != next_index_.end()) return &next_[it->second];
  const auto it = previous_index_.find(hash);
  if (it == previous_index_.end() || entries_[it->second].length != series.size()) return nullptr;
  cursor_ = it->second;
  return Take(&entries_[it->second]);
}

ScrapeCache::Entry* ScrapeCache::Add(std::string_view series) {
  Diverge();
  Entry entry;
  entry.hash = HashOf(series);
  entry.length = static_cast<uint32_t>(series.size());
  entry.seen = true;
  if (indexed_) next_index_.emplace(entry.hash, static_cast<uint32_t>(next_.size()));
  next_.push_back(entry);
  return &next_.back();
}

// Notes that the previous body's `entry` is in this one too, and expects its successor next.
ScrapeCache::Entry* ScrapeCache::Take(Entry* previous) {
  previous->seen = true;
  ++cursor_;
  if (!diverged_) return previous;
  if (indexed_) next_index_.emplace(previous->hash, static_cast<uint32_t>(next_.size()));
  next_.push_back(*previous);
  return &next_.back();
}

void ScrapeCache::Diverge() {
  if (diverged_) return;
  diverged_ = true;
  next_.assign(entries_.begin(), entries_.begin() + static_cast<ptrdiff_t>(cursor_));
}

// Makes the present body the previous one; what vanished is in gone_. False when nothing did.
bool ScrapeCache::Settle() {
  gone_.clear();
  const size_t unchanged = diverged_ ? 0 : cursor_;
  for (size_t i = unchanged; i < entries_.size(); ++i) {
    if (!entries_[i].seen) gone_.push_back(entries_[i]);
  }
  if (diverged_) {
    entries_.swap(next_);
    next_ = {};
  } else {
    entries_.resize(cursor_);
  }
  for (Entry& entry : entries_) {
    entry.seen = false;
    entry.live = entry.tracked;
  }
  previous_index_ = {};
  next_index_ = {};
  return !gone_.empty();
}

void ScrapeCache::Abandon() {
  for (Entry& entry : entries_) entry.seen = false;
  next_ = {};
  previous_index_ = {};
  next_index_ = {};
}

void ScrapeCache::ForgetTexts() {
  for (Entry& entry : entries_) entry.length = 0;
}

void ScrapeCache::ForgetRefs() {
  for (Entry& entry : entries_) entry.ref = {};
}

size_t ScrapeCache::bytes() const {
  const size_t entries = entries_.capacity() + next_.capacity() + gone_.capacity();
  const size_t indexed = previous_index_.capacity() + next_index_.capacity();
  return entries * sizeof(Entry) + indexed * (sizeof(std::pair<uint64_t, uint32_t>) + 1);
}

}  // namespace hearth
