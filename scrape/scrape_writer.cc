#include "scrape/scrape_writer.h"

#include <algorithm>

#include "model/sample.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth {
namespace {

enum ReportSeries : size_t {
  kUp,
  kDuration,
  kSamplesScraped,
  kSamplesPostRelabel,
  kSeriesAdded,
  kBasicReports,
  kTimeout = kBasicReports,
  kSampleLimit,
  kBodySize,
};
constexpr std::string_view kReportNames[] = {"up",
                                             "scrape_duration_seconds",
                                             "scrape_samples_scraped",
                                             "scrape_samples_post_metric_relabeling",
                                             "scrape_series_added",
                                             "scrape_timeout_seconds",
                                             "scrape_sample_limit",
                                             "scrape_body_size_bytes"};

// What the labels of a series may take: what a sender may give one, too.
constexpr size_t kLabelBytesMax = size_t{1} << 20;

std::string_view Cut(std::string_view s) { return s.substr(0, 50); }

std::string Quoted(std::string_view s) {
  std::string out;
  AppendQuoted(s, &out);
  return out;
}

}  // namespace

ScrapeWriter::ScrapeWriter(Appendable* storage, const ScrapeMetrics* metrics,
                           MetadataCache* metadata, Labels target_labels)
    : storage_(storage),
      metrics_(metrics),
      metadata_(metadata),
      target_labels_(std::move(target_labels)),
      rules_(std::make_shared<const WriteRules>()) {}

ScrapeWriter::~ScrapeWriter() {
  metrics_->cache_bytes->Add(-static_cast<double>(told_cache_bytes_));
}

void ScrapeWriter::TellCacheBytes() {
  const size_t bytes = cache_.bytes();
  if (bytes == told_cache_bytes_) return;
  metrics_->cache_bytes->Add(static_cast<double>(bytes) - static_cast<double>(told_cache_bytes_));
  told_cache_bytes_ = bytes;
}

void ScrapeWriter::SetRules(std::shared_ptr<const WriteRules> rules) {
  rules_ = std::move(rules);
  cache_.ForgetTexts();
}

absl::Status ScrapeWriter::Write(const ScrapeReport& report) {
  const std::unique_ptr<Appender> app = storage_->NewAppender();
  absl::Status error;
  up_ = false;
  // A second round when the storage has let go of series meanwhile: what was taken the first time
  // is a duplicate then.
  for (int round = 0; round < 2; ++round) {
    Counts counts;
    error = report.error;
    if (error.ok()) error = AppendBody(report, app.get(), &counts);
    if (!error.ok()) {
      app->Rollback();
      counts.added = 0;
      cache_.MarkAllGone([&](SeriesRef ref) { app->Append(ref, {report.t, StaleNaN()}); });
    }
    HEARTH_RETURN_IF_ERROR(AppendReport(report, error.ok(), counts, app.get()));
    const absl::StatusOr<CommitResult> result = app->Commit();
    if (!result.ok()) {
      metrics_->commit_failed->Increment();
      return result.status();
    }
    last_t_ = report.t;
    up_ = error.ok();
    if (result->count(AppendOutcome::kSeriesGone) == 0) {
      Count(*result, counts);
      if (error.ok() && counts.refused > 0) {
        error = absl::UnavailableError(
            ToAbsl(StrCat(FromAbsl(counts.refusal.message()), ": ", counts.refused, " of ",
                          counts.scraped, " samples left out, the others are written")));
      }
      break;
    }
    cache_.ForgetRefs();
    report_refs_.fill({});
  }
  if (up_) metadata_->BodyDone();
  TellCacheBytes();
  return error;
}

absl::Status ScrapeWriter::WriteEnd(TimeMs t) {
  if (last_t_ == 0) return absl::OkStatus();
  t = std::max(t, last_t_ + 1);
  const std::unique_ptr<Appender> app = storage_->NewAppender();
  cache_.MarkAllGone([&](SeriesRef ref) { app->Append(ref, {t, StaleNaN()}); });
  for (const SeriesRef ref : report_refs_) {
    if (ref) app->Append(ref, {t, StaleNaN()});
  }
  report_refs_.fill({});
  last_t_ = 0;
  return app->Commit().status();
}

absl::Status ScrapeWriter::AppendBody(const ScrapeReport& report, Appender* app, Counts* counts) {
  if (format_ != report.format) cache_.ForgetTexts();  // Another format has other texts.
  format_ = report.format;
  const std::unique_ptr<ExpositionParser> parser =
      format_->parse(report.body, {.start_times = rules_->start_times});
  cache_.Begin();
  absl::Status status;
  for (auto entry = parser->Next(); entry != ExpositionParser::Entry::kEnd && status.ok();
       entry = parser->Next()) {
    switch (entry) {
      case ExpositionParser::Entry::kSample:
        status = AppendSample(parser.get(), report.t, app, counts);
        break;
      case ExpositionParser::Entry::kError:
        status = parser->status();
        break;
      default:
        if (metadata_->Update(entry, *parser)) {
          for (const auto& [name, metadata] : metadata_->Read(parser->family()))
            app->UpdateMetadata(name, metadata);
        }
    }
  }
  counts->native_histograms = parser->native_histograms();
  if (status.ok() && rules_->limits.sample_limit > 0 &&
      counts->kept > rules_->limits.sample_limit) {
    metrics_->exceeded_sample_limit->Increment();
    status = absl::ResourceExhaustedError("sample limit exceeded");
  }
  if (!status.ok()) {
    cache_.Abandon();
    return status;
  }
  cache_.Finish([&](SeriesRef ref) { app->Append(ref, {report.t, StaleNaN()}); });
  return absl::OkStatus();
}

