#include "api/receive/remote_write.h"

#include <snappy.h>

#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/remote_write.pb.h"
#include "tsdb/fake_storage.h"

namespace hearth {
namespace {

using ::testing::HasSubstr;

struct Point {
  TimeMs t;
  double v;
};

void AddSeries(std::vector<std::pair<std::string, std::string>> labels, std::vector<Point> points,
               prometheus::WriteRequest* request) {
  prometheus::TimeSeries* const series = request->add_timeseries();
  for (const auto& [name, value] : labels) {
    prometheus::Label* const label = series->add_labels();
    label->set_name(name);
    label->set_value(value);
  }
  for (const Point& point : points) {
    prometheus::Sample* const sample = series->add_samples();
    sample->set_timestamp(point.t);
    sample->set_value(point.v);
  }
}

std::string Snappy(std::string_view message) {
  std::string out;
  snappy::Compress(message.data(), message.size(), &out);
  return out;
}

http::Request Post(std::string body) {
  http::Request request;
  request.method = "POST";
  request.headers = {{"Content-Type", "application/x-protobuf"}, {"Content-Encoding", "snappy"}};
  request.body = std::move(body);
  return request;
}

http::Request Post(const prometheus::WriteRequest& request) {
  return Post(Snappy(request.SerializeAsString()));
}

class RemoteWriteTest : public testing::Test {
 protected:
  size_t StoredSamples() const {
    size_t n = 0;
    for (const auto& [fingerprint, series] : storage_.Snapshot()) n += series.samples.size();
    return n;
  }

