// Bodies in the protobuf format.
#include "proto/exposition.pb.h"
#include "scrape/exposition/fuzz_walk.h"
#include "tools/fuzz/fuzz.h"

namespace hearth {
namespace {

void AddHistogram(exposition::MetricFamily* family) {
  family->set_type(exposition::HISTOGRAM);
  exposition::Metric* const metric = family->add_metric();
  exposition::LabelPair* const label = metric->add_label();
  label->set_name("job");
  label->set_value("x");
  metric->set_timestamp_ms(1'700'000'000'000);
  exposition::Histogram* const histogram = metric->mutable_histogram();
  histogram->set_sample_count(3);
  histogram->set_sample_sum(4.5);
  histogram->add_positive_span()->set_length(1);
  exposition::Bucket* const bucket = histogram->add_bucket();
  bucket->set_upper_bound(0.5);
  bucket->set_cumulative_count(2);
  bucket->mutable_exemplar()->set_value(0.25);
  bucket->mutable_exemplar()->mutable_timestamp()->set_seconds(17);
}

}  // namespace

std::vector<std::string> fuzz::Corpus() {
  exposition::MetricFamily counter, histogram, summary;
  counter.set_name("c_seconds_total");
  counter.set_help("help");
  counter.set_unit("seconds");
  counter.add_metric()->mutable_counter()->set_value(3);
  histogram.set_name("h");
  AddHistogram(&histogram);
  summary.set_name("s");
  summary.set_type(exposition::SUMMARY);
  summary.add_metric()->mutable_summary()->add_quantile()->set_quantile(0.9);
  std::string body;
  std::vector<std::string> corpus;
  for (const auto& family : {counter, histogram, summary}) {
    const std::string message = family.SerializeAsString();
    corpus.push_back(static_cast<char>(message.size()) + message);
    body += corpus.back();
  }
  corpus.push_back(body);
  return corpus;
}

}  // namespace hearth

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  hearth::FuzzWalk("PrometheusProto", data, size);
  return 0;
}
