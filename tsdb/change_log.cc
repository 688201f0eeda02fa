#include "tsdb/change_log.h"

#include <algorithm>

namespace hearth {

void ChangeLog::NoteFrom(TimeMs lowest) {
  MutexLock lock(&mu_);
  while (!marks_.empty() && marks_.back().from >= lowest) marks_.pop_back();
  if (marks_.size() == kMarksMax) Shorten();
  marks_.push_back({++now_, lowest, lowest});
}

void ChangeLog::Shorten() {
  // Unsigned: the times may be further apart than a signed number can tell.
  const auto between = [](TimeMs low, TimeMs high) {
    return static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
  };
  const TimeMs newest = marks_.back().from;
  std::vector<Mark> joined;  // From new to old.
  for (auto mark = marks_.rbegin(); mark != marks_.rend(); ++mark) {
    if (!joined.empty() && between(mark->from, joined.back().highest) <=
                               between(joined.back().highest, newest) / kAgesApart) {
      joined.back().from = mark->from;
    } else {
      joined.push_back(*mark);
    }
  }
  // Times that are spread over the ages: the old ones have to share.
  for (size_t i = joined.size() / 2; joined.size() > kMarksMax / 4 * 3; ++i) {
    joined[i].from = joined[i + 1].from;
    joined.erase(joined.begin() + static_cast<std::ptrdiff_t>(i + 1));
  }
  marks_.assign(joined.rbegin(), joined.rend());
}

StorageChanges ChangeLog::Since(uint64_t moment) const {
  MutexLock lock(&mu_);
  StorageChanges changes;
  changes.now = now_;
  const auto first =
      std::upper_bound(marks_.begin(), marks_.end(), moment,
                       [](uint64_t wanted, const Mark& mark) { return wanted < mark.moment; });
  if (first != marks_.end()) changes.from = first->from;
  return changes;
}

}  // namespace hearth
