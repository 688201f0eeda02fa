#include "scrape/exposition/protobuf_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "google/protobuf/text_format.h"
#include "model/text.h"
#include "proto/exposition.pb.h"
#include "scrape/exposition/parsed_text.h"

namespace hearth {
namespace {

using ::testing::HasSubstr;

std::string Delimited(const std::string& message) {
  std::string out;
  for (size_t length = message.size();; length >>= 7) {
    out.push_back(static_cast<char>(length < 0x80 ? length : (length & 0x7f) | 0x80));
    if (length < 0x80) return out + message;
  }
}

// The body of families given in protobuf's text format.
std::string Body(const std::vector<std::string>& families) {
  std::string body;
  for (const std::string& text : families) {
    exposition::MetricFamily family;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &family)) << text;
    body += Delimited(family.SerializeAsString());
  }
  return body;
}

std::string Parsed(std::string_view body) {
  ProtobufParser parser(body);
  return ParsedText(&parser);
}
std::string ParsedFamilies(const std::vector<std::string>& families) {
  return Parsed(Body(families));
}

TEST(ProtobufParserTest, ReadsPlainFamilies) {
  EXPECT_EQ(ParsedFamilies({R"(name: "a_seconds" help: "A\\n help" type: GAUGE unit: "seconds"
                 metric { label { name: "x" value: "y" } label { name: "z" } gauge { value: 1.5 } }
                 metric { gauge { value: -2 } timestamp_ms: 1700000000123 })",
                            R"(name: "b_total" type: COUNTER metric { counter { value: 3 } })",
                            R"(name: "c" type: UNTYPED metric { untyped { value: nan } })"}),
            "HELP a_seconds A\\n help\nTYPE a_seconds gauge\nUNIT a_seconds seconds\n"
            "a_seconds{x=\"y\"} 1.5\na_seconds -2 @1700000000123\n"
            "HELP b_total \nTYPE b_total counter\nb_total 3\n"
            "HELP c \nTYPE c unknown\nc nan\n");
}

TEST(ProtobufParserTest, AnEmptyBodyHasNothing) {
  EXPECT_EQ(Parsed(std::string_view()), "");
  EXPECT_EQ(ParsedFamilies({R"(name: "a")"}), "HELP a \nTYPE a counter\n");
}

TEST(ProtobufParserTest, LabelsAreLimitedInNumber) {
  const auto labels = [](size_t count) {
    std::string text;
    for (size_t i = 0; i < count; ++i) text += " label { name: \"l" + std::to_string(i) + "\" }";
    return text;
  };
  const auto metric = [](const std::string& fields, const std::string& exemplar) {
    return "name: \"a_total\" type: COUNTER metric {" + fields + " counter { value: 1 exemplar {" +
           exemplar + " value: 1 } } }";
  };
  EXPECT_EQ(ParsedFamilies({metric(labels(kLabelsMax), labels(kLabelsMax))}),
            "HELP a_total \nTYPE a_total counter\na_total 1 # {} 1 @1\n");
  const std::string refused = "more than 10000 labels of metric \"a_total\"";
  EXPECT_THAT(ParsedFamilies({metric(labels(kLabelsMax + 1), "")}), HasSubstr(refused));
  EXPECT_THAT(ParsedFamilies({metric("", labels(kLabelsMax + 1))}), HasSubstr(refused));
}

TEST(ProtobufParserTest, AValueThatIsMissingIsZero) {
  EXPECT_EQ(ParsedFamilies({R"(name: "a" metric {} metric { gauge { value: 5 } })"}),
            "HELP a \nTYPE a counter\na 0\na 0\n");
}

TEST(ProtobufParserTest, HistogramsAndSummariesAreManySamples) {
  EXPECT_EQ(
      ParsedFamilies(
          {R"(name: "h" type: HISTOGRAM metric { label { name: "a" value: "b" } timestamp_ms: 7
                   histogram { sample_count: 4 sample_sum: 2.5
                     bucket { cumulative_count: 1 upper_bound: 0.5 }
                     bucket { cumulative_count: 3 upper_bound: 1 } } })",
           R"(name: "s" type: SUMMARY metric { summary { sample_count: 2 sample_sum: 9
                   quantile { quantile: 0.5 value: 4 } quantile { quantile: 1 value: 5 } } })"}),
      "HELP h \nTYPE h histogram\nh_count{a=\"b\"} 4 @7\nh_sum{a=\"b\"} 2.5 @7\n"
      "h_bucket{a=\"b\", le=\"0.5\"} 1 @7\nh_bucket{a=\"b\", le=\"1.0\"} 3 @7\n"
      "h_bucket{a=\"b\", le=\"+Inf\"} 4 @7\n"
      "HELP s \nTYPE s summary\ns_count 2\ns_sum 9\ns{quantile=\"0.5\"} 4\ns{quantile=\"1.0\"} "
      "5\n");
}