  FakeStorage storage_;
  metrics::Registry registry_;
  RemoteWrite remote_write_{&storage_, &registry_};
};

TEST_F(RemoteWriteTest, StoresSamplesAndAnswers204) {
  prometheus::WriteRequest request;
  AddSeries({{"__name__", "up"}, {"job", "a"}}, {{1000, 1}}, &request);
  for (int i = 0; i < 2; ++i) {  // The second time: a known series, an identical sample.
    const http::Response response = remote_write_.Handle(Post(request));
    EXPECT_EQ(response.status, 204) << response.body;
    EXPECT_EQ(response.headers.Get("X-Prometheus-Remote-Write-Samples-Written"), "0");
  }
  const auto stored = storage_.Snapshot();
  ASSERT_EQ(stored.size(), 1u);
  EXPECT_EQ(stored.begin()->second.labels.ToString(), "up{job=\"a\"}");
  EXPECT_EQ(StoredSamples(), 1u);
}

TEST_F(RemoteWriteTest, LabelsInAnyOrderAreTheSameSeries) {
  prometheus::WriteRequest request;
  AddSeries({{"__name__", "up"}, {"a", "1"}}, {{1000, 1}}, &request);
  AddSeries({{"a", "1"}, {"empty", ""}, {"__name__", "up"}}, {{2000, 1}}, &request);
  EXPECT_EQ(remote_write_.Handle(Post(request)).status, 204);
  EXPECT_EQ(storage_.Snapshot().size(), 1u);
  EXPECT_EQ(StoredSamples(), 2u);
}

TEST_F(RemoteWriteTest, SkipsAndCountsSeriesWithInvalidLabels) {
  prometheus::WriteRequest request;
  AddSeries({{"job", "a"}}, {{1000, 1}, {2000, 1}}, &request);
  AddSeries({{"__name__", "m"}, {"a", "1"}, {"a", "2"}}, {{1000, 1}}, &request);
  AddSeries({}, {{1000, 1}}, &request);
  AddSeries({{"__name__", "good"}}, {{1000, 1}}, &request);
  EXPECT_EQ(remote_write_.Handle(Post(request)).status, 204);
  EXPECT_EQ(StoredSamples(), 1u);
  std::string text;
  registry_.Render(&text);
  EXPECT_THAT(text, HasSubstr("\nprometheus_api_remote_write_invalid_labels_samples_total 4\n"));
}

TEST_F(RemoteWriteTest, WithoutMemoryForNewSeriesTheKnownOnesAreWrittenAndTheSenderComesAgain) {
  prometheus::WriteRequest request;
  AddSeries({{"__name__", "known"}}, {{1000, 1}}, &request);
  ASSERT_EQ(remote_write_.Handle(Post(request)).status, 204);
  storage_.LimitSeries(1);
  request.Clear();
  AddSeries({{"__name__", "new"}, {"i", "1"}}, {{2000, 1}}, &request);
  AddSeries({{"__name__", "known"}}, {{2000, 1}}, &request);
  AddSeries({{"__name__", "new"}, {"i", "2"}}, {{2000, 1}}, &request);
  const http::Response refused = remote_write_.Handle(Post(request));
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.body, "no memory: 2 series left out, the others are written; try again\n");
  EXPECT_EQ(refused.headers.Get("Retry-After"), "5");
  EXPECT_EQ(StoredSamples(), 2u);
  storage_.LimitSeries(3);
  EXPECT_EQ(remote_write_.Handle(Post(request)).status, 204) << "what was written is a duplicate";
  EXPECT_EQ(StoredSamples(), 4u);
}

TEST_F(RemoteWriteTest, AMessageIsChargedBeforeItIsUnpacked) {
  ByteAccount work("--memory-limit", 100'000, nullptr, ByteAccount::Bound::kWhatIsLeft);
  metrics::Registry registry;
  RemoteWrite remote_write(&storage_, &registry, {.work = &work});
  prometheus::WriteRequest request;
  AddSeries({{"__name__", "a"}, {"long", std::string(150'000, 'x')}}, {{1000, 1}}, &request);
  const http::Response refused = remote_write.Handle(Post(request));
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.body, HasSubstr("that --memory-limit leaves"));
  EXPECT_EQ(refused.headers.Get("Retry-After"), "5");
  EXPECT_EQ(StoredSamples(), 0u);
  work.SetMax(1'000'000);
  EXPECT_EQ(remote_write.Handle(Post(request)).status, 204);
  EXPECT_EQ(work.held(), 0);
}

TEST_F(RemoteWriteTest, KeepsTheGoodSamplesAndNamesTheFirstRefusedOne) {
  prometheus::WriteRequest request;
  AddSeries({{"__name__", "a"}}, {{5000, 1}}, &request);
  ASSERT_EQ(remote_write_.Handle(Post(request)).status, 204);
  AddSeries({{"__name__", "a"}}, {{4000, 1}, {6000, 1}}, &request);
  AddSeries({{"__name__", "b"}}, {{1000, 1}}, &request);
  AddSeries({{"__name__", "a"}}, {{3000, 1}}, &request);
  const http::Response response = remote_write_.Handle(Post(request));
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body,
            "out of order sample: series a at 4000 ms (2 of 5 samples refused, the others are "
            "written)\n");
  EXPECT_EQ(StoredSamples(), 3u);
}

TEST_F(RemoteWriteTest, ADuplicateWithAnotherValueIsRefused) {
  prometheus::WriteRequest request;
  AddSeries({{"__name__", "a"}}, {{5000, 1}, {5000, 2}}, &request);
  const http::Response response = remote_write_.Handle(Post(request));
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr("duplicate sample for timestamp: series a at 5000 ms"));
}

TEST_F(RemoteWriteTest, NativeHistogramsAreRefusedByName) {
  prometheus::WriteRequest request;
  AddSeries({{"__name__", "h"}}, {}, &request);
  request.mutable_timeseries(0)->add_histograms()->set_timestamp(7000);
  AddSeries({{"__name__", "f"}}, {{1000, 1}}, &request);
  const http::Response response = remote_write_.Handle(Post(request));
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr("unsupported sample type: series h at 7000 ms (1 of 2"));
  EXPECT_EQ(StoredSamples(), 1u);
}

TEST_F(RemoteWriteTest, MetadataAndExemplarsReachTheStorage) {
  prometheus::WriteRequest request;
  AddSeries({{"__name__", "a_total"}}, {{1000, 1}}, &request);
  prometheus::Exemplar* const exemplar = request.mutable_timeseries(0)->add_exemplars();
  exemplar->set_value(3);
  exemplar->set_timestamp(900);
  exemplar->add_labels()->set_name("trace_id");
  exemplar->mutable_labels(0)->set_value("x");
  prometheus::MetricMetadata* const metadata = request.add_metadata();
  metadata->set_metric_family_name("a_total");
  metadata->set_type(prometheus::MetricMetadata::COUNTER);
  EXPECT_EQ(remote_write_.Handle(Post(request)).status, 204);
  EXPECT_EQ(storage_.metadata().at("a_total").type, MetricType::kCounter);
  ASSERT_EQ(storage_.exemplars().size(), 1u);
  EXPECT_EQ(storage_.exemplars()[0].labels.Get("trace_id"), "x");
}

TEST_F(RemoteWriteTest, OnlyPostIsAllowed) {
  http::Request request = Post("");
  request.method = "GET";
  EXPECT_EQ(remote_write_.Handle(request).status, 405);
}

TEST_F(RemoteWriteTest, OtherTypesAndEncodingsAre415) {
  prometheus::WriteRequest message;
  AddSeries({{"__name__", "a"}}, {{5000, 1}}, &message);
  const auto status = [&](std::string_view type, std::string_view encoding) {
    http::Request request = Post(message);
    request.headers = {};
    if (!type.empty()) request.headers.Set("Content-Type", type);
    if (!encoding.empty()) request.headers.Set("Content-Encoding", encoding);
    return remote_write_.Handle(request).status;
  };
  EXPECT_EQ(status("", ""), 204);
  EXPECT_EQ(status("application/x-protobuf;proto=prometheus.WriteRequest", "snappy"), 204);
  EXPECT_EQ(status("application/x-protobuf; proto=prometheus.WriteRequest", "snappy"), 204);
  for (const char* type : {"application/json", "image/png", "application/x-protobuf;proto",
                           "application/x-protobuf;proto=io.prometheus.write.v2.Request",
                           "application/x-protobuf;proto=other", "application/x-protobuf;a=b"}) {
    EXPECT_EQ(status(type, "snappy"), 415) << type;
  }
  for (const char* encoding : {"gzip", "deflate", "zstd"}) {
    EXPECT_EQ(status("application/x-protobuf", encoding), 415) << encoding;
  }
}

TEST_F(RemoteWriteTest, BrokenBodiesAre400) {
  prometheus::WriteRequest message;
  AddSeries({{"__name__", "a"}}, {{5000, 1}}, &message);
  const std::string good = Snappy(message.SerializeAsString());
  EXPECT_EQ(remote_write_.Handle(Post(good.substr(0, good.size() - 3))).status, 400);
  EXPECT_EQ(remote_write_.Handle(Post(std::string())).status, 400);
  EXPECT_EQ(remote_write_.Handle(Post(Snappy("no protobuf"))).status, 400);
  EXPECT_EQ(StoredSamples(), 0u);
}

TEST_F(RemoteWriteTest, ADeclaredSizeIsCheckedBeforeMemoryIsTaken) {
  std::string out;
  const absl::Status giant = DecodeSnappy(
      "\xff\xff\xff\xff\x0f"
      "abc",
      32 << 20, &out);
  EXPECT_EQ(giant.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(giant.message().data()), HasSubstr("declares 4294967295 bytes"));
  const absl::Status liar = DecodeSnappy(
      "\x80\x80\x80\x08"
      "abc",
      32 << 20, &out);
  EXPECT_THAT(std::string(liar.message().data()), HasSubstr("more than it can hold"));
  EXPECT_LT(out.capacity(), 100u);
}

TEST_F(RemoteWriteTest, LimitsTheSamplesOfOneMessage) {
  RemoteWrite strict(&storage_, &registry_, {.samples_max = 3});
  prometheus::WriteRequest request;
  AddSeries({{"__name__", "a"}}, {{1, 1}, {2, 1}, {3, 1}, {4, 1}}, &request);
  const http::Response response = strict.Handle(Post(request));
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr("more than 3 samples"));
  EXPECT_EQ(StoredSamples(), 0u);
}

// A storage whose appenders fail as told.
class FailingStorage : public Appendable {
 public:
  absl::Status create, commit;
  std::unique_ptr<Appender> NewAppender() override { return std::make_unique<Failing>(this); }

