#include "tools/bench/batch_source.h"

#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/remote_write.pb.h"
#include "tools/bench/trace_fixture.h"

namespace hearth::bench {
namespace {

// "labels value @t" of each sample in a batch.
std::vector<std::string> Decode(const WriteBody& body) {
  prometheus::WriteRequest request;
  EXPECT_TRUE(request.ParseFromString(std::string(body.message())));
  std::vector<std::string> result;
  for (const auto& series : request.timeseries()) {
    LabelsBuilder labels;
    for (const auto& label : series.labels()) labels.Set(label.name(), label.value());
    std::ostringstream text;
    text << labels.Build().ToString() << " " << series.samples(0).value() << " @"
         << series.samples(0).timestamp();
    result.push_back(text.str());
  }
  return result;
}

std::vector<std::vector<std::string>> Drain(BatchSource* source, int samples_max) {
  std::vector<std::vector<std::string>> batches;
  for (;;) {
    WriteBody body;
    const absl::Status status = source->Next(samples_max, &body);
    EXPECT_TRUE(status.ok()) << status;
    if (!status.ok() || body.samples() == 0) return batches;
    batches.push_back(Decode(body));
  }
}

TEST(BatchSourceTest, ModelGivesEachStepInBatches) {
  const SeriesModel model({.series = 10});
  const auto source = NewModelSource(&model, 2, 7, {1000, 15, 3});
  const auto batches = Drain(source.get(), 3);
  ASSERT_EQ(batches.size(), 6u);
  EXPECT_EQ(batches[0].size(), 3u);
  EXPECT_EQ(batches[1].size(), 2u);
  EXPECT_THAT(batches[0][0], testing::AllOf(testing::StartsWith(model.metric_name(2)),
                                            testing::EndsWith("@1000")));
  EXPECT_THAT(batches[5][1], testing::EndsWith("@1030"));
}

TEST(BatchSourceTest, TraceGivesEachRoundAStep) {
  const std::string path = WriteTraceFile(ZstdCompress(
      EncodeTraceRecord(0, 1000, "# TYPE a counter\na{job=\"x\"} 1\nb 2\n") +
      EncodeTraceRecord(4, 1009, "a{job=\"x\"} 3\n") +
      EncodeTraceRecord(0, 2000, "a{job=\"x\"} 4") + EncodeTraceRecord(4, 2010, "c 0.25\n")));
  const auto source = NewTraceSource(path, {{"run", "1"}}, {50'000, 15'000, 100});
  ASSERT_TRUE(source.ok()) << source.status();
  const auto batches = Drain(source->get(), 2);
  ASSERT_EQ(batches.size(), 3u);
  EXPECT_THAT(batches[0],
              testing::ElementsAre(
                  "a{exported_job=\"x\", instance=\"127.0.0.1:9100\", "
                  "job=\"prometheus\", run=\"1\"} 1 @50000",
                  "b{instance=\"127.0.0.1:9100\", job=\"prometheus\", run=\"1\"} 2 @50000"));
  EXPECT_THAT(batches[1], testing::ElementsAre(testing::HasSubstr("job=\"victoriametrics\"")));
  EXPECT_THAT(batches[2], testing::ElementsAre(testing::EndsWith(" 4 @65000"),
                                               testing::EndsWith(" 0.25 @65000")));
}

TEST(BatchSourceTest, TraceStopsAfterItsSteps) {
  const std::string path = WriteTraceFile(
      ZstdCompress(EncodeTraceRecord(0, 1000, "a 1\n") + EncodeTraceRecord(0, 2000, "a 2\n")));
  const auto source = NewTraceSource(path, {}, {0, 1000, 1});
  ASSERT_TRUE(source.ok());
  EXPECT_EQ(Drain(source->get(), 10).size(), 1u);
}

TEST(BatchSourceTest, TraceNamesABrokenBody) {
  const std::string path = WriteTraceFile(ZstdCompress(EncodeTraceRecord(2, 1000, "a one\n")));
  const auto source = NewTraceSource(path, {}, {0, 1000, 1});
  ASSERT_TRUE(source.ok());
  WriteBody body;
  const absl::Status status = (*source)->Next(10, &body);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("target 2 at 1000: line 1"));
}

}  // namespace
}  // namespace hearth::bench
