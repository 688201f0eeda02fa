#include "tsdb/exemplars/exemplar_store.h"

#include <algorithm>
#include <utility>

namespace hearth {
namespace {

// Slot numbers have 32 bits.
constexpr uint64_t kCapacityMax = UINT32_MAX - 1;

// The same exemplar seen again. One whose time is only its sample's is the same at a later scrape.
// A NaN is itself, else it would fill the ring.
bool SameExemplar(const Exemplar& a, const Exemplar& b) {
  if ((a.own_time || b.own_time) && a.t != b.t) return false;
  return (a.value == b.value || SameBits(a.value, b.value)) && a.labels == b.labels;
}

size_t Characters(std::string_view utf8) {
  return static_cast<size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

bool MatchesOne(LabelsView labels, std::span<const std::vector<Matcher>> matcher_sets) {
  return std::any_of(matcher_sets.begin(), matcher_sets.end(),
                     [&](const auto& matchers) { return MatchesAll(matchers, labels); });
}

}  // namespace

ExemplarStore::ExemplarStore(uint64_t capacity) : capacity_(std::min(capacity, kCapacityMax)) {}

bool ExemplarStore::LabelsFit(LabelsView labels) {
  size_t characters = 0;
  for (const Label label : labels) {
    characters += Characters(label.name) + Characters(label.value);
    if (characters > kLabelCharactersMax) return false;
  }
  return true;
}

bool ExemplarStore::enabled() const {
  MutexLock lock(&mu_);
  return capacity_ > 0;
}

ExemplarStore::Outcome ExemplarStore::JudgeLocked(const Fingerprint& series,
                                                  const Exemplar& exemplar,
                                                  TimeMs window_ms) const {
  if (capacity_ == 0) return Outcome::kOff;
  const auto found = series_.find(series);
  if (found == series_.end()) return Outcome::kAdded;
  const Exemplar& newest = slots_[found->second.newest].exemplar;
  if (SameExemplar(newest, exemplar)) return Outcome::kDuplicate;
  if (exemplar.t > newest.t) return Outcome::kAdded;
  if (exemplar.t < newest.t) {
    // Unsigned, since distant times overflow.
    const uint64_t behind = static_cast<uint64_t>(newest.t) - static_cast<uint64_t>(exemplar.t);
    return behind < static_cast<uint64_t>(std::max<TimeMs>(window_ms, 0)) ? Outcome::kAdded
                                                                          : Outcome::kOutOfOrder;
  }
  const bool smaller = exemplar.value < newest.value ||
                       (exemplar.value == newest.value && exemplar.labels < newest.labels);
  return smaller ? Outcome::kOutOfOrder : Outcome::kAdded;
}

ExemplarStore::Outcome ExemplarStore::Judge(const Fingerprint& series, const Exemplar& exemplar,
                                            TimeMs window_ms) {
  MutexLock lock(&mu_);
  const Outcome outcome = JudgeLocked(series, exemplar, window_ms);
  out_of_order_ += outcome == Outcome::kOutOfOrder;
  return outcome;
}

uint32_t ExemplarStore::LastUpTo(const Series& series, TimeMs t) const {
  if (series.oldest != kNone && t < slots_[series.oldest].exemplar.t) return kNone;
  uint32_t slot = series.newest;
  while (slot != kNone && slots_[slot].exemplar.t > t) slot = slots_[slot].older;
  return slot;
}

void ExemplarStore::Unlink(uint32_t slot) {
  const Slot& gone = slots_[slot];
  const auto series = series_.find(gone.series);
  (gone.older == kNone ? series->second.oldest : slots_[gone.older].newer) = gone.newer;
  (gone.newer == kNone ? series->second.newest : slots_[gone.newer].older) = gone.older;
  if (series->second.oldest == kNone) series_.erase(series);
}

void ExemplarStore::Link(uint32_t slot, uint32_t older, Series* series) {
  const uint32_t newer = older == kNone ? series->oldest : slots_[older].newer;
  slots_[slot].older = older;
  slots_[slot].newer = newer;
  (older == kNone ? series->oldest : slots_[older].newer) = slot;
  (newer == kNone ? series->newest : slots_[newer].older) = slot;
}

uint32_t ExemplarStore::TakeSlot() {
  if (slots_.size() < capacity_) {
    slots_.emplace_back();
    return static_cast<uint32_t>(slots_.size() - 1);
  }
  const uint32_t slot = next_;
  next_ = static_cast<uint32_t>((next_ + 1) % capacity_);
  Unlink(slot);
  return slot;
}

ExemplarStore::Outcome ExemplarStore::Add(const Fingerprint& series, const Exemplar& exemplar,
                                          TimeMs window_ms, absl::FunctionRef<Labels()> labels) {
  MutexLock lock(&mu_);
  const Outcome outcome = JudgeLocked(series, exemplar, window_ms);
  if (outcome != Outcome::kAdded) {
    out_of_order_ += outcome == Outcome::kOutOfOrder;
    return outcome;
  }
  if (const auto known = series_.find(series);
      known != series_.end() && exemplar.t < slots_[known->second.newest].exemplar.t) {
    // Between others, one of the same time counts as the same.
    const uint32_t before = LastUpTo(known->second, exemplar.t);
    if (before != kNone && slots_[before].exemplar.t == exemplar.t) return Outcome::kDuplicate;
  }
  const uint32_t slot = TakeSlot();  // May end a series, this one too.
  const auto [it, fresh] = series_.try_emplace(series);
  if (fresh) it->second.labels = labels();
  slots_[slot].exemplar = exemplar;
  slots_[slot].series = series;
  Link(slot, LastUpTo(it->second, exemplar.t), &it->second);
  ++appended_;
  return outcome;
}

void ExemplarStore::Resize(uint64_t capacity) {
  MutexLock lock(&mu_);
  capacity = std::min(capacity, kCapacityMax);
  if (capacity == capacity_) return;
  // In the order in which they came; those that go first.
  std::rotate(slots_.begin(), slots_.begin() + next_, slots_.end());
  const size_t drop = slots_.size() > capacity ? slots_.size() - capacity : 0;
  std::vector<Slot> kept(std::make_move_iterator(slots_.begin() + static_cast<ptrdiff_t>(drop)),
                         std::make_move_iterator(slots_.end()));
  absl::flat_hash_map<Fingerprint, Series> before;
  before.swap(series_);
  slots_ = std::move(kept);
  next_ = 0;
  capacity_ = capacity;
  for (uint32_t slot = 0; slot < slots_.size(); ++slot) {
    const auto [it, fresh] = series_.try_emplace(slots_[slot].series);
    if (fresh) it->second.labels = std::move(before.at(slots_[slot].series).labels);
    Link(slot, LastUpTo(it->second, slots_[slot].exemplar.t), &it->second);
  }
}

std::vector<SeriesExemplars> ExemplarStore::Select(
    std::span<const std::vector<Matcher>> matcher_sets, TimeRange range) const {
  std::vector<SeriesExemplars> result;
  {
    MutexLock lock(&mu_);
    for (const auto& [fingerprint, series] : series_) {
      if (slots_[series.oldest].exemplar.t > range.maxt ||
          slots_[series.newest].exemplar.t < range.mint ||
          !MatchesOne(series.labels, matcher_sets)) {
        continue;
      }
      SeriesExemplars found{series.labels, {}};
      for (uint32_t slot = series.oldest; slot != kNone; slot = slots_[slot].newer) {
        const Exemplar& exemplar = slots_[slot].exemplar;
        if (exemplar.t > range.maxt) break;
        if (exemplar.t >= range.mint) found.exemplars.push_back(exemplar);
      }
      if (!found.exemplars.empty()) result.push_back(std::move(found));
    }
  }
  std::sort(result.begin(), result.end(),
            [](const SeriesExemplars& a, const SeriesExemplars& b) { return a.labels < b.labels; });
  return result;
}

ExemplarStats ExemplarStore::Stats() const {
  MutexLock lock(&mu_);
  ExemplarStats stats;
  stats.max = capacity_;
  stats.kept = slots_.size();
  stats.series = series_.size();
  if (!slots_.empty()) stats.oldest_t = slots_[next_].exemplar.t;
  stats.appended = appended_;
  stats.out_of_order = out_of_order_;
  constexpr uint64_t kLabelBytes = 64;  // Of an exemplar or a series, on average.
  stats.bytes = slots_.size() * (sizeof(Slot) + kLabelBytes) +
                series_.capacity() * (sizeof(Fingerprint) + sizeof(Series) + 1) +
                series_.size() * 2 * kLabelBytes;
  return stats;
}

}  // namespace hearth