absl::Status ScrapeWriter::AppendSample(ExpositionParser* parser, TimeMs t, Appender* app,
                                        Counts* counts) {
  ScrapeCache::Entry* entry = cache_.Match(parser->unread());
  if (entry != nullptr) {
    parser->SkipSeries(entry->length);
  } else if (!parser->ScanSeries()) {
    return parser->status();
  }
  if (!parser->ReadValue()) return parser->status();
  ++counts->scraped;
  if (entry == nullptr) entry = cache_.Find(parser->series());
  if (entry == nullptr) {
    ScrapeCache::Entry added;
    HEARTH_RETURN_IF_ERROR(AddSeries(parser, app, &added, counts));
    // What there is no memory for shall take none here either.
    if (!added.ref && !added.dropped) return absl::OkStatus();
    entry = cache_.Add(parser->series());
    entry->ref = added.ref;
    entry->dropped = added.dropped;
    if (entry->ref) ++counts->added;
  } else if (!entry->ref && !entry->dropped) {
    HEARTH_RETURN_IF_ERROR(AddSeries(parser, app, entry, counts));
  }
  if (!entry->ref) return absl::OkStatus();
  ++counts->kept;
  if (rules_->limits.sample_limit > 0 && counts->kept > rules_->limits.sample_limit)
    return absl::OkStatus();
  const bool own_time = rules_->honor_timestamps && parser->timestamp().has_value();
  entry->tracked = !own_time || rules_->track_timestamps_staleness;
  const TimeMs sample_t = own_time ? *parser->timestamp() : t;
  const TimeMs start_t = rules_->start_times ? parser->StartTime() : 0;
  app->Append(entry->ref, {sample_t, parser->value()}, start_t);
  if (parser->has_exemplar()) [[unlikely]] {
    return AppendExemplar(parser, entry->ref, sample_t, app);
  }
  return absl::OkStatus();
}

absl::Status ScrapeWriter::AppendExemplar(ExpositionParser* parser, SeriesRef ref, TimeMs t,
                                          Appender* app) {
  Exemplar exemplar;
  if (!parser->ReadExemplar(t, &exemplar)) return parser->status();
  app->AppendExemplar(ref, exemplar);
  return absl::OkStatus();
}

absl::Status ScrapeWriter::AddSeries(ExpositionParser* parser, Appender* app,
                                     ScrapeCache::Entry* entry, Counts* counts) {
  HEARTH_ASSIGN_OR_RETURN(const Labels labels, SeriesLabels(parser));
  entry->dropped = labels.empty();
  entry->tracked = false;
  if (entry->dropped) return absl::OkStatus();
  const absl::StatusOr<SeriesRef> ref = app->FindOrCreate(labels);
  if (absl::IsUnavailable(ref.status())) {
    if (counts->refused++ == 0) counts->refusal = ref.status();
    return absl::OkStatus();
  }
  HEARTH_RETURN_IF_ERROR(ref.status());
  entry->ref = *ref;
  return absl::OkStatus();
}

absl::StatusOr<Labels> ScrapeWriter::SeriesLabels(ExpositionParser* parser) {
  labels_.Clear();
  empty_names_.clear();
  if (!parser->AppendLabels(&labels_, &empty_names_)) return parser->status();
  AddTargetLabels(&labels_);
  if (!Relabel(rules_->metric_relabel, &labels_) || labels_.empty()) return Labels();
  if (labels_.Get(kMetricNameLabel).empty()) {
    return absl::InvalidArgumentError(
        StrCat("missing metric name (__name__ label) after relabeling of ", Cut(parser->series())));
  }
  Labels labels = labels_.Build();
  if (labels.bytes().size() > kLabelBytesMax) {
    return absl::ResourceExhaustedError(
        StrCat("labels of metric ", Quoted(Cut(labels.MetricName())), " take ",
               labels.bytes().size(), " bytes, over the limit of ", kLabelBytesMax));
  }
  HEARTH_RETURN_IF_ERROR(CheckNames(labels));
  HEARTH_RETURN_IF_ERROR(CheckLimits(labels));
  return labels;
}

