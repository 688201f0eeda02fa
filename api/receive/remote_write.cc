#include "api/receive/remote_write.h"

#include <snappy.h>

#include <vector>

#include "api/receive/write_request.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth {
namespace {

// Enough for lookups to overlap their cache misses, few enough to stay in cache.
constexpr size_t kBatchSeries = 1024;
constexpr size_t kBatchSamples = 16 * 1024;
// A snappy element of three bytes copies at most 64: nothing expands further.
constexpr size_t kSnappyRatioMax = 22;
// A sample between its message and its commit: in the batch, then in the appender, which grows by
// doubling.
constexpr size_t kBufferedSampleBytes = 64;
// How soon a sender that is refused for lack of memory or space may come again.
constexpr const char* kRetryAfterSeconds = "5";
// Buffers larger than this are given back after the request.
constexpr size_t kKeptBufferBytes = size_t{4} << 20;

// The working memory of one thread, kept between requests.
struct Scratch {
  std::string message;
  WireBatch batch;
  std::vector<WireMetadata> metadata;
  std::vector<Fingerprint> fingerprints;
  std::vector<SeriesRef> refs;
};

Scratch& ThreadScratch() {
  thread_local Scratch scratch;
  return scratch;
}

std::string_view Trimmed(std::string_view s) {
  while (!s.empty() && s.front() == ' ') s.remove_prefix(1);
  while (!s.empty() && s.back() == ' ') s.remove_suffix(1);
  return s;
}

// Empty, `application/x-protobuf`, or that with `;proto=prometheus.WriteRequest`.
bool IsWriteRequestType(std::string_view content_type) {
  if (content_type.empty()) return true;
  const size_t semicolon = content_type.find(';');
  if (!http::EqualsIgnoreCase(Trimmed(content_type.substr(0, semicolon)),
                              "application/x-protobuf")) {
    return false;
  }
  if (semicolon == std::string_view::npos) return true;
  std::string_view parameter = Trimmed(content_type.substr(semicolon + 1));
  const size_t equals = parameter.find('=');
  return equals != std::string_view::npos &&
         http::EqualsIgnoreCase(Trimmed(parameter.substr(0, equals)), "proto") &&
         Trimmed(parameter.substr(equals + 1)) == "prometheus.WriteRequest";
}

void CountRefusal(AppendOutcome outcome, LabelsView labels, TimeMs t, CommitResult* result) {
  ++result->counts[static_cast<size_t>(outcome)];
  if (!result->first_refusal) result->first_refusal = {outcome, Labels(labels), t};
}

absl::Status RefusalStatus(const CommitResult& result) {
  if (!result.first_refusal) return absl::OkStatus();
  const CommitResult::Refusal& first = *result.first_refusal;
  const uint64_t refused = result.refused();
  return absl::InvalidArgumentError(StrCat(AppendOutcomeText(first.outcome), ": series ",
                                           first.labels.ToString(), " at ", first.t, " ms (",
                                           refused, " of ", refused + result.accepted(),
                                           " samples refused, the others are written)"));
}

// Adds what the receiver refused itself to what the storage did.
void Merge(const CommitResult& stored, CommitResult* result) {
  for (size_t i = 0; i < kAppendOutcomes; ++i) result->counts[i] += stored.counts[i];
  if (stored.first_refusal) result->first_refusal = stored.first_refusal;
}

// Finds or creates a series that the lookup by bytes missed. An empty reference: its labels are
// invalid.
absl::StatusOr<SeriesRef> Admit(std::string_view wire_labels, Appender* appender) {
  const absl::StatusOr<Labels> labels = ParseLabels(wire_labels);
  if (!labels.ok() || labels->MetricName().empty()) return SeriesRef{};
  return appender->FindOrCreate(*labels);
}

void AppendSeries(const WireSeries& series, const WireBatch& batch, SeriesRef ref,
                  Appender* appender, CommitResult* refused) {
  for (size_t i = series.samples_begin; i < series.samples_end; ++i) {
    appender->Append(ref, batch.samples[i]);
  }
  for (size_t i = series.exemplars_begin; i < series.exemplars_end; ++i) {
    const WireExemplar& wire = batch.exemplars[i];
    absl::StatusOr<Labels> labels = ParseLabels(wire.labels);
    if (!labels.ok()) continue;
    appender->AppendExemplar(ref, {*std::move(labels), wire.value, wire.t, wire.t != 0});
  }
  for (size_t i = series.histograms_begin; i < series.histograms_end; ++i) {
    const absl::StatusOr<Labels> labels = ParseLabels(series.labels);
    CountRefusal(AppendOutcome::kUnsupported, labels.ok() ? labels->view() : LabelsView(),
                 batch.histogram_t[i], refused);
  }
}

// Of a body that CheckSnappy has found good.
size_t DeclaredBytes(std::string_view body) {
  size_t declared = 0;
  snappy::GetUncompressedLength(body.data(), body.size(), &declared);
  return declared;
}

// Whether a snappy body declares a length that it may have.
absl::Status CheckSnappy(std::string_view body, size_t bytes_max) {
  size_t declared = 0;
  if (!snappy::GetUncompressedLength(body.data(), body.size(), &declared)) {
    return absl::InvalidArgumentError(
        StrCat("snappy body of ", body.size(), " bytes: no valid length in front"));
  }
  if (declared > bytes_max) {
    return absl::InvalidArgumentError(StrCat("snappy body of ", body.size(), " bytes declares ",
                                             declared, " bytes, more than the limit of ",
                                             bytes_max));
  }
  if (declared > body.size() * kSnappyRatioMax) {
    return absl::InvalidArgumentError(StrCat("snappy body of ", body.size(), " bytes declares ",
                                             declared, " bytes, more than it can hold"));
  }
  return absl::OkStatus();
}

http::Response Plain(int status, std::string_view text) {
  return http::Response::Text(status, StrCat(text, "\n"));
}

}  // namespace

