// tsdb/store/generation_reader.h
//
// Reads one generation: its index (it is a PostingsSource, so tsdb/index selects on it), its
// series' labels, its bundles.
//
// Ids are dense from 0 in (metric, labels) order, so a list of ids is read in one pass over
// neighbouring blocks.
//
// Thread safety: all methods are const and may be called from several threads.
// Lifetime: the store must outlive it; the generation is kept readable by this object.
// Damage (kDataLoss) is reported to the store, which looks at the generation at its next
// QuarantineDamaged.
#ifndef HEARTH_TSDB_STORE_GENERATION_READER_H_
#define HEARTH_TSDB_STORE_GENERATION_READER_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/labels.h"
#include "model/mutex.h"
#include "model/sample.h"
#include "tsdb/index/postings.h"
#include "tsdb/index/select_postings.h"
#include "tsdb/storage.h"
#include "tsdb/store/block_use.h"
#include "tsdb/store/bundle_reads.h"
#include "tsdb/store/segment.h"
#include "tsdb/store/series_coverage.h"
#include "tsdb/store/store.h"
#include "tsdb/store/store_keys.h"

namespace hearth {

class GenerationReader : public PostingsSource {
 public:
  // `use`: of what it reads.
  GenerationReader(const Store* store, std::shared_ptr<const Generation> generation,
                   BlockUse use = BlockUse::kAgain)
      : store_(store), generation_(std::move(generation)), use_(use) {}

  const GenerationInfo& info() const { return generation_->info; }
  uint64_t deletes_lsn() const { return generation_->deletes_lsn(); }
  // Of the bundles read so far.
  SeriesReads reads() const { return reads_.Counts(); }

  absl::Status All(Postings* out) const override;
  absl::Status Of(std::string_view name, std::string_view value, Postings* out) const override;
  absl::Status OfValues(std::string_view name,
                        absl::FunctionRef<bool(std::string_view value)> wanted,
                        Postings* out) const override;

  // Calls found(text) once for each label name, or each value of a label, that `wanted` says yes to
  // and that a series has which satisfies all matchers of one of the sets (no sets: every series).
  // `wanted` must say no to what was found. In any order; the text is valid during the call.
  using MatcherSets = std::span<const std::vector<Matcher>>;
  using Wanted = absl::FunctionRef<bool(std::string_view text)>;
  using Found = absl::FunctionRef<void(std::string_view text)>;
  absl::Status LabelNames(MatcherSets matcher_sets, Wanted wanted, Found found) const;
  absl::Status LabelValues(std::string_view name, MatcherSets matcher_sets, Wanted wanted,
                           Found found) const;

  // Calls fn(metric name, its first series id) for each metric, ascending: its series go on to the
  // next one's first. Those without a metric name come before.
  absl::Status ForEachMetric(
      absl::FunctionRef<void(std::string_view metric, uint32_t first)> fn) const;

  // Calls fn(i, fingerprint, labels) for each ids[i]; `ids` is ascending. The labels are valid
  // during the call.
  using SeriesFn =
      absl::FunctionRef<void(size_t i, const Fingerprint& fingerprint, LabelsView labels)>;
  absl::Status ReadSeries(PostingsView ids, SeriesFn fn) const;

  // The series that are covered by themselves, ascending by window and id.
  absl::StatusOr<std::vector<CoveredSeries>> ReadCovered() const;
  // The windows of which it has such series, ascending, and what it has of one of them, block by
  // block: the bytes for SeriesCoverageDecoder; false behind the last. CoverageCursor
  // (coverage_cursor.h) reads them in order.
  absl::StatusOr<std::vector<TimeMs>> CoveredWindows() const;
  absl::StatusOr<bool> ReadCoveredBlock(TimeMs window_start, uint32_t block,
                                        std::string* value) const;

  // The series that satisfy all matchers, of which `matchers_key` is the cache's key. Calls
  // room(series) with their number first, and gives up when it fails. Found in the store's cache,
  // or read: fn is called for each series then, as by ReadSeries, and *read is set. `neighbour` is
  // what another generation has for these matchers, or null.
  using RoomFn = absl::FunctionRef<absl::Status(size_t series)>;
  absl::StatusOr<SelectionPtr> Select(std::span<const Matcher> matchers,
                                      const Fingerprint& matchers_key,
                                      const SelectionPtr& neighbour, RoomFn room, SeriesFn fn,
                                      bool* read) const;

  // Calls fn(i, bundle) for each ids[i]; `ids` is ascending. The bytes are valid during the call.
  using BundleFn = absl::FunctionRef<void(size_t i, std::string_view bundle)>;
  absl::Status ReadBundles(PostingsView ids, BundleFn fn) const {
    return ReadBundles(ids, use_, fn);
  }
  absl::Status ReadBundles(PostingsView ids, BlockUse use, BundleFn fn) const;

  // Appends the samples of one series with t in `range` to *append_to, in time order. On error
  // *append_to keeps what came before.
  absl::Status ReadSamples(uint32_t id, TimeRange range, SampleColumns* append_to,
                           SampleParts parts = SampleParts::kAll) const;
  // The same from a bundle that ReadBundles gave.
  absl::Status DecodeSamples(std::string_view bundle, TimeRange range, SampleColumns* append_to,
                             SampleParts parts = SampleParts::kAll) const;

  friend class CoverageCursor;  // Reports damage as this does.

 private:
  absl::Status Checked(absl::Status status) const;
  // The times that segments share, by the column's number; read once, and kept for a while.
  using Times = std::shared_ptr<const std::vector<TimeMs>>;
  absl::StatusOr<Times> SharedTimes(uint32_t column) const;
  // Calls fn(text) for each label name, or each value of a label, in byte order, until it fails or
  // is done.
  absl::Status ForEachName(absl::FunctionRef<absl::Status(std::string_view name)> fn) const;
  // fn(value, its postings as stored) -> whether to go on.
  absl::Status ForEachValue(
      std::string_view name,
      absl::FunctionRef<absl::StatusOr<bool>(std::string_view value, std::string_view postings)> fn)
      const;
  // Whether some series of `among` has the stored postings' label.
  absl::StatusOr<bool> AnyOf(PostingsView among, std::string_view postings) const;
  // Calls fn(i, value) for each key of ids[i] in turn; kDataLoss when one is missing.
  template <typename KeyOf>
  absl::Status ReadById(int family, PostingsView ids, BlockUse use, KeyOf key_of,
                        absl::FunctionRef<absl::Status(size_t i, std::string_view value)> fn) const;

  const Store* const store_;
  const std::shared_ptr<const Generation> generation_;
  const BlockUse use_;
  mutable BundleReads reads_;
  mutable Mutex times_mu_;
  mutable absl::flat_hash_map<uint32_t, Times> times_ GUARDED_BY(times_mu_);
};

}  // namespace hearth

#endif  // HEARTH_TSDB_STORE_GENERATION_READER_H_