 private:
  struct Failing : Appender {
    explicit Failing(FailingStorage* s) : storage(s) {}
    void Find(std::span<const Fingerprint>, std::span<SeriesRef>) override {}
    absl::StatusOr<SeriesRef> FindOrCreate(LabelsView) override {
      if (!storage->create.ok()) return storage->create;
      return SeriesRef{1};
    }
    void Append(SeriesRef, Sample, TimeMs) override {}
    void AppendHistogram(SeriesRef, TimeMs, const Histogram&, TimeMs) override {}
    void AppendExemplar(SeriesRef, const Exemplar&) override {}
    void UpdateMetadata(std::string_view, const Metadata&) override {}
    absl::StatusOr<CommitResult> Commit() override { return storage->commit; }
    void Rollback() override {}
    FailingStorage* storage;
  };
};

TEST_F(RemoteWriteTest, StorageErrorsHaveTheirStatusCodes) {
  prometheus::WriteRequest request;
  AddSeries({{"__name__", "a"}}, {{1, 1}}, &request);
  FailingStorage storage;
  RemoteWrite remote_write(&storage, &registry_);
  storage.commit = absl::UnavailableError("disk full");
  EXPECT_EQ(remote_write.Handle(Post(request)).status, 503);
  storage.commit = absl::InternalError("broken");
  EXPECT_EQ(remote_write.Handle(Post(request)).status, 500);
  storage.create = absl::ResourceExhaustedError("series limit of 10 reached");
  const http::Response response = remote_write.Handle(Post(request));
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(response.body, "series limit of 10 reached\n");
}

TEST_F(RemoteWriteTest, FuzzedBodiesAreStoredOrRefused) {
  prometheus::WriteRequest request;
  for (int i = 0; i < 5; ++i) {
    AddSeries({{"__name__", "m"}, {"i", std::to_string(i)}}, {{1000, 1}, {2000, 2}}, &request);
  }
  const std::string seeds[] = {request.SerializeAsString(), Snappy(request.SerializeAsString())};
  for (uint32_t seed = 0; seed < 5000; ++seed) {
    std::mt19937 random(seed);
    std::string bytes = seeds[seed % 2];
    for (int edits = 1 + static_cast<int>(random() % 3); edits > 0; --edits) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    const int status =
        remote_write_.Handle(Post(seed % 2 == 0 ? Snappy(bytes) : std::move(bytes))).status;
    ASSERT_TRUE(status == 204 || status == 400) << status << ", seed " << seed;
  }
  for (const auto& [fingerprint, series] : storage_.Snapshot()) {
    ASSERT_TRUE(IsCanonical(series.labels.bytes()));
    ASSERT_FALSE(series.labels.MetricName().empty());
  }
}

}  // namespace
}  // namespace hearth