TEST(ProtobufParserTest, TheInfiniteBucketIsNotDoubled) {
  EXPECT_EQ(ParsedFamilies({R"(name: "h" type: GAUGE_HISTOGRAM metric { histogram { sample_count: 4
                         bucket { cumulative_count: 5 upper_bound: inf } } })"}),
            "HELP h \nTYPE h gaugehistogram\nh_count 4\nh_sum 0\nh_bucket{le=\"+Inf\"} 5\n");
}

TEST(ProtobufParserTest, CountsMayBeFloats) {
  EXPECT_EQ(
      ParsedFamilies({R"(name: "h" type: HISTOGRAM metric { histogram { sample_count_float: 4.5
                         bucket { cumulative_count_float: 2.5 upper_bound: 1 } } })"}),
      "HELP h \nTYPE h histogram\nh_count 4.5\nh_sum 0\nh_bucket{le=\"1.0\"} 2.5\n"
      "h_bucket{le=\"+Inf\"} 4.5\n");
}

TEST(ProtobufParserTest, NativeHistogramsKeepTheirClassicPartAndAreCounted) {
  const std::string body = Body({R"(name: "n" type: HISTOGRAM
               metric { histogram { sample_count: 3 sample_sum: 6 schema: 3 zero_threshold: 0.001
                        positive_span { length: 2 } positive_delta: 1 positive_delta: 1 } }
               metric { label { name: "a" value: "b" } histogram { sample_count: 1
                        bucket { cumulative_count: 1 upper_bound: 2 } } })"});
  ProtobufParser parser(body);
  EXPECT_EQ(ParsedText(&parser),
            "HELP n \nTYPE n histogram\nn_count 3\nn_sum 6\nn_bucket{le=\"+Inf\"} 3\n"
            "n_count{a=\"b\"} 1\nn_sum{a=\"b\"} 0\nn_bucket{a=\"b\", le=\"2.0\"} 1\n"
            "n_bucket{a=\"b\", le=\"+Inf\"} 1\n");
  EXPECT_EQ(parser.native_histograms(), 1u);
}

TEST(ProtobufParserTest, ExemplarsOfCountersAndBuckets) {
  EXPECT_EQ(ParsedFamilies({R"(name: "c" metric { counter { value: 1 exemplar { value: 2
                   label { name: "trace_id" value: "x" }
                   timestamp { seconds: 17 nanos: 5600000 } } } })",
                            R"(name: "h" type: HISTOGRAM metric { histogram { sample_count: 1
                   bucket { upper_bound: 1 cumulative_count: 1 exemplar { value: 0.5 } } } })"}),
            "HELP c \nTYPE c counter\nc 1 # {trace_id=\"x\"} 2 @17005\n"
            "HELP h \nTYPE h histogram\nh_count 1\nh_sum 0\nh_bucket{le=\"1.0\"} 1 # {} 0.5 @1\n"
            "h_bucket{le=\"+Inf\"} 1\n");
}

TEST(ProtobufParserTest, ErrorsNameMessageAndByte) {
  const std::pair<const char*, const char*> cases[] = {
      {R"(help: "x")", "message 2 at byte 5: invalid metric name: \"\""},
      {R"(name: "a" unit: "s")", "message 2 at byte 5: unit \"s\" not a suffix of metric \"a\""},
      {R"(name: "as_total" unit: "s")",
       "message 2 at byte 5: unit \"s\" not a suffix of metric \"as_total\""},
      {R"(name: "a" metric { label { value: "x" } })",
       "message 2 at byte 5: invalid label name \"\" of metric \"a\""},
      {R"(name: "a" metric { label { name: "x" value: "1" } label { name: "x" value: "2" } })",
       "message 2 at byte 5: label name \"x\" is not unique: invalid sample"},
      {R"(name: "a" metric { counter { exemplar { value: 1 timestamp { seconds: 10000000000000000 }
          } } })",
       "message 2 at byte 5: invalid timestamp of an exemplar of metric \"a\""},
  };
  const std::string first = Body({R"(name: "f")"});
  ASSERT_EQ(first.size(), 4u);
  for (const auto& [family, error] : cases) {
    const std::string parsed = Parsed(first + Body({family}));
    const size_t at = parsed.find("error: ");
    ASSERT_NE(at, std::string::npos) << family;
    EXPECT_EQ(parsed.substr(at + 7), error) << family;
  }
}

