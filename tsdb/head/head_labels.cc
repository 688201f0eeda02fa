// The label calls. Names and values come from the label index alone: what the head has in memory
// counts, whichever part of the range its samples are in. Series are looked at one by one.
#include <algorithm>

#include "model/status.h"
#include "tsdb/head/head_impl.h"

namespace hearth {
namespace {

// Postings are looked up without the commit lock, and again when series came or went before it was
// taken; after this many tries the lock is taken first.
constexpr int kUnlockedTries = 2;

struct Candidates {
  std::vector<uint32_t> slots;
  std::vector<Labels> labels;
};

absl::Status Lookup(const LabelIndex& index, const LabelQuery& query, Candidates* found) {
  *found = Candidates();
  return index.SelectAny(query.matcher_sets, [&](uint32_t slot, std::string_view labels) {
    found->slots.push_back(slot);
    found->labels.emplace_back(LabelsView(labels));
  });
}

bool HasChunkIn(LocatorLists::List list, const LocatorLists& closed, TimeRange range) {
  bool found = false;
  closed.ForEach(
      list, [&](const ChunkLocator& locator) { found = found || locator.range().Overlaps(range); });
  return found;
}

// `late` is null when the series has no late samples.
bool HasDataIn(const MemSeries& series, const LateSamples::Series* late, const LocatorLists& closed,
               TimeRange range) {
  if (series.state.count > 0 && TimeRange{series.mint, series.state.t}.Overlaps(range)) return true;
  if (HasChunkIn(series.closed, closed, range)) return true;
  return late != nullptr && (late->Holds(range) || HasChunkIn(late->closed, closed, range));
}

bool Overlaps(TimeRange head, TimeRange query) { return !head.empty() && head.Overlaps(query); }

template <typename T>
void Cut(size_t limit, std::vector<T>* sorted) {
  if (limit > 0 && sorted->size() > limit) sorted->resize(limit);
}

}  // namespace

void Head::ShrinkCaches(double share) {
  impl_->labels.SetMatchedMax(
      static_cast<size_t>(static_cast<double>(LabelIndex::kMatchedBytesMax) * share));
}

uint64_t Head::LabelsVersion(const LabelScope& scope) const {
  const LabelIndex& index = impl_->labels;
  if (scope.matched || scope.part == LabelPart::kSeries) return index.version();
  return scope.part == LabelPart::kNames ? index.names_version() : index.values_version(scope.name);
}

absl::StatusOr<std::vector<std::string>> Head::LabelNames(const LabelQuery& query) const {
  std::vector<std::string> names;
  if (!Overlaps(Range(), query.range)) return names;
  HEARTH_ASSIGN_OR_RETURN(names, impl_->labels.Names(query.matcher_sets));
  Cut(query.limit, &names);
  return names;
}

absl::StatusOr<std::vector<std::string>> Head::LabelValues(std::string_view name,
                                                           const LabelQuery& query) const {
  std::vector<std::string> values;
  if (!Overlaps(Range(), query.range)) return values;
  HEARTH_ASSIGN_OR_RETURN(values, impl_->labels.Values(name, query.matcher_sets));
  Cut(query.limit, &values);
  return values;
}

absl::StatusOr<std::vector<Labels>> Head::Series(const LabelQuery& query) const {
  std::vector<Labels> series;
  if (!Overlaps(Range(), query.range)) return series;
  for (int attempt = 0;; ++attempt) {
    Candidates found;
    const uint64_t version = impl_->labels.version();
    const bool unlocked = attempt < kUnlockedTries;
    if (unlocked) HEARTH_RETURN_IF_ERROR(Lookup(impl_->labels, query, &found));
    MutexLock lock(&impl_->commit_mu);
    if (unlocked && impl_->labels.version() != version) continue;
    if (!unlocked) HEARTH_RETURN_IF_ERROR(Lookup(impl_->labels, query, &found));
    for (size_t i = 0; i < found.slots.size(); ++i) {
      const MemSeries& in_memory = impl_->table.At(found.slots[i]);
      const LateSamples::Series* const late =
          in_memory.has_late ? impl_->late.Find(found.slots[i]) : nullptr;
      if (HasDataIn(in_memory, late, impl_->closed, query.range)) {
        series.push_back(std::move(found.labels[i]));
      }
    }
    break;
  }
  std::sort(series.begin(), series.end());
  Cut(query.limit, &series);
  return series;
}

}  // namespace hearth
