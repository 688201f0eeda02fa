#include "tsdb/deletes/delete_mask.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "model/status.h"

namespace hearth {
namespace {

// The times [first, end) without those in the ranges; moves `v` along.
template <typename Value>
void RemoveFrom(std::span<const TimeRange> ranges, size_t first, std::vector<TimeMs>* t,
                std::vector<Value>* v) {
  size_t out = first, r = 0;
  for (size_t i = first; i < t->size(); ++i) {
    while (r < ranges.size() && ranges[r].maxt < (*t)[i]) ++r;
    if (r < ranges.size() && ranges[r].Contains((*t)[i])) continue;
    if (out != i) {
      (*t)[out] = (*t)[i];
      (*v)[out] = std::move((*v)[i]);
    }
    ++out;
  }
  t->resize(out);
  v->resize(out);
}

}  // namespace

void AddRange(TimeRange range, TimeRanges* ranges) {
  // Those before stay, those that overlap or touch become one with the new one.
  const auto begin = std::find_if(ranges->begin(), ranges->end(), [&](const TimeRange& other) {
    return range.mint == std::numeric_limits<TimeMs>::min() || other.maxt >= range.mint - 1;
  });
  auto end = begin;
  while (end != ranges->end() &&
         (range.maxt == std::numeric_limits<TimeMs>::max() || end->mint <= range.maxt + 1)) {
    range.mint = std::min(range.mint, end->mint);
    range.maxt = std::max(range.maxt, end->maxt);
    ++end;
  }
  ranges->insert(ranges->erase(begin, end), range);
}

bool Covers(std::span<const TimeRange> ranges, TimeRange range) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const TimeRange& hidden) {
    return hidden.mint <= range.mint && range.maxt <= hidden.maxt;
  });
}

void RemoveRanges(std::span<const TimeRange> ranges, size_t first, SampleColumns* columns) {
  RemoveFrom(ranges, first, &columns->t, &columns->v);
}

absl::StatusOr<DeleteMask> DeleteMask::Of(const DeleteList& deletes, Lsn applied, TimeRange range,
                                          const PostingsSource& source, PostingsView ids) {
  DeleteMask mask;
  for (const DeleteRecord& record : deletes.records) {
    if (record.lsn <= applied || !record.range.Overlaps(range)) continue;
    HEARTH_ASSIGN_OR_RETURN(const Postings hidden, SelectPostings(source, record.matchers));
    if (!hidden.empty()) mask.Hide(ids, hidden, record.range);
  }
  return mask;
}

void DeleteMask::Hide(PostingsView ids, PostingsView hidden, TimeRange range) {
  std::map<uint32_t, uint32_t> extended;  // A list -> the same with `range`.
  size_t h = 0;
  for (size_t i = 0; i < ids.size(); ++i) {
    while (h < hidden.size() && hidden[h] < ids[i]) ++h;
    if (h == hidden.size()) break;
    if (hidden[h] != ids[i]) continue;
    if (list_of_.empty()) {
      list_of_.resize(ids.size());
      lists_.resize(1);
    }
    const auto [it, added] = extended.try_emplace(list_of_[i], lists_.size());
    if (added) {
      TimeRanges longer = lists_[list_of_[i]];
      AddRange(range, &longer);
      lists_.push_back(std::move(longer));
    }
    list_of_[i] = it->second;
  }
}

}  // namespace hearth
