#include "tsdb/merged_querier.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "model/status.h"
#include "model/text.h"
#include "tsdb/chunk/varint.h"
#include "tsdb/deletes/delete_mask.h"
#include "tsdb/merged_series_set.h"
#include "tsdb/store/selection_cache.h"

namespace hearth {

namespace {

// The head's limit would cut before the store's answers are in.
LabelQuery Unlimited(const LabelQuery& query) {
  LabelQuery unlimited = query;
  unlimited.limit = 0;
  return unlimited;
}

// Whether the generation may hold samples that a delete hides.
bool Touches(const DeleteList& deletes, const Generation& generation) {
  return std::any_of(deletes.records.begin(), deletes.records.end(), [&](const auto& record) {
    return record.lsn > generation.deletes_lsn() && record.range.Overlaps(generation.info.range);
  });
}

// The series that a label query selects in a generation, without those of which deletes leave no
// sample in the range.
absl::StatusOr<Postings> SelectVisible(const GenerationReader& reader, const DeleteList& deletes,
                                       const LabelQuery& query) {
  HEARTH_ASSIGN_OR_RETURN(Postings ids, SelectAnyPostings(reader, query.matcher_sets));
  if (deletes.empty()) return ids;
  const TimeRange held = reader.info().range;
  const TimeRange range{std::max(query.range.mint, held.mint),
                        std::min(query.range.maxt, held.maxt)};
  HEARTH_ASSIGN_OR_RETURN(const DeleteMask mask,
                          DeleteMask::Of(deletes, reader.deletes_lsn(), range, reader, ids));
  if (mask.empty()) return ids;
  Postings left;
  SampleColumns columns;
  for (size_t i = 0; i < ids.size(); ++i) {
    const std::span<const TimeRange> hidden = mask.ranges(i);
    if (Covers(hidden, range)) continue;
    if (!hidden.empty()) {
      columns.Clear();
      HEARTH_RETURN_IF_ERROR(reader.ReadSamples(ids[i], range, &columns));
      RemoveRanges(hidden, 0, &columns);
      if (columns.t.empty()) continue;
    }
    left.push_back(ids[i]);
  }
  return left;
}

// Adds what is new in one generation after the other to a list of series.
class SeriesJoin {
 public:
  // Both are borrowed. `series` has no two that are the same.
  SeriesJoin(const LabelQuery& query, std::vector<Labels>* series)
      : query_(query), series_(*series) {
    for (const std::vector<Matcher>& matchers : query.matcher_sets) {
      keys_.push_back(SelectionCache::KeyOf(matchers));
    }
    selections_.resize(keys_.size());
  }

  absl::Status Add(const GenerationReader& reader, const DeleteList& deletes) {
    if (seen_.empty()) {
      for (const Labels& labels : series_) seen_.insert(labels.Fingerprint());
    }
    if (!deletes.empty() || keys_.empty()) {
      HEARTH_ASSIGN_OR_RETURN(const Postings ids, SelectVisible(reader, deletes, query_));
      return Read(reader, ids);
    }
    for (size_t i = 0; i < keys_.size(); ++i) HEARTH_RETURN_IF_ERROR(AddSelection(reader, i));
    return absl::OkStatus();
  }

 private:
  // What the generation before had needs no look, and what the cache knows none at the labels of
  // series that are seen.
  absl::Status AddSelection(const GenerationReader& reader, size_t i) {
    bool read = false;
    HEARTH_ASSIGN_OR_RETURN(const SelectionPtr selection,
                            reader.Select(
                                query_.matcher_sets[i], keys_[i], selections_[i],
                                [](size_t) { return absl::OkStatus(); },
                                [&](size_t, const Fingerprint& fingerprint, LabelsView labels) {
                                  if (seen_.insert(fingerprint).second)
                                    series_.emplace_back(labels);
                                },
                                &read));
    if (!read && selection != selections_[i]) {
      Postings unseen;
      for (size_t k = 0; k < selection->ids.size(); ++k) {
        if (!seen_.contains(selection->fingerprints[k])) unseen.push_back(selection->ids[k]);
      }
      HEARTH_RETURN_IF_ERROR(Read(reader, unseen));
    }
    selections_[i] = selection;
    return absl::OkStatus();
  }

  absl::Status Read(const GenerationReader& reader, PostingsView ids) {
    return reader.ReadSeries(ids, [&](size_t, const Fingerprint& fingerprint, LabelsView labels) {
      if (seen_.insert(fingerprint).second) series_.emplace_back(labels);
    });
  }

