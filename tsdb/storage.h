// tsdb/storage.h
//
// What everybody else sees of the storage: Appender writes, Querier reads. Scrapers and receivers write through an Appender; the
// query engine reads through a Querier and therefore runs on a fake (tsdb/fake_storage.h). Db (tsdb/db.h) implements both; only
// the server, the tools and the admin API know Db.
//
// Times are milliseconds since the Unix epoch; every time range is inclusive at both ends.
#ifndef HEARTH_TSDB_STORAGE_H_
#define HEARTH_TSDB_STORAGE_H_

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/byte_account.h"
#include "model/histogram.h"
#include "model/labels.h"
#include "model/matcher.h"
#include "model/metadata.h"
#include "model/sample.h"

namespace hearth {

// A series that is in memory now. References are never reused while the process lives; one whose series has left memory is
// answered with kSeriesGone (look the labels up again).
struct SeriesRef {
  uint64_t id = 0;  // 0 = none.
  explicit operator bool() const { return id != 0; }
  friend bool operator==(SeriesRef, SeriesRef) = default;
};

// What became of one sample. All but the first two are refusals. api/ has the one table from these to HTTP answers.
enum class AppendOutcome : uint8_t {
  kAppended = 0,
  kDuplicate,            // Same timestamp and same bits as the series' last sample: success, nothing stored.
  kOutOfOrder,           // Older than the series' last sample.
  kDuplicateTimestamp,   // Same timestamp as the last sample, another value.
  kTooOld,               // Before the retention (or the out-of-order window).
  kTooFarInFuture,       // More than ten minutes ahead of the clock.
  kSeriesGone,           // The reference is no longer valid.
  kUnsupported,          // A kind of sample this store does not take (native histograms, for now).
};
inline constexpr size_t kAppendOutcomes = 8;
// "out of order sample" and so on, in Prometheus' words.
std::string_view AppendOutcomeText(AppendOutcome outcome);
inline bool IsRefusal(AppendOutcome outcome) { return outcome > AppendOutcome::kDuplicate; }

// What a Commit did.
struct CommitResult {
  std::array<uint64_t, kAppendOutcomes> counts{};  // Samples by outcome.
  // The first refused sample, for the error message.
  struct Refusal {
    AppendOutcome outcome;
    Labels labels;
    TimeMs t;
  };
  std::optional<Refusal> first_refusal;
  uint64_t exemplars_out_of_order = 0;

  uint64_t count(AppendOutcome outcome) const { return counts[static_cast<size_t>(outcome)]; }
  uint64_t accepted() const {
    return count(AppendOutcome::kAppended) + count(AppendOutcome::kDuplicate);
  }
  uint64_t refused() const {
    uint64_t n = 0;
    for (size_t i = 2; i < counts.size(); ++i) n += counts[i];
    return n;
  }
};

// Collects one scrape or one request and makes it visible and durable at once. A sample is judged at Commit, one by one: a
// refused sample never takes an accepted neighbour with it.
//
// Lifetime: must not outlive the storage. Thread safety: one thread at a time; several appenders may work side by side.
class Appender {
 public:
  virtual ~Appender() = default;  // Without a Commit everything is dropped.

  // Looks up known series by fingerprint, without labels; refs[i] is empty for an unknown one. Batched so that the cache
  // misses of the lookups overlap. refs.size() == fingerprints.size().
  virtual void Find(std::span<const Fingerprint> fingerprints, std::span<SeriesRef> refs) = 0;

  // Finds or creates the series. `labels` must be canonical and not empty. Fails with kResourceExhausted at the series limit, and
  // with kUnavailable when there is no memory for a new one just now: known series can be written on, and the caller should
  // write those that it has.
  virtual absl::StatusOr<SeriesRef> FindOrCreate(LabelsView labels) = 0;

  // Buffers a sample. `start_timestamp_ms` is when the counter began, 0 = unknown.
  virtual void Append(SeriesRef ref, Sample sample, TimeMs start_timestamp_ms = 0) = 0;
  virtual void AppendHistogram(SeriesRef ref, TimeMs t, const Histogram& histogram,
                               TimeMs start_timestamp_ms = 0) = 0;
  // Exemplars and metadata never fail an append: what cannot be kept is dropped and counted. An exemplar is judged at Commit, and
  // only a series that has samples may have one.
  virtual void AppendExemplar(SeriesRef ref, const Exemplar& exemplar) = 0;
  virtual void UpdateMetadata(std::string_view metric_family, const Metadata& metadata) = 0;

