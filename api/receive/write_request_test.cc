#include "api/receive/write_request.h"

#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/labels.h"
#include "proto/remote_write.pb.h"

namespace hearth {
namespace {

using ::testing::HasSubstr;

prometheus::TimeSeries* AddSeries(const Labels& labels, prometheus::WriteRequest* request) {
  prometheus::TimeSeries* const series = request->add_timeseries();
  for (const Label label : labels) {
    prometheus::Label* const wire = series->add_labels();
    wire->set_name(std::string(label.name));
    wire->set_value(std::string(label.value));
  }
  return series;
}

void AddSample(TimeMs t, double v, prometheus::TimeSeries* series) {
  prometheus::Sample* const sample = series->add_samples();
  sample->set_timestamp(t);
  sample->set_value(v);
}

struct Everything {
  std::vector<std::string> labels;
  std::vector<Sample> samples;
  std::vector<WireMetadata> metadata;
  size_t exemplars = 0, histograms = 0;
  absl::Status status;
};

Everything ReadAll(std::string_view message, size_t series_max = 3, size_t samples_max = 5) {
  Everything all;
  WriteRequestReader reader(message);
  WireBatch batch;
  do {
    all.status = reader.ReadBatch(series_max, samples_max, &batch, &all.metadata);
    EXPECT_LE(batch.series.size(), series_max);
    for (const WireSeries& series : batch.series) {
      all.labels.emplace_back(series.labels);
      for (size_t i = series.samples_begin; i < series.samples_end; ++i) {
        all.samples.push_back(batch.samples[i]);
      }
      all.exemplars += series.exemplars_end - series.exemplars_begin;
      all.histograms += series.histograms_end - series.histograms_begin;
    }
  } while (all.status.ok() && !batch.series.empty());
  return all;
}

prometheus::WriteRequest Example() {
  prometheus::WriteRequest request;
  for (int i = 0; i < 10; ++i) {
    prometheus::TimeSeries* const series =
        AddSeries(Labels{{"__name__", "m"}, {"i", std::to_string(i)}}, &request);
    AddSample(1000 + i, 0.5 * i, series);
    AddSample(2000 + i, -1.0, series);
  }
  prometheus::MetricMetadata* const metadata = request.add_metadata();
  metadata->set_type(prometheus::MetricMetadata::COUNTER);
  metadata->set_metric_family_name("m");
  metadata->set_help("Help.");
  metadata->set_unit("bytes");
  return request;
}

TEST(WriteRequestTest, LabelsComeOutAsCanonicalBytes) {
  const std::string message = Example().SerializeAsString();
  const Everything all = ReadAll(message);
  ASSERT_TRUE(all.status.ok()) << all.status;
  ASSERT_EQ(all.labels.size(), 10u);
  EXPECT_EQ(all.labels[3], (Labels{{"__name__", "m"}, {"i", "3"}}).bytes());
  ASSERT_EQ(all.samples.size(), 20u);
  EXPECT_EQ(all.samples[6].t, 1003);
  EXPECT_EQ(all.samples[6].v, 1.5);
  ASSERT_EQ(all.metadata.size(), 1u);
  EXPECT_EQ(all.metadata[0].metric_family, "m");
  EXPECT_EQ(all.metadata[0].metadata, (Metadata{MetricType::kCounter, "Help.", "bytes"}));
}

TEST(WriteRequestTest, LabelsInterruptedByOtherFieldsAreJoined) {
  prometheus::TimeSeries first, second;
  prometheus::Label* label = first.add_labels();
  label->set_name("__name__");
  label->set_value("m");
  AddSample(1, 1, &first);
  label = second.add_labels();
  label->set_name("x");
  label->set_value("y");
  prometheus::WriteRequest request;
  std::string message = request.SerializeAsString();
  const std::string body = first.SerializeAsString() + second.SerializeAsString();
  message += std::string("\x0a") + static_cast<char>(body.size()) + body;
  const Everything all = ReadAll(message);
  ASSERT_EQ(all.labels.size(), 1u);
  EXPECT_EQ(all.labels[0], (Labels{{"__name__", "m"}, {"x", "y"}}).bytes());
}

TEST(WriteRequestTest, SeriesWithNothingToStoreAreLeftOut) {
  prometheus::WriteRequest request;
  AddSeries(Labels{{"__name__", "a"}}, &request);
  AddSample(1, 1, AddSeries(Labels{{"__name__", "b"}}, &request));
  AddSeries(Labels{{"__name__", "c"}}, &request)->add_histograms()->set_timestamp(5);
  AddSeries(Labels{{"__name__", "d"}}, &request)->add_exemplars()->set_timestamp(5);
  const Everything all = ReadAll(request.SerializeAsString());
  EXPECT_EQ(all.labels.size(), 3u);
  EXPECT_EQ(all.histograms, 1u);
  EXPECT_EQ(all.exemplars, 1u);
}

TEST(WriteRequestTest, UnknownFieldsAreSkipped) {
  std::string message =
      "\x12\x03"
      "abc"
      "\x50\x07";
  message += Example().SerializeAsString();
  EXPECT_EQ(ReadAll(message).labels.size(), 10u);
}

TEST(WriteRequestTest, MalformedBytesNameTheirOffset) {
  const Everything all = ReadAll(std::string_view("\x0a\x02\x12\x00\x0a\x7f\x01", 7));
  EXPECT_EQ(all.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(all.status.message().data()),
              HasSubstr("write request of 7 bytes: malformed field at byte 4"));
}

TEST(WriteRequestTest, EveryTruncationIsReadOrRefused) {
  const std::string message = Example().SerializeAsString();
  for (size_t n = 0; n < message.size(); ++n) {
    const Everything all = ReadAll(std::string_view(message).substr(0, n));
    prometheus::WriteRequest oracle;
    ASSERT_EQ(all.status.ok(), oracle.ParseFromString(message.substr(0, n))) << n << " bytes";
  }
}

// Whatever protobuf's own parser accepts, the reader reads to the same series and samples.
TEST(WriteRequestTest, FuzzedMessagesReadAsProtobufReadsThem) {
  google::protobuf::SetLogHandler(nullptr);  // It tells of every invalid string.
  const std::string message = Example().SerializeAsString();
  for (uint32_t seed = 0; seed < 5000; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    std::string bytes = message;
    for (int edits = 1 + static_cast<int>(random() % 3); edits > 0; --edits) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    const Everything all = ReadAll(bytes);
    prometheus::WriteRequest oracle;
    if (!oracle.ParseFromString(bytes) || !all.status.ok())
      continue;  // They differ in what UTF-8 they take.
    size_t samples = 0, histograms = 0;
    for (const auto& series : oracle.timeseries()) {
      samples += static_cast<size_t>(series.samples_size());
      histograms += static_cast<size_t>(series.histograms_size());
    }
    ASSERT_EQ(all.samples.size(), samples);
    ASSERT_EQ(all.histograms, histograms);
  }
}

}  // namespace
}  // namespace hearth