RemoteWrite::RemoteWrite(Appendable* storage, metrics::Registry* registry,
                         RemoteWriteOptions options)
    : storage_(storage),
      options_(options),
      invalid_labels_(registry->AddCounter(
          "prometheus_api_remote_write_invalid_labels_samples_total",
          "The total number of received remote write samples and histogram samples which were "
          "rejected due to invalid labels.")),
      samples_in_(registry->AddCounter("hearth_remote_write_samples_total",
                                       "Samples that remote write requests brought and that were "
                                       "accepted.")),
      samples_refused_(registry->AddCounter("hearth_remote_write_refused_samples_total",
                                            "Samples that remote write requests brought and that "
                                            "were refused one by one.")),
      series_refused_(registry->AddCounter(
          "hearth_remote_write_refused_series_total",
          "New series in remote write requests for which there was no memory.")) {}

absl::Status DecodeSnappy(std::string_view body, size_t bytes_max, std::string* out) {
  HEARTH_RETURN_IF_ERROR(CheckSnappy(body, bytes_max));
  out->resize(DeclaredBytes(body));
  if (!snappy::RawUncompress(body.data(), body.size(), out->data())) {
    return absl::InvalidArgumentError(StrCat("snappy body of ", body.size(), " bytes is corrupt"));
  }
  return absl::OkStatus();
}

absl::Status RemoteWrite::Append(std::string_view message, Appender* appender, Outcome* outcome) {
  Scratch& scratch = ThreadScratch();
  scratch.metadata.clear();
  WriteRequestReader reader(message);
  size_t samples = 0;
  ByteCharge charge(options_.work);
  for (;;) {
    WireBatch& batch = scratch.batch;
    HEARTH_RETURN_IF_ERROR(
        reader.ReadBatch(kBatchSeries, kBatchSamples, &batch, &scratch.metadata));
    if (batch.series.empty()) break;
    samples += batch.samples.size();
    if (samples > options_.samples_max) {
      return absl::InvalidArgumentError(
          StrCat("write request has more than ", options_.samples_max, " samples"));
    }
    HEARTH_RETURN_IF_ERROR(charge.Add(batch.samples.size() * kBufferedSampleBytes));
    scratch.fingerprints.clear();
    for (const WireSeries& series : batch.series) {
      scratch.fingerprints.push_back(FingerprintOf(series.labels));
    }
    scratch.refs.assign(batch.series.size(), SeriesRef{});
    appender->Find(scratch.fingerprints, scratch.refs);
    for (size_t i = 0; i < batch.series.size(); ++i) {
      const WireSeries& series = batch.series[i];
      SeriesRef ref = scratch.refs[i];
      if (!ref) {
        const absl::StatusOr<SeriesRef> admitted = Admit(series.labels, appender);
        if (absl::IsUnavailable(admitted.status())) {
          if (outcome->series_without_memory++ == 0) outcome->refusal = admitted.status();
          continue;
        }
        HEARTH_RETURN_IF_ERROR(admitted.status());
        ref = *admitted;
        if (!ref) {
          outcome->invalid_label_samples += series.samples_end - series.samples_begin +
                                            series.histograms_end - series.histograms_begin;
          continue;
        }
      }
      AppendSeries(series, batch, ref, appender, &outcome->committed);
    }
  }
  for (const WireMetadata& entry : scratch.metadata) {
    if (!entry.metric_family.empty()) appender->UpdateMetadata(entry.metric_family, entry.metadata);
  }
  return absl::OkStatus();
}