  // Writes what was buffered to the WAL, then makes it visible to queries as one. On OK everything counted as accepted is
  // acknowledged (see --storage.tsdb.wal-sync-interval for what survives a power cut). On error (kUnavailable: stopping,
  // disk full or no memory; kInternal) nothing was made visible. The appender is empty afterwards and may be used again.
  virtual absl::StatusOr<CommitResult> Commit() = 0;
  // Drops what was buffered. Series that were created stay until the next flush finds them empty.
  virtual void Rollback() = 0;
};

class Appendable {
 public:
  virtual ~Appendable() = default;
  virtual std::unique_ptr<Appender> NewAppender() = 0;
};

// The samples of one series, in columns, in ascending time order without duplicate timestamps. Stale markers are included
// (of histograms: Histogram::stale). A series may hold both kinds; the kinds' timestamps are disjoint. Histograms say by their
// counter_reset_hint what model/counter_reset.h makes of them and the sample before.
struct SampleColumns {
  std::vector<TimeMs> t;
  std::vector<double> v;                // v.size() == t.size()
  std::vector<TimeMs> start_t;          // When each float's counter began, 0 = unknown; empty when none is known.
  std::vector<TimeMs> histogram_t;
  std::vector<HistogramPtr> histograms;  // None is null; histograms.size() == histogram_t.size()

  // Keeps the capacity.
  void Clear() {
    t.clear();
    v.clear();
    start_t.clear();
    histogram_t.clear();
    histograms.clear();
  }
  // `more` behind what is there, whatever their times.
  void Append(const SampleColumns& more);
};

// What a query selects: series that satisfy all matchers and may have samples inside the range.
struct SelectRequest {
  std::vector<Matcher> matchers;
  TimeRange range;
};

// What reading a SeriesSet has cost so far.
struct SeriesReads {
  int64_t samples = 0;        // Handed out, whatever windows made of them.
  int64_t bundles = 0;        // Runs of a series' samples fetched from sorted files,
  int64_t bundle_bytes = 0;   // and their size there, encoded.
  int64_t cached_blocks = 0;  // Blocks of these files that were in the block cache,
  int64_t read_blocks = 0;    // and those that had to be read.
};

// Some series of a set, with what is stored of them fetched but not decoded.
//
// Thread safety: const methods may be called from several threads. Lifetime: must not outlive its
// set.
class SeriesBatch {
 public:
  virtual ~SeriesBatch() = default;
  // How many of the series that were asked for are in it: so many from the first on, at least one.
  virtual size_t size() const = 0;
  // As SeriesSet::Read and ReadTimes, of the k-th of them; k < size().
  virtual absl::Status Read(size_t k, TimeRange range, SampleColumns* columns) const = 0;
  virtual absl::Status ReadTimes(size_t k, TimeRange range, SampleColumns* columns) const {
    return Read(k, range, columns);
  }
  // As SeriesSet::Append.
  virtual absl::Status Append(size_t k, TimeRange range, SampleColumns* columns) const = 0;
};

// The answer to one SelectRequest. Every series' labels are known before its first sample is read. Series come in ascending
// order of fingerprint, which is the same order for head and sealed data and on every run, so sums fold in one order.
//
// Thread safety: all methods are const and may be called from several threads (shards of one query).
// Lifetime: must not outlive its Querier.
class SeriesSet {
 public:
  virtual ~SeriesSet() = default;
  virtual size_t size() const = 0;
  // Index in [0, size()).
  virtual LabelsView labels(size_t i) const = 0;
  virtual const hearth::Fingerprint& fingerprint(size_t i) const = 0;
  // Replaces *columns by the samples of series i with t in `range`, which must lie inside the request's range.
  virtual absl::Status Read(size_t i, TimeRange range, SampleColumns* columns) const = 0;
  // Appends what Read gives to *columns, whatever times these hold. For those who join several sets; one that can does it
  // without a copy.
  virtual absl::Status Append(size_t i, TimeRange range, SampleColumns* columns) const;
  // Of all reads that have ended. Storage that does not count leaves it empty.
  virtual std::optional<SeriesReads> reads() const { return std::nullopt; }
  // Read for those who look at times alone: of the values only the stale markers need be right, and
  // no other may look like one. What is known without decoding it is not decoded.
  virtual absl::Status ReadTimes(size_t i, TimeRange range, SampleColumns* columns) const {
    return Read(i, range, columns);
  }
  // Fetches as many of `series` (indexes in the order in which they will be read, at least one) as
  // a bounded buffer takes, charged to the querier's account. Null where nothing is gained by it:
  // Read does as well.
  virtual absl::StatusOr<std::unique_ptr<SeriesBatch>> Fetch(
      std::span<const uint32_t> /*series*/) const {
    return nullptr;
  }
};

// Limits on label answers. 0 = no limit.
struct LabelQuery {
  std::vector<std::vector<Matcher>> matcher_sets;  // A series counts when one set matches; no sets = every series.
  TimeRange range;
  size_t limit = 0;
};

// A consistent view: commits that finish after it was opened are not seen, not even in part. Holds what it reads against flush and
// retention until destroyed, so keep it for one query only.
//
// Thread safety: Select once, from one thread; the sets may then be read from many.
class Querier {
 public:
  virtual ~Querier() = default;
  // What Select and its sets hold is charged to `account` from now on (kResourceExhausted when that is too much). Borrowed;
  // outlives the querier and its sets. Storage that holds nothing of its own need not listen.
  virtual void ChargeTo(ByteAccount* /*account*/) {}
  // One SeriesSet for each request, in order. All selectors of a query go in one call, so they see the same commits. The
  // view is taken here.
  virtual absl::StatusOr<std::vector<std::unique_ptr<SeriesSet>>> Select(
      std::span<const SelectRequest> requests) = 0;

