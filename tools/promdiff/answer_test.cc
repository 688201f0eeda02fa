#include "tools/promdiff/answer.h"

#include <gtest/gtest.h>

#include "spdlog/fmt/fmt.h"

namespace hearth::promdiff {
namespace {

Answer Vector(const std::string& series) {
  return ParseAnswer(R"({"status":"success","data":{"resultType":"vector","result":[)" + series +
                     "]}}");
}
std::string One(const std::string& label, const std::string& value) {
  return fmt::format(R"({{"metric":{{"a":"{}"}},"value":[60.5,"{}"]}})", label, value);
}
std::string Compare(const Answer& a, const Answer& b, Closeness closeness = Closeness::kBits) {
  return Difference(a, b, closeness);
}

TEST(AnswerTest, SeriesAreComparedByLabelsInAnyOrder) {
  const Answer one = Vector(One("x", "1") + "," + One("y", "2"));
  const Answer other = Vector(One("y", "2") + "," + One("x", "1"));
  EXPECT_EQ(Compare(one, other), "");
  EXPECT_NE(Difference(one, other, Closeness::kBits, /*ordered=*/true), "");
  EXPECT_NE(Compare(one, Vector(One("x", "1"))), "");
  EXPECT_NE(Compare(one, Vector(One("x", "1") + "," + One("z", "2"))), "");
}

TEST(AnswerTest, EqualValuesMayChangePlacesInAnOrder) {
  const Answer one = Vector(One("x", "1") + "," + One("y", "1"));
  const Answer other = Vector(One("y", "1") + "," + One("x", "1"));
  EXPECT_EQ(Difference(one, other, Closeness::kBits, /*ordered=*/true), "");
}

TEST(AnswerTest, BitsTellApartWhatClosenessForgives) {
  const Answer a = Vector(One("x", "1")), b = Vector(One("x", "1.0000000001"));
  EXPECT_NE(Compare(a, b), "");
  EXPECT_EQ(Compare(a, b, Closeness::kClose), "");
  EXPECT_NE(Compare(a, Vector(One("x", "1.00000001")), Closeness::kClose), "");
  EXPECT_NE(Compare(Vector(One("x", "0")), Vector(One("x", "-0"))), "");
  EXPECT_EQ(Compare(Vector(One("x", "NaN")), Vector(One("x", "NaN"))), "");
  EXPECT_NE(Compare(Vector(One("x", "NaN")), a, Closeness::kClose), "");
  EXPECT_NE(Compare(Vector(One("x", "+Inf")), Vector(One("x", "-Inf")), Closeness::kClose), "");
  EXPECT_EQ(Compare(Vector(One("x", "+Inf")), Vector(One("x", "+Inf")), Closeness::kClose), "");
}

TEST(AnswerTest, TheSameNumberInOtherTextDiffers) {
  EXPECT_NE(Compare(Vector(One("x", "1e3")), Vector(One("x", "1000"))), "");
}

TEST(AnswerTest, ValuesAloneForgiveLabels) {
  const Answer a = Vector(One("x", "1")), b = Vector(One("y", "1"));
  EXPECT_EQ(Compare(a, b, Closeness::kValues), "");
  EXPECT_NE(Compare(a, Vector(One("y", "2")), Closeness::kValues), "");
  EXPECT_EQ(Compare(Vector(One("x", "0")), Vector(One("y", "-0")), Closeness::kValues), "");
}

TEST(AnswerTest, ErrorsAgreeByTheirType) {
  const auto error = [](const char* type) {
    return ParseAnswer(fmt::format(R"({{"status":"error","errorType":"{}","error":"e"}})", type));
  };
  EXPECT_EQ(Compare(error("execution"), error("execution")), "");
  EXPECT_NE(Compare(error("execution"), error("bad_data")), "");
  EXPECT_NE(Compare(error("execution"), Vector("")), "");
  EXPECT_NE(Compare(Vector(""), error("execution")), "");
}

TEST(AnswerTest, WhatIsNoAnswerIsATransportError) {
  for (const char* body : {"", "{", "[]", R"({"status":"success"})",
                           R"({"status":"success","data":{"resultType":"vector","result":[1]}})"}) {
    const Answer answer = ParseAnswer(body);
    EXPECT_FALSE(answer.ok) << body;
    EXPECT_EQ(answer.error_type, "transport") << body;
  }
}

TEST(AnswerTest, AStepOfARangeIsAVector) {
  const Answer range = ParseAnswer(R"({"status":"success","data":{"resultType":"matrix","result":[)"
                                   R"({"metric":{"a":"x"},"values":[[60.5,"1"],[75.5,"2"]]},)"
                                   R"({"metric":{"a":"y"},"values":[[75.5,"3"]]}]}})");
  EXPECT_EQ(Compare(AtStep(range, 60'500), Vector(One("x", "1"))), "");
  EXPECT_EQ(AtStep(range, 75'500).series.size(), 2U);
}

}  // namespace
}  // namespace hearth::promdiff
