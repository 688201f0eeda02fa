#include "tsdb/merged_querier.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "model/status.h"
#include "model/text.h"
#include "tsdb/merged_series_set.h"

namespace hearth {

namespace {

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
    const bool sealed =
        std::any_of(version->generations.begin(), version->generations.end(),
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

absl::StatusOr<std::vector<std::string>> MergedQuerier::Join(
    const LabelQuery& query, absl::StatusOr<Strings> in_head,
    absl::FunctionRef<absl::Status(const GenerationReader&, Wanted, Found)> sealed) const {
  HEARTH_RETURN_IF_ERROR(in_head.status());
  Strings strings = *std::move(in_head);
  const size_t from_head = strings.size();
  StringSet known;
  HEARTH_RETURN_IF_ERROR(ForEachGeneration(query.range, [&](const GenerationReader& reader) {
    if (known.empty()) known.insert(strings.begin(), strings.end());
    return sealed(
        reader, [&](std::string_view text) { return !known.contains(text); },
        [&](std::string_view text) { strings.push_back(*known.emplace(text).first); });
  }));
  if (strings.size() != from_head) std::sort(strings.begin(), strings.end());
  if (query.limit != 0 && strings.size() > query.limit) strings.resize(query.limit);
  return strings;
}

absl::StatusOr<std::vector<std::string>> MergedQuerier::LabelNames(const LabelQuery& query) {
  return Join(query, head_->LabelNames(Unlimited(query)),
              [&](const GenerationReader& reader, Wanted wanted, Found found) {
                return reader.LabelNames(query.matcher_sets, wanted, found);
              });
}

absl::StatusOr<std::vector<std::string>> MergedQuerier::LabelValues(std::string_view name,
                                                                    const LabelQuery& query) {
  return Join(query, head_->LabelValues(name, Unlimited(query)),
              [&](const GenerationReader& reader, Wanted wanted, Found found) {
                return reader.LabelValues(name, query.matcher_sets, wanted, found);
              });
}

absl::StatusOr<std::vector<Labels>> MergedQuerier::Series(const LabelQuery& query) {
  HEARTH_ASSIGN_OR_RETURN(std::vector<Labels> series, head_->Series(Unlimited(query)));
  const size_t from_head = series.size();
  absl::flat_hash_set<Fingerprint> seen;
  HEARTH_RETURN_IF_ERROR(ForEachGeneration(query.range, [&](const GenerationReader& reader) {
    if (seen.empty()) {
      for (const Labels& labels : series) seen.insert(labels.Fingerprint());
    }
    HEARTH_ASSIGN_OR_RETURN(const Postings ids, SelectAnyPostings(reader, query.matcher_sets));
    return reader.ReadSeries(ids, [&](size_t, const Fingerprint& fingerprint, LabelsView labels) {
      if (seen.insert(fingerprint).second) series.emplace_back(labels);
    });
  }));
  if (series.size() != from_head) std::sort(series.begin(), series.end());
  if (query.limit != 0 && series.size() > query.limit) series.resize(query.limit);
  return series;
}

}  // namespace hearth
