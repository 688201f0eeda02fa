// tsdb/merged_querier.h
//
// The Querier over head and store: takes the head's answer first and the store's version second, so
// that a window that is flushed in between is seen twice, and resolved by timestamp, rather than
// not at all.
//
// A series of which deletes leave nothing in the range is in no answer. What a generation knows of
// names is asked of its index, unless deletes touch it: then of its series.
//
// Thread safety and lifetime: as Querier. Head, store and deletes outlive it.
#ifndef HEARTH_TSDB_MERGED_QUERIER_H_
#define HEARTH_TSDB_MERGED_QUERIER_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tsdb/deletes/deletes.h"
#include "tsdb/head/head.h"
#include "tsdb/storage.h"
#include "tsdb/store/generation_reader.h"
#include "tsdb/store/store.h"

namespace hearth {

class MergedQuerier : public Querier {
 public:
  MergedQuerier(const Head* head, const Store* store, const Deletes* deletes)
      : head_(head), store_(store), deletes_(deletes) {}

  void ChargeTo(ByteAccount* account) override { account_ = account; }
  absl::StatusOr<std::vector<std::unique_ptr<SeriesSet>>> Select(
      std::span<const SelectRequest> requests) override;
  absl::StatusOr<std::vector<std::string>> LabelNames(const LabelQuery& query) override;
  absl::StatusOr<std::vector<std::string>> LabelValues(std::string_view name,
                                                       const LabelQuery& query) override;
  absl::StatusOr<std::vector<Labels>> Series(const LabelQuery& query) override;

 private:
  // Calls fn for each generation that overlaps the range, in the version of this moment, with the
  // deletes that it may hold samples of.
  absl::Status ForEachGeneration(
      TimeRange range,
      absl::FunctionRef<absl::Status(const GenerationReader&, const DeleteList&)> fn) const;
  // The head's strings joined with those of the generations that overlap the query's range, sorted
  // and cut at the limit. `sealed` calls found(text) for what a generation has and `wanted` says is
  // not known yet; `of_series` does the same for one series, where deletes touch a generation.
  using Strings = std::vector<std::string>;
  using Wanted = GenerationReader::Wanted;
  using Found = GenerationReader::Found;
  absl::StatusOr<Strings> Join(
      const LabelQuery& query, absl::StatusOr<Strings> in_head,
      absl::FunctionRef<absl::Status(const GenerationReader&, Wanted, Found)> sealed,
      absl::FunctionRef<void(LabelsView, Wanted, Found)> of_series) const;

  const Head* const head_;
  const Store* const store_;
  const Deletes* const deletes_;
  ByteAccount* account_ = nullptr;  // Null: nothing is charged.
};

// Queryable::LabelStamp of the three.
std::optional<Fingerprint> StampLabels(const Head& head, const Store& store, const Deletes& deletes,
                                       const LabelScope& scope);

}  // namespace hearth

#endif  // HEARTH_TSDB_MERGED_QUERIER_H_
