#include "api/grpc/query_message.h"

#include <string>

namespace hearth {
namespace {

v1::QueryResponse::ResultType TypeOf(promql::ValueType type) {
  switch (type) {
    case promql::ValueType::kScalar:
      return v1::QueryResponse::RESULT_TYPE_SCALAR;
    case promql::ValueType::kInstantVector:
      return v1::QueryResponse::RESULT_TYPE_VECTOR;
    case promql::ValueType::kRangeVector:
      return v1::QueryResponse::RESULT_TYPE_MATRIX;
    case promql::ValueType::kString:
      return v1::QueryResponse::RESULT_TYPE_STRING;
    case promql::ValueType::kNone:
      break;
  }
  return v1::QueryResponse::RESULT_TYPE_UNSPECIFIED;
}

void AddSpan(const HistogramSpan& span, prometheus::BucketSpan* out) {
  out->set_offset(span.offset);
  out->set_length(span.length);
}

void ToMessage(const Histogram& histogram, TimeMs t, prometheus::Histogram* out) {
  out->set_timestamp(t);
  out->set_count_float(histogram.count);
  out->set_sum(histogram.sum);
  out->set_schema(histogram.schema);
  out->set_zero_threshold(histogram.zero_threshold);
  out->set_zero_count_float(histogram.zero_count);
  out->set_reset_hint(static_cast<prometheus::Histogram::ResetHint>(histogram.counter_reset_hint));
  for (const HistogramSpan& span : histogram.positive_spans)
    AddSpan(span, out->add_positive_spans());
  for (const HistogramSpan& span : histogram.negative_spans)
    AddSpan(span, out->add_negative_spans());
  for (const double count : histogram.positive_buckets) out->add_positive_counts(count);
  for (const double count : histogram.negative_buckets) out->add_negative_counts(count);
  for (const double bound : histogram.custom_values) out->add_custom_values(bound);
}

void ToMessage(const promql::ResultSeries& series, v1::Series* out) {
  for (const Label label : series.labels) {
    prometheus::Label* const wire = out->add_labels();
    wire->set_name(label.name.data(), label.name.size());
    wire->set_value(label.value.data(), label.value.size());
  }
  out->mutable_timestamps_ms()->Reserve(static_cast<int>(series.floats.size()));
  out->mutable_values()->Reserve(static_cast<int>(series.floats.size()));
  for (const Sample& sample : series.floats) {
    out->add_timestamps_ms(sample.t);
    out->add_values(sample.v);
  }
  for (size_t i = 0; i < series.histograms.size(); ++i) {
    ToMessage(*series.histograms[i], series.histogram_t[i], out->add_histograms());
  }
}

}  // namespace

void ToMessage(const promql::QueryResult& result, v1::QueryResponse* response) {
  response->set_result_type(TypeOf(result.type));
  response->set_scalar(result.scalar);
  response->set_string(result.string);
  for (const promql::ResultSeries& series : result.series)
    ToMessage(series, response->add_series());
  for (const std::string& text : result.warnings) response->add_warnings(text);
  for (const std::string& text : result.infos) response->add_infos(text);
  response->set_samples_read(result.stats.samples_read);
}

::grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return ::grpc::Status::OK;
  return ::grpc::Status(static_cast<::grpc::StatusCode>(status.code()),
                        std::string(status.message().data(), status.message().size()));
}

}  // namespace hearth