// honor_labels decides who wins; without it the exposed label moves to `exported_<name>`.
void ScrapeWriter::AddTargetLabels(LabelsBuilder* labels) const {
  std::vector<Label> conflicts;
  const Labels exposed = rules_->honor_labels ? Labels() : labels->Build();
  for (const Label target : target_labels_) {
    if (rules_->honor_labels) {
      const bool exposed_empty =
          std::find(empty_names_.begin(), empty_names_.end(), target.name) != empty_names_.end();
      if (labels->Get(target.name).empty() && !exposed_empty)
        labels->Set(target.name, target.value);
      continue;
    }
    if (const std::string_view value = exposed.Get(target.name); !value.empty()) {
      conflicts.push_back({target.name, value});
    }
    labels->Set(target.name, target.value);
  }
  std::sort(conflicts.begin(), conflicts.end(),
            [](const Label& a, const Label& b) { return a.name.size() < b.name.size(); });
  for (const Label& conflict : conflicts) {
    std::string name(conflict.name);
    do {
      name.insert(0, "exported_");
    } while (!labels->Get(name).empty());
    labels->Set(name, conflict.value);
  }
}

absl::Status ScrapeWriter::CheckNames(const Labels& labels) const {
  if (!rules_->legacy_names) return absl::OkStatus();
  for (const Label label : labels) {
    const bool valid = label.name == kMetricNameLabel ? IsLegacyMetricName(label.value)
                                                      : IsLegacyLabelName(label.name);
    if (!valid)
      return absl::InvalidArgumentError(
          StrCat("invalid metric name or label names: ", labels.ToString()));
  }
  return absl::OkStatus();
}

absl::Status ScrapeWriter::CheckLimits(const Labels& labels) const {
  const ScrapeLimits& limits = rules_->limits;
  if (limits.label_limit == 0 && limits.label_name_length_limit == 0 &&
      limits.label_value_length_limit == 0) {
    return absl::OkStatus();
  }
  const auto exceeded = [&](std::string message) {
    metrics_->exceeded_label_limits->Increment();
    return absl::ResourceExhaustedError(message);
  };
  const std::string_view metric = Cut(labels.MetricName());
  const size_t count = labels.size();
  if (limits.label_limit > 0 && count > limits.label_limit) {
    return exceeded(StrCat("label_limit exceeded (metric: ", metric, ", number of labels: ", count,
                           ", limit: ", limits.label_limit, ")"));
  }
  for (const Label label : labels) {
    if (limits.label_name_length_limit > 0 && label.name.size() > limits.label_name_length_limit) {
      return exceeded(StrCat("label_name_length_limit exceeded (metric: ", metric,
                             ", label name: ", Cut(label.name), ", length: ", label.name.size(),
                             ", limit: ", limits.label_name_length_limit, ")"));
    }
    if (limits.label_value_length_limit > 0 &&
        label.value.size() > limits.label_value_length_limit) {
      return exceeded(StrCat(
          "label_value_length_limit exceeded (metric: ", metric, ", label name: ", Cut(label.name),
          ", value: ", Quoted(Cut(label.value)), ", length: ", label.value.size(),
          ", limit: ", limits.label_value_length_limit, ")"));
    }
  }
  return absl::OkStatus();
}

absl::Status ScrapeWriter::AppendReport(const ScrapeReport& report, bool up, const Counts& counts,
                                        Appender* app) {
  const double values[] = {up ? 1.0 : 0.0,
                           report.duration_s,
                           static_cast<double>(counts.scraped),
                           static_cast<double>(counts.kept),
                           static_cast<double>(counts.added),
                           static_cast<double>(report.timeout_ms) / 1000,
                           static_cast<double>(rules_->limits.sample_limit),
                           static_cast<double>(report.body.size())};
  const size_t n =
      rules_->extra_scrape_metrics ? std::size(values) : static_cast<size_t>(kBasicReports);
  for (size_t i = 0; i < n; ++i) {
    HEARTH_RETURN_IF_ERROR(AppendReportSample(i, {report.t, values[i]}, app));
  }
  return absl::OkStatus();
}

absl::Status ScrapeWriter::AppendReportSample(size_t index, Sample sample, Appender* app) {
  SeriesRef& ref = report_refs_[index];
  if (!ref) {
    LabelsBuilder labels(target_labels_);
    labels.Set(kMetricNameLabel, kReportNames[index]);
    const absl::StatusOr<SeriesRef> found = app->FindOrCreate(labels.Build());
    // Without memory for it the target has this series later.
    if (absl::IsUnavailable(found.status())) return absl::OkStatus();
    HEARTH_RETURN_IF_ERROR(found.status());
    ref = *found;
  }
  app->Append(ref, sample);
  return absl::OkStatus();
}

void ScrapeWriter::Count(const CommitResult& result, const Counts& counts) {
  metrics_->native_histograms_dropped->Increment(counts.native_histograms);
  metrics_->refused_series->Increment(counts.refused);
  metrics_->out_of_order->Increment(result.count(AppendOutcome::kOutOfOrder));
  metrics_->duplicate_timestamp->Increment(result.count(AppendOutcome::kDuplicateTimestamp));
  metrics_->out_of_bounds->Increment(result.count(AppendOutcome::kTooOld) +
                                     result.count(AppendOutcome::kTooFarInFuture));
  metrics_->exemplar_out_of_order->Increment(result.exemplars_out_of_order);
}

}  // namespace hearth