TEST(ProtobufParserTest, BytesThatAreNoMessagesAreRefused) {
  const std::pair<std::string, const char*> cases[] = {
      {std::string("\x05\x0a\x01") + "a", "length 5 exceeds the 3 bytes that are left"},
      {std::string("\x03\x0a\x05") + "a", "malformed protobuf"},
      {std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11), "malformed protobuf"},
      {std::string("\x80"), "malformed protobuf"},
      {std::string("\x05\x0a\x01") + "a" + "\x18\x09", "unknown metric type for metric \"a\": 9"},
      {std::string("\x03\x0a\x01\xff", 4), "invalid metric name: \"\\xff\""},
  };
  for (const auto& [body, error] : cases) {
    EXPECT_NE(Parsed(body).find(error), std::string::npos) << Parsed(body);
  }
}

TEST(ProtobufParserTest, SeriesTextsAreTheSameInEveryBodyAndDifferInOne) {
  const std::string body =
      Body({R"(name: "h" type: HISTOGRAM metric { label { name: "a" value: "b" }
          histogram { bucket { upper_bound: 1 } bucket { upper_bound: 2 } } }
          metric { histogram { bucket { upper_bound: 1 } } })",
            R"(name: "s" type: SUMMARY metric { summary { quantile { quantile: 0 } } })"});
  std::vector<std::string> texts;
  ProtobufParser first(body);
  for (auto e = first.Next(); e != ExpositionParser::Entry::kEnd; e = first.Next()) {
    ASSERT_NE(e, ExpositionParser::Entry::kError) << first.status();
    if (e != ExpositionParser::Entry::kSample) continue;
    ASSERT_TRUE(first.ScanSeries());
    for (const std::string& other : texts) {
      EXPECT_NE(other.substr(0, first.series().size()), first.series());
    }
    texts.emplace_back(first.series());
  }
  ASSERT_EQ(texts.size(), 5u + 4u + 3u);
  size_t i = 0;
  ProtobufParser second(body);
  for (auto e = second.Next(); e != ExpositionParser::Entry::kEnd; e = second.Next()) {
    if (e != ExpositionParser::Entry::kSample) continue;
    ASSERT_TRUE(ExpositionParser::SeriesEndsAt(second.unread(), texts[i].size()));
    second.SkipSeries(texts[i].size());
    EXPECT_EQ(second.series(), texts[i++]);
    ASSERT_TRUE(second.ReadValue());
  }
  EXPECT_EQ(i, texts.size());
}

TEST(ProtobufParserTest, CreatedTimestampsAreStartTimes) {
  const std::string body = Body({R"(name: "c" type: COUNTER metric { counter { value: 3
            created_timestamp { seconds: 1600000000 nanos: 5000000 } } } metric {})",
                                 R"(name: "s" type: SUMMARY metric { summary { sample_count: 2
            created_timestamp { seconds: 7 } } })",
                                 R"(name: "h" type: HISTOGRAM metric { histogram { sample_count: 2
            created_timestamp { seconds: 8 } } })",
                                 R"(name: "bad" type: COUNTER metric { counter { value: 1
            created_timestamp { seconds: 9223372036854775807 } } })"});
  EXPECT_EQ(Parsed(body),
            "HELP c \nTYPE c counter\nc 3 since 1600000000005\nc 0\n"
            "HELP s \nTYPE s summary\ns_count 2 since 7000\ns_sum 0 since 7000\n"
            "HELP h \nTYPE h histogram\nh_count 2 since 8000\nh_sum 0 since 8000\n"
            "h_bucket{le=\"+Inf\"} 2 since 8000\nHELP bad \nTYPE bad counter\nbad 1\n");
}

}  // namespace
}  // namespace hearth