absl::StatusOr<RemoteWrite::Outcome> RemoteWrite::Write(std::string_view message) {
  const std::unique_ptr<Appender> appender = storage_->NewAppender();
  Outcome outcome;
  const absl::Status appended = Append(message, appender.get(), &outcome);
  if (!appended.ok()) {
    appender->Rollback();
    return appended;
  }
  HEARTH_ASSIGN_OR_RETURN(const CommitResult stored, appender->Commit());
  Merge(stored, &outcome.committed);
  series_refused_->Increment(outcome.series_without_memory);
  if (outcome.series_without_memory > 0) {
    outcome.refusal = absl::UnavailableError(
        ToAbsl(StrCat(FromAbsl(outcome.refusal.message()), ": ", outcome.series_without_memory,
                      " series left out, the others are written; try again")));
  } else {
    outcome.refusal = RefusalStatus(outcome.committed);
  }
  invalid_labels_->Increment(outcome.invalid_label_samples);
  samples_in_->Increment(outcome.committed.accepted());
  samples_refused_->Increment(outcome.committed.refused());
  return outcome;
}

int RemoteWriteHttpStatus(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return 204;
    case absl::StatusCode::kInvalidArgument:
      return 400;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kAborted:
      return 503;
    default:
      return 500;
  }
}

http::Response RemoteWrite::Answer(std::string_view body) {
  std::string& message = ThreadScratch().message;
  ByteCharge charge(options_.work);
  absl::Status status = CheckSnappy(body, options_.message_bytes_max);
  if (status.ok()) status = charge.Add(DeclaredBytes(body));
  if (status.ok()) status = DecodeSnappy(body, options_.message_bytes_max, &message);
  if (status.ok()) {
    const absl::StatusOr<Outcome> outcome = Write(message);
    status = outcome.ok() ? outcome->refusal : outcome.status();
  }
  if (message.capacity() > kKeptBufferBytes) std::string().swap(message);
  if (status.ok()) return {.status = 204};
  http::Response response = Plain(RemoteWriteHttpStatus(status), FromAbsl(status.message()));
  if (response.status == 503) response.headers.Set("Retry-After", kRetryAfterSeconds);
  return response;
}

http::Response RemoteWrite::Handle(const http::Request& request) {
  if (request.method != "POST") {
    http::Response response = Plain(405, "Method Not Allowed");
    response.headers.Set("Allow", "POST");
    return response;
  }
  const std::string_view type = request.headers.Get("Content-Type");
  if (!IsWriteRequestType(type)) return Plain(415, StrCat("unsupported content type: ", type));
  const std::string_view encoding = request.headers.Get("Content-Encoding");
  if (!encoding.empty() && encoding != "snappy") {
    return Plain(415, StrCat("unsupported content encoding: ", encoding));
  }
  http::Response response = Answer(request.body);
  // Version 1.0 has no counts; Prometheus sends the headers all the same, and zero.
  for (const char* kind : {"Samples", "Histograms", "Exemplars"}) {
    response.headers.Set(StrCat("X-Prometheus-Remote-Write-", kind, "-Written"), "0");
  }
  return response;
}

}  // namespace hearth
