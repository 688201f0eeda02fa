#include "tsdb/wal/record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "tsdb/golden_file.h"
#include "tsdb/wal/frame.h"

namespace hearth {
namespace {

std::vector<WalSample> RandomSamples(std::mt19937_64& random) {
  std::vector<WalSample> samples;
  WalSample s{static_cast<WalRef>(random() % 1000), 1'700'000'000'000, 0};
  const size_t n = random() % 200;
  for (size_t i = 0; i < n; ++i) {
    s.ref = random() % 8 == 0 ? static_cast<WalRef>(random()) : s.ref + 1;
    if (random() % 8 == 0) s.t = static_cast<TimeMs>(random());
    s.v = random() % 2 == 0 ? static_cast<double>(random() % 100'000)
                            : std::bit_cast<double>(random());
    samples.push_back(s);
  }
  return samples;
}

// Every kind of value at every kind of time, in every order: what XOR, zigzag and the left-out
// bytes could get wrong.
TEST(WalRecordTest, ExtremeValuesAndTimesRoundTrip) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  const double values[] = {0.0,
                           -0.0,
                           kInf,
                           -kInf,
                           StaleNaN(),
                           std::bit_cast<double>(uint64_t{0x7ff8000000000001}),
                           std::bit_cast<double>(uint64_t{0xfff00000deadbeef}),
                           std::numeric_limits<double>::denorm_min(),
                           std::numeric_limits<double>::max(),
                           -std::numeric_limits<double>::min()};
  constexpr TimeMs kMin = std::numeric_limits<TimeMs>::min();
  constexpr TimeMs kMax = std::numeric_limits<TimeMs>::max();
  const TimeMs times[] = {kMin, kMax, 0, -1, 1, kMin + 1, kMax - 1, 1'700'000'000'000};
  const WalRef refs[] = {0, UINT32_MAX, 1, UINT32_MAX - 1, 7};
  SamplesEncoder encoder;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    std::vector<WalSample> samples(random() % 50 + 1);
    encoder.Reset();
    for (WalSample& s : samples) {
      s = {refs[random() % std::size(refs)], times[random() % std::size(times)],
           values[random() % std::size(values)]};
      encoder.Add(s.ref, s.t, s.v);
    }
    std::vector<WalSample> decoded;
    ASSERT_TRUE(DecodeSamples(encoder.payload(), &decoded).ok());
    ASSERT_EQ(decoded.size(), samples.size());
    for (size_t i = 0; i < samples.size(); ++i) {
      EXPECT_EQ(decoded[i].ref, samples[i].ref);
      EXPECT_EQ(decoded[i].t, samples[i].t);
      EXPECT_TRUE(SameBits(decoded[i].v, samples[i].v));
    }
  }
}

TEST(WalRecordTest, SamplesRoundTripBitForBit) {
  SamplesEncoder encoder;
  std::vector<WalSample> decoded;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const std::vector<WalSample> samples = RandomSamples(random);
    encoder.Reset();
    for (const WalSample& s : samples) encoder.Add(s.ref, s.t, s.v);
    ASSERT_TRUE(DecodeSamples(encoder.payload(), &decoded).ok());
    ASSERT_EQ(decoded.size(), samples.size());
    for (size_t i = 0; i < samples.size(); ++i) {
      EXPECT_EQ(decoded[i].ref, samples[i].ref);
      EXPECT_EQ(decoded[i].t, samples[i].t);
      EXPECT_TRUE(SameBits(decoded[i].v, samples[i].v));
    }
  }
}

TEST(WalRecordTest, SpecialValuesAndTheEndsOfTimeRoundTrip) {
  constexpr TimeMs kMin = std::numeric_limits<TimeMs>::min(),
                   kMax = std::numeric_limits<TimeMs>::max();
  SamplesEncoder encoder;
  const WalSample samples[] = {{0, kMin, StaleNaN()},
                               {UINT32_MAX, kMax, -0.0},
                               {0, 0, NormalNaN()},
                               {1, 0, 0.0},
                               {2, 0, std::numeric_limits<double>::infinity()}};
  for (const WalSample& s : samples) encoder.Add(s.ref, s.t, s.v);
  std::vector<WalSample> decoded;
  ASSERT_TRUE(DecodeSamples(encoder.payload(), &decoded).ok());
  ASSERT_EQ(decoded.size(), std::size(samples));
  for (size_t i = 0; i < decoded.size(); ++i) {
    EXPECT_EQ(decoded[i].ref, samples[i].ref);
    EXPECT_EQ(decoded[i].t, samples[i].t);
    EXPECT_TRUE(SameBits(decoded[i].v, samples[i].v));
  }
}

TEST(WalRecordTest, ASampleOfASteadyScrapeTakesFewBytes) {
  SamplesEncoder encoder;
  for (WalRef ref = 0; ref < 1000; ++ref) encoder.Add(ref, 1'700'000'000'000, ref * 37.0);
  EXPECT_LE(encoder.size(), 4600u);
}

