#include "api/v1/json_writer.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

#include "gtest/gtest.h"
#include "model/json_string.h"

namespace hearth {
namespace {

std::string Float(double v) {
  std::string out;
  AppendFloat(v, &out);
  return out;
}

std::string Time(TimeMs t) {
  std::string out;
  AppendTimestamp(t, &out);
  return out;
}

std::string Quoted(std::string_view s) {
  std::string out;
  AppendJsonString(s, &out);
  return out;
}

TEST(JsonWriterTest, FloatsAreShortestWithExponentsOnlyAtTheEnds) {
  EXPECT_EQ(Float(0), "0");
  EXPECT_EQ(Float(-0.0), "-0");
  EXPECT_EQ(Float(1), "1");
  EXPECT_EQ(Float(0.1), "0.1");
  EXPECT_EQ(Float(1e20), "100000000000000000000");
  EXPECT_EQ(Float(1e21), "1e+21");
  EXPECT_EQ(Float(-1.5e300), "-1.5e+300");
  EXPECT_EQ(Float(0.000001), "0.000001");
  EXPECT_EQ(Float(0.0000001), "1e-07");
  EXPECT_EQ(Float(1.25e-9), "1.25e-09");
  EXPECT_EQ(Float(1e-10), "1e-10");
  EXPECT_EQ(Float(1.0 / 3), "0.3333333333333333");
  EXPECT_EQ(Float(std::nan("")), "NaN");
  EXPECT_EQ(Float(HUGE_VAL), "+Inf");
  EXPECT_EQ(Float(-HUGE_VAL), "-Inf");
  EXPECT_EQ(Float(std::numeric_limits<double>::max()), "1.7976931348623157e+308");
}

TEST(JsonWriterTest, LargeIntegersHaveZerosAfterTheShortestDigits) {
  EXPECT_EQ(Float(9223372036854775808.0), "9223372036854776000");
  EXPECT_EQ(Float(-123456789012345678901.0), "-123456789012345680000");
}

TEST(JsonWriterTest, PointsAreAsManyAsGiven) {
  std::vector<Sample> points;
  for (int i = 0; i < 1000; ++i) points.push_back({1'435'781'451'000 + i * 250, i / 3.0});
  for (const size_t count : {0u, 1u, 2u, 999u, 1000u}) {
    std::string one_by_one, at_once;
    JsonWriter slow(&one_by_one), fast(&at_once);
    slow.BeginArray();
    for (size_t i = 0; i < count; ++i) slow.Point(points[i].t, points[i].v);
    slow.EndArray();
    fast.BeginArray().Points(std::span(points).first(count)).EndArray();
    EXPECT_EQ(at_once, "[" + one_by_one + "]");
    EXPECT_EQ(nlohmann::json::parse(at_once)[0].size(), count);
  }
}

TEST(JsonWriterTest, PointsHaveTheTimestampsThatTimestampsHave) {
  const std::vector<TimeMs> times = {-1'500,
                                     -1,
                                     0,
                                     1,
                                     999'999,
                                     1'000'000,
                                     1'000'001,
                                     1'999'999,
                                     2'000'000,
                                     2'000'250,
                                     1'000'000,
                                     1'435'781'451'781,
                                     1'435'781'452'000,
                                     1'435'782'000'000,
                                     INT64_MAX,
                                     INT64_MIN};
  std::vector<Sample> points;
  std::string expected = "[";
  for (const TimeMs t : times) {
    points.push_back({t, 1});
    expected += (expected.size() == 1 ? "[" : ",[") + Time(t) + ",\"1\"]";
  }
  std::string out;
  JsonWriter(&out).Points(points);
  EXPECT_EQ(out, expected + "]");
}

TEST(JsonWriterTest, EscapesAreFoundAtEveryPlace) {
  for (const char c : {'"', '\\', '<', '>', '&', '\n', '\x1f', '\x7f', '\0'}) {
    for (size_t at = 0; at < 20; ++at) {
      std::string text(20, 'x');
      text[at] = c;
      EXPECT_EQ(nlohmann::json::parse(Quoted(text)), text) << at;
      EXPECT_EQ(Quoted(text).find_first_of("<>&"), std::string::npos);
    }
  }
}

TEST(JsonWriterTest, LabelSetsOfAnySizeAreObjects) {
  for (const size_t size : {1u, 100u, 1365u, 2048u, 4080u, 4096u, 10000u}) {
    const Labels labels{{"a", std::string(size, 'v')},
                        {"b", "say \"hi\""},
                        {"c", std::string(size, 'w')},
                        {"d", "plain"}};
    std::string out;
    JsonWriter(&out).LabelSet(labels);
    const nlohmann::json parsed = nlohmann::json::parse(out);
    ASSERT_EQ(parsed.size(), 4u);
    for (const Label label : labels) {
      EXPECT_EQ(parsed[std::string(label.name)].get<std::string>(), label.value);
    }
  }
}

TEST(JsonWriterTest, EveryFloatReadsBackToItsBits) {
  for (uint32_t seed = 0; seed < 5000; ++seed) {
    std::mt19937_64 random(seed);
    const double v = std::bit_cast<double>(static_cast<uint64_t>(random()));
    if (!std::isfinite(v)) continue;
    ASSERT_EQ(std::strtod(Float(v).c_str(), nullptr), v) << "seed " << seed;
  }
}

TEST(JsonWriterTest, TimestampsHaveThreeDecimalsOrNone) {
  EXPECT_EQ(Time(1435781451781), "1435781451.781");
  EXPECT_EQ(Time(1435781451000), "1435781451");
  EXPECT_EQ(Time(1435781451100), "1435781451.100");
  EXPECT_EQ(Time(1), "0.001");
  EXPECT_EQ(Time(0), "0");
  EXPECT_EQ(Time(-1), "-0.001");
  EXPECT_EQ(Time(-1500), "-1.500");
  EXPECT_EQ(Time(std::numeric_limits<TimeMs>::min()), "-9223372036854775.808");
}

TEST(JsonWriterTest, EscapesAsGoDoes) {
  EXPECT_EQ(Quoted("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(Quoted("\n\r\t\x01\x1f"), R"("\n\r\t\u0001\u001f")");
  EXPECT_EQ(Quoted("<&>"), R"("\u003c\u0026\u003e")");
  EXPECT_EQ(Quoted("h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x94\xa5"),
            "\"h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x94\xa5\"");
  EXPECT_EQ(Quoted("\xe2\x80\xa8\xe2\x80\xa9"), R"("\u2028\u2029")");
  EXPECT_EQ(Quoted("a\xff\xc3z"), R"("a\ufffd\ufffdz")");
  EXPECT_EQ(Quoted("\xed\xa0\x80"), R"("\ufffd\ufffd\ufffd")");
  EXPECT_EQ(Quoted("\x7f"), "\"\x7f\"");
}

TEST(JsonWriterTest, FuzzedStringsAreValidJson) {
  for (uint32_t seed = 0; seed < 5000; ++seed) {
    std::mt19937 random(seed);
    std::string text;
    for (size_t n = random() % 20; n > 0; --n) {
      text += random() % 2 == 0 ? "\xe2\x80\xa8\xf0\x9f\x94\xa5 \"\\\n<a"[random() % 14]
                                : static_cast<char>(random());
    }
    const auto parsed = nlohmann::json::parse(Quoted(text), nullptr, /*allow_exceptions=*/false);
    ASSERT_TRUE(parsed.is_string()) << "seed " << seed;
    if (IsValidUtf8(text)) {
      ASSERT_EQ(parsed.get<std::string>(), text) << "seed " << seed;
    }
  }
}

TEST(JsonWriterTest, PutsCommasBetweenValues) {
  std::string out;
  JsonWriter json(&out);
  json.BeginObject().Key("a").BeginArray().Int(-1).Bool(true).Null().Number(0.5).Number(HUGE_VAL);
  json.EndArray().Key("b").BeginObject().EndObject().Key("c").BeginArray().BeginArray().EndArray();
  json.BeginArray().EndArray().EndArray().EndObject();
  EXPECT_EQ(out, R"({"a":[-1,true,null,0.5,null],"b":{},"c":[[],[]]})");
}

TEST(JsonWriterTest, WritesLabelsAndPoints) {
  std::string out;
  JsonWriter json(&out);
  json.BeginArray().LabelSet(Labels{{"__name__", "up"}, {"job", "a"}});
  json.Point(1500, 0.25).Point(2000, std::nan("")).EndArray();
  EXPECT_EQ(out, R"([{"__name__":"up","job":"a"},[1.500,"0.25"],[2,"NaN"]])");
}

TEST(JsonWriterTest, HistogramsListTheirPopulatedBuckets) {
  Histogram histogram;
  histogram.schema = 0;
  histogram.count = 10;
  histogram.sum = 3.5;
  histogram.zero_threshold = 0.001;
  histogram.zero_count = 2;
  histogram.positive_spans = {{0, 2}, {1, 1}};
  histogram.positive_buckets = {1, 0, 3};
  histogram.negative_spans = {{1, 2}};
  histogram.negative_buckets = {1, 3};
  std::string out;
  JsonWriter(&out).Point(1000, histogram);
  EXPECT_EQ(out, R"([1,{"count":"10","sum":"3.5","buckets":[[1,"-4","-2","3"],[1,"-2","-1","1"],)"
                 R"([3,"-0.001","0.001","2"],[0,"0.5","1","1"],[0,"4","8","3"]]}])");
  out.clear();
  JsonWriter(&out).Point(1000, Histogram{});
  EXPECT_EQ(out, R"([1,{"count":"0","sum":"0"}])");
  Histogram custom;
  custom.schema = kCustomBucketsSchema;
  custom.custom_values = {5};
  custom.positive_spans = {{0, 2}};
  custom.positive_buckets = {1, 2};
  out.clear();
  JsonWriter(&out).Point(1000, custom);
  EXPECT_EQ(out,
            R"([1,{"count":"0","sum":"0","buckets":[[3,"-Inf","5","1"],[0,"5","+Inf","2"]]}])");
}

}  // namespace
}  // namespace hearth
