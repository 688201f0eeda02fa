#include "tsdb/merged_querier.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "model/status.h"
#include "model/text.h"
#include "tsdb/merged_series_set.h"

namespace hearth {

namespace {

std::vector<std::string> SortedUpTo(size_t limit, StringSet set) {
  std::vector<std::string> sorted;
  sorted.reserve(set.size());
  while (!set.empty()) sorted.push_back(std::move(set.extract(set.begin()).value()));
  std::sort(sorted.begin(), sorted.end());
  if (limit != 0 && sorted.size() > limit) sorted.resize(limit);
  return sorted;
}

void Insert(std::string_view text, StringSet* set) {
  if (!set->contains(text)) set->emplace(text);
}

// The head's limit would cut before the store's answers are in.
LabelQuery Unlimited(const LabelQuery& query) {
  LabelQuery unlimited = query;
  unlimited.limit = 0;
  return unlimited;
}

}  // namespace

absl::StatusOr<std::vector<std::unique_ptr<SeriesSet>>> MergedQuerier::Select(
    std::span<const SelectRequest> requests) {
  HEARTH_ASSIGN_OR_RETURN(std::vector<std::unique_ptr<SeriesSet>> sets, head_->Select(requests));
  const std::shared_ptr<const StoreVersion> version = store_->version();
  for (size_t i = 0; i < requests.size(); ++i) {
    const bool sealed = std::any_of(
        version->generations.begin(), version->generations.end(),
        [&](const auto& g) { return g->info.range.Overlaps(requests[i].range); });
    if (!sealed) continue;  // The head's answer is all there is.
    HEARTH_ASSIGN_OR_RETURN(
        sets[i], MergedSeriesSet::Create(requests[i], std::move(sets[i]), store_, *version));
  }
  return sets;
}

absl::Status MergedQuerier::ForEachGeneration(
    TimeRange range, absl::FunctionRef<absl::Status(const GenerationReader&)> fn) const {
  const std::shared_ptr<const StoreVersion> version = store_->version();
  for (const std::shared_ptr<Generation>& generation : version->generations) {
    if (!generation->info.range.Overlaps(range)) continue;
    HEARTH_RETURN_IF_ERROR(fn(GenerationReader(store_, generation)));
  }
  return absl::OkStatus();
}

absl::Status MergedQuerier::ForEachSeries(const GenerationReader& reader, const LabelQuery& query,
                                          GenerationReader::SeriesFn fn) const {
  std::vector<Postings> found;
  for (const std::vector<Matcher>& matchers : query.matcher_sets) {
    HEARTH_ASSIGN_OR_RETURN(found.emplace_back(), SelectPostings(reader, matchers));
  }
  if (query.matcher_sets.empty()) HEARTH_RETURN_IF_ERROR(reader.All(&found.emplace_back()));
  return reader.ReadSeries(Merge(std::vector<PostingsView>(found.begin(), found.end())), fn);
}

absl::StatusOr<std::vector<std::string>> MergedQuerier::LabelNames(const LabelQuery& query) {
  HEARTH_ASSIGN_OR_RETURN(std::vector<std::string> in_head, head_->LabelNames(Unlimited(query)));
  StringSet names(std::make_move_iterator(in_head.begin()),
                  std::make_move_iterator(in_head.end()));
  HEARTH_RETURN_IF_ERROR(ForEachGeneration(query.range, [&](const GenerationReader& reader) {
    if (query.matcher_sets.empty()) {
      return reader.LabelNames([&](std::string_view name) { Insert(name, &names); });
    }
    return ForEachSeries(reader, query, [&](size_t, const Fingerprint&, LabelsView labels) {
      for (const Label& label : labels) Insert(label.name, &names);
    });
  }));
  return SortedUpTo(query.limit, std::move(names));
}

absl::StatusOr<std::vector<std::string>> MergedQuerier::LabelValues(std::string_view name,
                                                                    const LabelQuery& query) {
  HEARTH_ASSIGN_OR_RETURN(std::vector<std::string> in_head,
                          head_->LabelValues(name, Unlimited(query)));
  StringSet values(std::make_move_iterator(in_head.begin()),
                   std::make_move_iterator(in_head.end()));
  HEARTH_RETURN_IF_ERROR(ForEachGeneration(query.range, [&](const GenerationReader& reader) {
    if (query.matcher_sets.empty()) {
      return reader.LabelValues(name, [&](std::string_view value) { Insert(value, &values); });
    }
    return ForEachSeries(reader, query, [&](size_t, const Fingerprint&, LabelsView labels) {
      const std::string_view value = labels.Get(name);
      if (!value.empty()) Insert(value, &values);
    });
  }));
  return SortedUpTo(query.limit, std::move(values));
}

absl::StatusOr<std::vector<Labels>> MergedQuerier::Series(const LabelQuery& query) {
  HEARTH_ASSIGN_OR_RETURN(std::vector<Labels> series, head_->Series(Unlimited(query)));
  absl::flat_hash_set<Fingerprint> seen;
  for (const Labels& labels : series) seen.insert(labels.Fingerprint());
  HEARTH_RETURN_IF_ERROR(ForEachGeneration(query.range, [&](const GenerationReader& reader) {
    return ForEachSeries(reader, query,
                         [&](size_t, const Fingerprint& fingerprint, LabelsView labels) {
                           if (seen.insert(fingerprint).second) series.emplace_back(labels);
                         });
  }));
  std::sort(series.begin(), series.end());
  if (query.limit != 0 && series.size() > query.limit) series.resize(query.limit);
  return series;
}

}  // namespace hearth