  const LabelQuery& query_;
  std::vector<Labels>& series_;
  absl::flat_hash_set<Fingerprint> seen_;
  std::vector<Fingerprint> keys_;         // Of the matcher sets,
  std::vector<SelectionPtr> selections_;  // and what the last generation has for each.
};

}  // namespace

absl::StatusOr<std::vector<std::unique_ptr<SeriesSet>>> MergedQuerier::Select(
    std::span<const SelectRequest> requests) {
  HEARTH_ASSIGN_OR_RETURN(std::vector<std::unique_ptr<SeriesSet>> sets,
                          head_->Select(requests, account_));
  const std::shared_ptr<const DeleteList> deletes = deletes_->list();
  const std::shared_ptr<const StoreVersion> version = store_->version();
  for (size_t i = 0; i < requests.size(); ++i) {
    const bool sealed =
        std::any_of(version->generations.begin(), version->generations.end(),
                    [&](const auto& g) { return g->info.range.Overlaps(requests[i].range); });
    if (!sealed) continue;  // The head's answer is all there is.
    HEARTH_ASSIGN_OR_RETURN(sets[i], MergedSeriesSet::Create(requests[i], std::move(sets[i]),
                                                             store_, *version, *deletes, account_));
  }
  return sets;
}

absl::Status MergedQuerier::ForEachGeneration(
    TimeRange range,
    absl::FunctionRef<absl::Status(const GenerationReader&, const DeleteList&)> fn) const {
  const std::shared_ptr<const DeleteList> deletes = deletes_->list();
  const std::shared_ptr<const StoreVersion> version = store_->version();
  const DeleteList none;
  for (const std::shared_ptr<Generation>& generation : version->generations) {
    const TimeRange held = generation->info.range;
    if (!held.Overlaps(range)) continue;
    const bool touched = Touches(*deletes, *generation);
    HEARTH_RETURN_IF_ERROR(fn(GenerationReader(store_, generation), touched ? *deletes : none));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> MergedQuerier::Join(
    const LabelQuery& query, absl::StatusOr<Strings> in_head,
    absl::FunctionRef<absl::Status(const GenerationReader&, Wanted, Found)> sealed,
    absl::FunctionRef<void(LabelsView, Wanted, Found)> of_series) const {
  HEARTH_RETURN_IF_ERROR(in_head.status());
  Strings strings = *std::move(in_head);
  const size_t from_head = strings.size();
  StringSet known;
  const auto wanted = [&](std::string_view text) { return !known.contains(text); };
  const auto found = [&](std::string_view text) { strings.push_back(*known.emplace(text).first); };
  const auto join = [&](const GenerationReader& reader, const DeleteList& deletes) -> absl::Status {
    if (known.empty()) known.insert(strings.begin(), strings.end());
    if (deletes.empty()) return sealed(reader, wanted, found);
    HEARTH_ASSIGN_OR_RETURN(const Postings ids, SelectVisible(reader, deletes, query));
    return reader.ReadSeries(ids, [&](size_t, const Fingerprint&, LabelsView labels) {
      of_series(labels, wanted, found);
    });
  };
  HEARTH_RETURN_IF_ERROR(ForEachGeneration(query.range, join));
  if (strings.size() != from_head) std::sort(strings.begin(), strings.end());
  if (query.limit != 0 && strings.size() > query.limit) strings.resize(query.limit);
  return strings;
}

absl::StatusOr<std::vector<std::string>> MergedQuerier::LabelNames(const LabelQuery& query) {
  return Join(
      query, head_->LabelNames(Unlimited(query)),
      [&](const GenerationReader& reader, Wanted wanted, Found found) {
        return reader.LabelNames(query.matcher_sets, wanted, found);
      },
      [](LabelsView labels, Wanted wanted, Found found) {
        for (const Label label : labels) {
          if (wanted(label.name)) found(label.name);
        }
      });
}

absl::StatusOr<std::vector<std::string>> MergedQuerier::LabelValues(std::string_view name,
                                                                    const LabelQuery& query) {
  return Join(
      query, head_->LabelValues(name, Unlimited(query)),
      [&](const GenerationReader& reader, Wanted wanted, Found found) {
        return reader.LabelValues(name, query.matcher_sets, wanted, found);
      },
      [&](LabelsView labels, Wanted wanted, Found found) {
        const std::string_view value = labels.Get(name);
        if (!value.empty() && wanted(value)) found(value);
      });
}

absl::StatusOr<std::vector<Labels>> MergedQuerier::Series(const LabelQuery& query) {
  HEARTH_ASSIGN_OR_RETURN(std::vector<Labels> series, head_->Series(Unlimited(query)));
  const size_t from_head = series.size();
  SeriesJoin joined(query, &series);
  const auto join = [&](const GenerationReader& reader, const DeleteList& deletes) {
    return joined.Add(reader, deletes);
  };
  HEARTH_RETURN_IF_ERROR(ForEachGeneration(query.range, join));
  if (series.size() != from_head) std::sort(series.begin(), series.end());
  if (query.limit != 0 && series.size() > query.limit) series.resize(query.limit);
  return series;
}

// The head comes first here, too: what is flushed in between changes the stamp.
std::optional<Fingerprint> StampLabels(const Head& head, const Store& store, const Deletes& deletes,
                                       const LabelScope& scope) {
  const std::optional<TimeRange> in_head = head.TryRange();
  if (!in_head) return std::nullopt;
  std::string parts;
  if (!in_head->empty() && in_head->Overlaps(scope.range)) {
    // Which series the head answers with depends on their samples.
    if (scope.part == LabelPart::kSeries) return std::nullopt;
    parts.push_back(1);
    PutVarint(head.LabelsVersion(scope), &parts);
  }
  const std::shared_ptr<const DeleteList> list = deletes.list();
  const std::shared_ptr<const StoreVersion> version = store.version();
  for (const std::shared_ptr<Generation>& generation : version->generations) {
    if (!generation->info.range.Overlaps(scope.range)) continue;
    // What is left of it depends on the range.
    if (Touches(*list, *generation)) return std::nullopt;
    parts.push_back(2);
    PutVarint(generation->serial, &parts);
  }
  return FingerprintOf(parts);
}

}  // namespace hearth
