// Snappy, decoding, hashing and lookup of a remote write body for known series, over an appender
// that only looks up.
#include <benchmark/benchmark.h>
#include <snappy.h>

#include "absl/container/flat_hash_map.h"
#include "api/receive/remote_write.h"
#include "proto/remote_write.pb.h"

namespace hearth {
namespace {

class LookupStorage : public Appendable {
 public:
  std::unique_ptr<Appender> NewAppender() override { return std::make_unique<Lookup>(this); }

 private:
  struct Lookup : Appender {
    explicit Lookup(LookupStorage* s) : storage(s) {}
    void Find(std::span<const Fingerprint> fingerprints, std::span<SeriesRef> refs) override {
      for (size_t i = 0; i < fingerprints.size(); ++i) {
        const auto it = storage->refs_.find(fingerprints[i]);
        if (it != storage->refs_.end()) refs[i] = it->second;
      }
    }
    absl::StatusOr<SeriesRef> FindOrCreate(LabelsView labels) override {
      return storage->refs_[labels.Fingerprint()] = SeriesRef{storage->refs_.size() + 1};
    }
    void Append(SeriesRef, Sample sample, TimeMs) override { benchmark::DoNotOptimize(sample); }
    void AppendHistogram(SeriesRef, TimeMs, const Histogram&, TimeMs) override {}
    void AppendExemplar(SeriesRef, const Exemplar&) override {}
    void UpdateMetadata(std::string_view, const Metadata&) override {}
    absl::StatusOr<CommitResult> Commit() override { return CommitResult{}; }
    void Rollback() override {}
    LookupStorage* storage;
  };
  absl::flat_hash_map<Fingerprint, SeriesRef> refs_;
};

// Nine labels, about 174 bytes, one sample: what a node exporter's series look like on the wire.
std::string Body(int series) {
  prometheus::WriteRequest request;
  for (int i = 0; i < series; ++i) {
    prometheus::TimeSeries* const out = request.add_timeseries();
    const auto add = [out](const char* name, std::string value) {
      prometheus::Label* const label = out->add_labels();
      label->set_name(name);
      label->set_value(std::move(value));
    };
    add("__name__", "node_cpu_seconds_total");
    add("cluster", "production-eu-west-1");
    add("cpu", std::to_string(i % 64));
    add("datacenter", "eu-west-1a");
    add("environment", "production");
    add("instance", "10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256) + ":9100");
    add("job", "node");
    add("mode", "idle");
    add("team", "infrastructure");
    prometheus::Sample* const sample = out->add_samples();
    sample->set_timestamp(1'700'000'000'000 + i);
    sample->set_value(0.25 * i);
  }
  std::string compressed;
  const std::string message = request.SerializeAsString();
  snappy::Compress(message.data(), message.size(), &compressed);
  return compressed;
}

void BM_HandleKnownSeries(benchmark::State& state) {
  LookupStorage storage;
  metrics::Registry registry;
  RemoteWrite remote_write(&storage, &registry);
  http::Request request;
  request.method = "POST";
  request.headers = {{"Content-Encoding", "snappy"}};
  request.body = Body(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    if (remote_write.Handle(request).status != 204) state.SkipWithError("not 204");
  }
  state.counters["per_sample"] =
      benchmark::Counter(static_cast<double>(state.iterations() * state.range(0)),
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(BM_HandleKnownSeries)->Arg(2'000)->Arg(20'000);

}  // namespace
}  // namespace hearth