Histogram SomeHistogram() {
  Histogram h;
  h.counter_reset_hint = CounterResetHint::kNotReset;
  h.schema = -53;
  h.zero_threshold = 1e-128;
  h.zero_count = 2;
  h.count = 12;
  h.sum = -3.5;
  h.positive_spans = {{-3, 2}, {1, 1}};
  h.positive_buckets = {4, 5, 1};
  h.negative_spans = {{7, 1}};
  h.negative_buckets = {2};
  h.custom_values = {0.5, 1, 2};
  return h;
}

// One payload of each kind with two items, for the damage test.
std::vector<std::pair<WalRecordType, std::string>> OneOfEach() {
  const Labels labels = {{"__name__", "up"}, {"job", "a"}};
  std::string series, histograms, starts, exemplars, metadata, segments;
  SamplesEncoder samples;
  for (WalRef ref = 5; ref < 7; ++ref) {
    EncodeSeries(ref, labels.bytes(), &series);
    samples.Add(ref, 1000 + ref, 1.5);
    EncodeHistogram({ref, 77, SomeHistogram()}, &histograms);
    EncodeStartTimestamp({ref, 77, -5}, &starts);
    EncodeExemplar({ref, {labels, 2.5, 99}}, &exemplars);
    EncodeSegmentNote({ref, 1000 * ref, 77'000'000'000, {-5, 1'700'000'000'000}}, &segments);
    EncodeMetadata({"http_requests", {MetricType::kCounter, "How many.", "requests"}}, &metadata);
  }
  return {{WalRecordType::kSeries, series},
          {WalRecordType::kSamples, std::string(samples.payload())},
          {WalRecordType::kHistograms, histograms},
          {WalRecordType::kStartTimestamps, starts},
          {WalRecordType::kExemplars, exemplars},
          {WalRecordType::kMetadata, metadata},
          {WalRecordType::kLateSamples, std::string(samples.payload())},
          {WalRecordType::kSegments, segments}};
}

// Decodes a payload of any type and tells how many items it had.
absl::StatusOr<size_t> Decode(WalRecordType type, std::string_view payload) {
  const auto with = [&](auto out, auto decode) -> absl::StatusOr<size_t> {
    const absl::Status status = decode(payload, &out);
    if (!status.ok()) {
      EXPECT_TRUE(out.empty());
      return status;
    }
    return out.size();
  };
  switch (type) {
    case WalRecordType::kSeries:
      return with(std::vector<WalSeries>(), DecodeSeries);
    case WalRecordType::kSamples:
    case WalRecordType::kLateSamples:
      return with(std::vector<WalSample>(), DecodeSamples);
    case WalRecordType::kHistograms:
      return with(std::vector<WalHistogram>(), DecodeHistograms);
    case WalRecordType::kStartTimestamps:
      return with(std::vector<WalStartTimestamp>(), DecodeStartTimestamps);
    case WalRecordType::kExemplars:
      return with(std::vector<WalExemplar>(), DecodeExemplars);
    case WalRecordType::kMetadata:
      return with(std::vector<WalMetadata>(), DecodeMetadata);
    case WalRecordType::kSegments:
      return with(std::vector<WalSegmentNote>(), DecodeSegments);
  }
  return absl::InternalError("no such type");
}

TEST(WalRecordTest, TheWorkedExampleOfTheFormatPageIsWhatIsWrittenAndRead) {
  std::map<std::string, std::string> golden = ReadGoldenFile("wal.golden");
  EXPECT_EQ(golden["segment header"], SegmentHeader(kWalKind, 7));
  Frame frame;
  ASSERT_TRUE(ParseFrame(kWalKind, golden["series frame"], &frame));
  EXPECT_EQ(frame.lsn, 41u);
  std::vector<WalSeries> series;
  ASSERT_TRUE(DecodeSeries(frame.payload, &series).ok());
  ASSERT_EQ(series.size(), 1u);
  EXPECT_EQ(series[0].ref, 0u);
  EXPECT_EQ(LabelsView(series[0].labels).ToString(), "up{job=\"node\"}");
  std::string written;
  AppendFrame(kWalKind, 1, 41, frame.payload, &written);
  EXPECT_EQ(written, golden["series frame"]);

  ASSERT_TRUE(ParseFrame(kWalKind, golden["samples frame"], &frame));
  EXPECT_EQ(frame.lsn, 42u);
  std::vector<WalSample> samples;
  ASSERT_TRUE(DecodeSamples(frame.payload, &samples).ok());
  ASSERT_EQ(samples.size(), 3u);
  const TimeMs t0 = 1'700'000'000'000;
  const WalSample expected[] = {{0, t0, 1}, {1, t0, 12345}, {0, t0 + 15'000, StaleNaN()}};
  SamplesEncoder encoder;
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(samples[i].ref, expected[i].ref);
    EXPECT_EQ(samples[i].t, expected[i].t);
    EXPECT_TRUE(SameBits(samples[i].v, expected[i].v));
    encoder.Add(expected[i].ref, expected[i].t, expected[i].v);
  }
  EXPECT_EQ(encoder.payload(), frame.payload);

  ASSERT_TRUE(ParseFrame(kWalKind, golden["late samples frame"], &frame));
  EXPECT_EQ(frame.lsn, 43u);
  EXPECT_EQ(frame.type, static_cast<uint8_t>(WalRecordType::kLateSamples));
  ASSERT_TRUE(DecodeSamples(frame.payload, &samples).ok());
  ASSERT_EQ(samples.size(), 1u);
  EXPECT_EQ(samples[0].ref, 0u);
  EXPECT_EQ(samples[0].t, t0 - 5000);
  EXPECT_EQ(samples[0].v, 3);
}

TEST(WalRecordTest, EveryKindRoundTrips) {
  const auto records = OneOfEach();
  for (const auto& [type, payload] : records) {
    EXPECT_EQ(Decode(type, payload).value(), 2u) << static_cast<int>(type);
  }
  std::vector<WalSeries> series;
  ASSERT_TRUE(DecodeSeries(records[0].second, &series).ok());
  EXPECT_EQ(series[1].ref, 6u);
  EXPECT_EQ(LabelsView(series[1].labels).ToString(), "up{job=\"a\"}");

  std::vector<WalHistogram> histograms;
  ASSERT_TRUE(DecodeHistograms(records[2].second, &histograms).ok());
  const Histogram& h = histograms[0].histogram;
  EXPECT_EQ(histograms[0].ref, 5u);
  EXPECT_EQ(histograms[0].t, 77);
  EXPECT_EQ(h.counter_reset_hint, CounterResetHint::kNotReset);
  EXPECT_EQ(h.schema, -53);
  EXPECT_EQ(h.zero_threshold, 1e-128);
  EXPECT_EQ(h.count, 12);
  EXPECT_EQ(h.sum, -3.5);
  EXPECT_EQ(h.positive_spans, SomeHistogram().positive_spans);
  EXPECT_EQ(h.negative_spans, SomeHistogram().negative_spans);
  EXPECT_EQ(h.positive_buckets, SomeHistogram().positive_buckets);
  EXPECT_EQ(h.negative_buckets, SomeHistogram().negative_buckets);
  EXPECT_EQ(h.custom_values, SomeHistogram().custom_values);

  std::vector<WalStartTimestamp> starts;
  ASSERT_TRUE(DecodeStartTimestamps(records[3].second, &starts).ok());
  EXPECT_EQ(starts[1].start_t, -5);

  std::vector<WalExemplar> exemplars;
  ASSERT_TRUE(DecodeExemplars(records[4].second, &exemplars).ok());
  EXPECT_EQ(exemplars[0].exemplar.labels.Get("job"), "a");
  EXPECT_EQ(exemplars[0].exemplar.value, 2.5);
  EXPECT_EQ(exemplars[0].exemplar.t, 99);

  std::vector<WalMetadata> metadata;
  ASSERT_TRUE(DecodeMetadata(records[5].second, &metadata).ok());
  EXPECT_EQ(metadata[0].metric_family, "http_requests");
  EXPECT_EQ(metadata[0].metadata, (Metadata{MetricType::kCounter, "How many.", "requests"}));

  std::vector<WalSegmentNote> notes;
  ASSERT_TRUE(DecodeSegments(records[7].second, &notes).ok());
  EXPECT_EQ(notes[1].segment, 6u);
  EXPECT_EQ(notes[1].series, 6000u);
  EXPECT_EQ(notes[1].last_lsn, 77'000'000'000u);
  EXPECT_EQ(notes[1].times, (TimeRange{-5, 1'700'000'000'000}));
}

TEST(WalRecordTest, TruncationAtEveryByteIsAnErrorOrAShorterList) {
  for (const auto& [type, payload] : OneOfEach()) {
    for (size_t n = 0; n < payload.size(); ++n) {
      const std::string cut = payload.substr(0, n);
      const absl::StatusOr<size_t> items = Decode(type, cut);
      if (items.ok()) {
        EXPECT_LT(*items, 2u);
      } else {
        EXPECT_EQ(items.status().code(), absl::StatusCode::kDataLoss);
      }
    }
  }
}

TEST(WalRecordTest, MutatedPayloadsNeverBreakTheDecoders) {
  const auto records = OneOfEach();
  for (uint64_t seed = 0; seed < 5000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    auto [type, payload] = records[random() % records.size()];
    for (uint64_t i = 0; i <= random() % 5; ++i) {
      payload[random() % payload.size()] = static_cast<char>(random());
    }
    if (random() % 3 == 0) payload.resize(random() % payload.size());
    const absl::StatusOr<size_t> items = Decode(type, payload);
    if (items.ok()) {
      EXPECT_LE(*items, payload.size());
    } else {
      EXPECT_EQ(items.status().code(), absl::StatusCode::kDataLoss);
    }
  }
}

}  // namespace
}  // namespace hearth
