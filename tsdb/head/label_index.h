// tsdb/head/label_index.h
//
// LabelIndex: the labels of the head's series. Each label pair is kept once, as its canonical
// bytes, with the postings of the series that carry it; a series is the list of its pairs' numbers,
// and its label set is their bytes one after another. A series is named by its slot in the
// SeriesTable.
//
// Thread safety: all methods may be called from any thread. Select and AppendLabels see one state
// each; version() tells whether two calls saw the same.
#ifndef HEARTH_TSDB_HEAD_LABEL_INDEX_H_
#define HEARTH_TSDB_HEAD_LABEL_INDEX_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "model/labels.h"
#include "model/matcher.h"
#include "model/mutex.h"
#include "model/text.h"
#include "tsdb/head/matched_values.h"
#include "tsdb/index/postings.h"
#include "tsdb/index/select_postings.h"

namespace hearth {

class LabelIndex {
 public:
  LabelIndex();
  ~LabelIndex();

  // Adds a series; `slot` must be free. `labels` is canonical and not empty.
  void Add(uint32_t slot, LabelsView labels);
  // Removes series; `slots` ascending.
  void Remove(PostingsView slots);

  // The series that satisfy all matchers, and calls visit(slot, canonical label bytes) for each of
  // them in order of slot.
  using Visit = absl::FunctionRef<void(uint32_t slot, std::string_view labels)>;
  absl::Status Select(std::span<const Matcher> matchers, Visit visit) const;
  // The same for the series that satisfy all matchers of one of the sets; no sets: every series.
  using MatcherSets = std::span<const std::vector<Matcher>>;
  absl::Status SelectAny(MatcherSets matcher_sets, Visit visit) const;
  // Appends the canonical bytes of a series' labels.
  void AppendLabels(uint32_t slot, std::string* out) const;
  // Indexes into `slots` in the order of their series' metric names, then labels. Series may be
  // added meanwhile; none of these may be removed.
  std::vector<uint32_t> InMetricOrder(PostingsView slots) const;

  // The names of labels, or the values of one label, that the series of SelectAny have. Sorted.
  absl::StatusOr<std::vector<std::string>> Names(MatcherSets matcher_sets = {}) const;
  absl::StatusOr<std::vector<std::string>> Values(std::string_view name,
                                                  MatcherSets matcher_sets = {}) const;

  // Grows with each Add and Remove.
  uint64_t version() const { return version_.load(std::memory_order_acquire); }
  // Grows when a label name comes or goes.
  uint64_t names_version() const { return names_version_.load(std::memory_order_acquire); }
  // Grows when a value of `name` comes or goes, or of one of the few names that share its counter.
  uint64_t values_version(std::string_view name) const {
    return ValuesVersion(name).load(std::memory_order_acquire);
  }
  size_t pair_count() const { return pair_count_.load(std::memory_order_relaxed); }
  size_t name_count() const;
  // About.
  struct Bytes {
    size_t labels = 0;
    size_t postings = 0;  // With what is remembered of matchers.
  };
  Bytes bytes() const;
  // What is remembered of matchers may take so many bytes from now on; kMatchedBytesMax at first.
  static constexpr size_t kMatchedBytesMax = size_t{4} << 20;
  void SetMatchedMax(size_t bytes_max);
  // Calls visit(label, how many series have it) for each distinct label.
  void ForEachPair(absl::FunctionRef<void(const Label& label, size_t series)> visit) const;
  // Calls visit(slot, metric name, bytes) for each series with a slot in [from, to): what its label
  // numbers and postings take, and its share of the pairs that it has with others.
  using VisitBytes = absl::FunctionRef<void(uint32_t slot, std::string_view metric, double bytes)>;
  void ForEachBytes(uint32_t from, uint32_t to, VisitBytes visit) const;

 private:
  struct Pair;
  struct Name;
  class Source;
  using PairId = uint32_t;

  // The hash set holds numbers of pairs and is asked by their bytes.
  struct PairHash {
    using is_transparent = void;
    const std::vector<Pair>* pairs;
    size_t operator()(PairId id) const;
    size_t operator()(std::string_view bytes) const;
  };
  struct PairEq {
    using is_transparent = void;
    const std::vector<Pair>* pairs;
    bool operator()(PairId a, PairId b) const { return a == b; }
    bool operator()(PairId a, std::string_view b) const;
    bool operator()(std::string_view a, PairId b) const { return (*this)(b, a); }
  };

  static constexpr size_t kValuesVersions = 256;
  std::atomic<uint64_t>& ValuesVersion(std::string_view name) const {
    return values_versions_[FingerprintOf(name).lo % kValuesVersions];
  }
  PairId FindOrAddPair(std::string_view bytes, const Label& label) EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void DropPair(PairId id) EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The postings in order; sorts what was added out of order.
  PostingsView PostingsOf(PairId id) const EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void AppendLabelsLocked(uint32_t slot, std::string* out) const EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void VisitLocked(PostingsView slots, Visit visit) const EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Calls visit(pair) once for each pair that one of the series has.
  template <typename Fn>
  void ForEachPairOf(PostingsView slots, Fn visit) const EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Raised before the lock is let go under which the change was made.
  // The names of labels that one of the series has, in any order.
  std::vector<std::string> NamesOf(PostingsView slots) const EXCLUSIVE_LOCKS_REQUIRED(mu_);

  std::atomic<uint64_t> version_{0}, names_version_{0};
  mutable std::array<std::atomic<uint64_t>, kValuesVersions> values_versions_{};
  std::atomic<size_t> pair_count_{0};
  mutable Mutex mu_;
  // Mutable: sorting postings is part of reading them.
  mutable std::vector<Pair> pairs_ GUARDED_BY(mu_);
  std::vector<PairId> free_pairs_ GUARDED_BY(mu_);
  absl::flat_hash_set<PairId, PairHash, PairEq> pair_ids_ GUARDED_BY(mu_);
  StringMap<std::unique_ptr<Name>> names_ GUARDED_BY(mu_);
  // By slot: the number of pairs, then the pairs. Null for a free slot.
  std::vector<std::unique_ptr<PairId[]>> series_ GUARDED_BY(mu_);
  size_t pair_bytes_ GUARDED_BY(mu_) = 0;
  mutable MatchedValues matched_ GUARDED_BY(mu_){kMatchedBytesMax};
};

}  // namespace hearth

#endif  // HEARTH_TSDB_HEAD_LABEL_INDEX_H_