  // Sorted, unique. An answer that reached the limit is cut there.
  virtual absl::StatusOr<std::vector<std::string>> LabelNames(const LabelQuery& query) = 0;
  virtual absl::StatusOr<std::vector<std::string>> LabelValues(std::string_view name,
                                                               const LabelQuery& query) = 0;
  // Label sets of the matching series in label order.
  virtual absl::StatusOr<std::vector<Labels>> Series(const LabelQuery& query) = 0;
};

// The exemplars of one series, ascending in time.
struct SeriesExemplars {
  Labels labels;
  std::vector<Exemplar> exemplars;
};

class ExemplarQueryable {
 public:
  virtual ~ExemplarQueryable() = default;
  // Those in `range` of the series that satisfy one of the matcher sets, in label order. None while exemplars are not kept.
  virtual absl::StatusOr<std::vector<SeriesExemplars>> SelectExemplars(
      std::span<const std::vector<Matcher>> matcher_sets, TimeRange range) const = 0;
};

// How far an answer of some moment still holds.
struct StorageChanges {
  uint64_t now = 0;                                  // This moment, to be asked about later.
  TimeMs from = std::numeric_limits<TimeMs>::max();  // Since then samples came or went here or later, and nowhere before.
};

// What a label call asks for, apart from the time and its matchers.
enum class LabelPart { kNames, kValues, kSeries };
struct LabelScope {
  LabelPart part = LabelPart::kNames;
  std::string_view name;  // Of kValues.
  bool matched = false;   // Matchers select among the series.
  TimeRange range;
};

class Queryable {
 public:
  virtual ~Queryable() = default;
  // `range`: the widest range that will be asked for. kUnavailable while the newest acknowledged sample is not there yet.
  virtual absl::StatusOr<std::unique_ptr<Querier>> NewQuerier(TimeRange range) const = 0;
  // What has changed since `moment`, a StorageChanges::now of before; 0 is older than all. What changes while a querier looks
  // counts as later than a moment that was asked for before its Select. Empty: this storage does not tell.
  virtual std::optional<StorageChanges> ChangesSince(uint64_t /*moment*/) const { return std::nullopt; }
  // What a label call would be answered from. An answer that was computed between two equal stamps is the answer of every call
  // with that stamp, the same name, matchers and limit, whatever its range. Never waits: empty when the storage cannot tell, or
  // not at once.
  virtual std::optional<Fingerprint> LabelStamp(const LabelScope& /*scope*/) const { return std::nullopt; }
};

}  // namespace hearth

#endif  // HEARTH_TSDB_STORAGE_H_
