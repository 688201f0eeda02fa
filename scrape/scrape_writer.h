// scrape/scrape_writer.h
//
// Turns one target's bodies into samples: parse, labels of new series, limits, staleness, report
// series, one Commit a scrape. No network and no schedule here (scrape_loop.h).
//
// Thread safety: one thread at a time. Lifetime: borrows storage and metrics.
#ifndef HEARTH_SCRAPE_SCRAPE_WRITER_H_
#define HEARTH_SCRAPE_SCRAPE_WRITER_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "config/config.h"
#include "config/relabel.h"
#include "model/labels.h"
#include "scrape/exposition/formats.h"
#include "scrape/metadata_cache.h"
#include "scrape/scrape_cache.h"
#include "scrape/scrape_metrics.h"
#include "tsdb/storage.h"

namespace hearth {

// The part of a scrape configuration that decides what becomes of a line. Immutable, shared by the
// targets of a pool.
struct WriteRules {
  bool honor_labels = false;
  bool honor_timestamps = true;
  bool track_timestamps_staleness = false;
  bool extra_scrape_metrics = false;
  bool start_times = false;   // The storage is told when counters began.
  bool legacy_names = false;  // Names must be [a-zA-Z_:][a-zA-Z0-9_:]*.
  ScrapeLimits limits;
  std::vector<RelabelRule> metric_relabel;
};

// One scrape as the writer needs it.
struct ScrapeReport {
  TimeMs t = 0;  // Timestamp of the scrape's samples and of the report series.
  double duration_s = 0;
  TimeMs timeout_ms = 0;
  absl::Status error;  // Not OK: there is no body (refused, timeout, status, forced error).
  const ExpositionFormat* format = nullptr;  // Of the body; null only beside an error.
  std::string_view body;
};

class ScrapeWriter {
 public:
  ScrapeWriter(Appendable* storage, const ScrapeMetrics* metrics, MetadataCache* metadata,
               Labels target_labels);
  ~ScrapeWriter();

  // Replaces the rules. The series stay known, so what the new rules no longer produce gets stale
  // markers.
  void SetRules(std::shared_ptr<const WriteRules> rules);

  // Writes the body's samples, stale markers for what has vanished, and the report series, with one
  // Commit. With a bad body, or without one, everything live becomes stale and `up` is 0. Returns
  // the scrape's error: the report's, the parser's, a limit's; or the storage's, when the Commit
  // failed and nothing at all was written. When there is no memory for new series, those that are
  // known are written, `up` is 1, and the error says how many were not made.
  absl::Status Write(const ScrapeReport& report);

  // The target has gone: stale markers for its series and report series at `t`, moved behind the
  // last scrape if need be.
  absl::Status WriteEnd(TimeMs t);

  // What the last Write has written as `up`; false when it could write nothing.
  bool up() const { return up_; }

 private:
  struct Counts {
    uint64_t scraped = 0;            // Lines with a sample.
    uint64_t kept = 0;               // After metric_relabel_configs.
    uint64_t added = 0;              // Series that the previous body did not have.
    uint64_t native_histograms = 0;  // Left out.
    uint64_t refused = 0;            // Lines of new series that there is no memory for.
    absl::Status refusal;            // Of the first.
  };

  absl::Status AppendBody(const ScrapeReport& report, Appender* app, Counts* counts);
  absl::Status AppendSample(ExpositionParser* parser, TimeMs t, Appender* app, Counts* counts);
  // Hands the sample's exemplar over; `t` is for one without a timestamp.
  absl::Status AppendExemplar(ExpositionParser* parser, SeriesRef ref, TimeMs t, Appender* app);
  // Leaves the entry without a series when there is no memory for a new one.
  absl::Status AddSeries(ExpositionParser* parser, Appender* app, ScrapeCache::Entry* entry,
                         Counts* counts);
  // The labels of a new series, empty when the rules drop it.
  absl::StatusOr<Labels> SeriesLabels(ExpositionParser* parser);
  void AddTargetLabels(LabelsBuilder* labels) const;
  absl::Status CheckNames(const Labels& labels) const;
  absl::Status CheckLimits(const Labels& labels) const;
  absl::Status AppendReport(const ScrapeReport& report, bool up, const Counts& counts,
                            Appender* app);
  absl::Status AppendReportSample(size_t index, Sample sample, Appender* app);
  void Count(const CommitResult& result, const Counts& counts);
  void TellCacheBytes();

  Appendable* const storage_;
  const ScrapeMetrics* const metrics_;
  MetadataCache* const metadata_;
  const Labels target_labels_;
  std::shared_ptr<const WriteRules> rules_;
  const ExpositionFormat* format_ = nullptr;  // Of the texts in cache_.
  ScrapeCache cache_;
  std::array<SeriesRef, 8> report_refs_{};
  TimeMs last_t_ = 0;  // Of the last Write.
  bool up_ = false;    // Likewise.
  size_t told_cache_bytes_ = 0;
  // Scratch of SeriesLabels.
  LabelsBuilder labels_;
  std::vector<std::string> empty_names_;
};

}  // namespace hearth

#endif  // HEARTH_SCRAPE_SCRAPE_WRITER_H_
