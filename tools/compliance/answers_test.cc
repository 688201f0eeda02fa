#include "tools/compliance/answers.h"

#include "gtest/gtest.h"

namespace hearth::compliance {
namespace {

nlohmann::json Answer(const std::string& type, const std::string& result) {
  return nlohmann::json::parse(R"({"status":"success","data":{"resultType":")" + type +
                               R"(","result":)" + result + "}}");
}

const nlohmann::json kFailure = nlohmann::json::parse(R"({"status":"error","error":"x"})");

TEST(AnswersTest, TellsDataFromNothingAndFailure) {
  EXPECT_TRUE(HasData(Answer("scalar", "[1,\"2\"]")));
  EXPECT_FALSE(HasData(Answer("vector", "[]")));
  EXPECT_TRUE(Succeeded(Answer("vector", "[]")));
  EXPECT_FALSE(HasData(kFailure));
  EXPECT_FALSE(Succeeded(nlohmann::json()));
}

TEST(AnswersTest, EqualAnswersHaveNoDifference) {
  EXPECT_EQ(Difference(kFailure, kFailure), "");
  EXPECT_EQ(Difference(Answer("scalar", R"([1,"NaN"])"), Answer("scalar", R"([1,"NaN"])")), "");
  EXPECT_EQ(Difference(Answer("vector", R"([{"metric":{"a":"1"},"value":[1,"2"]},
                                            {"metric":{"a":"2"},"value":[1,"3"]}])"),
                       Answer("vector", R"([{"metric":{"a":"2"},"value":[1,"3"]},
                                            {"metric":{"a":"1"},"value":[1,"2.0000000001"]}])")),
            "");
}

TEST(AnswersTest, NamesTheFirstDifference) {
  const auto matrix = [](const std::string& values) {
    return Answer("matrix", R"([{"metric":{"a":"1"},"values":)" + values + "}]");
  };
  EXPECT_EQ(Difference(matrix(R"([[1,"2"]])"), matrix(R"([[1,"2.1"]])")),
            R"({"a":"1"}: expected [1,"2"], got [1,"2.1"])");
  EXPECT_EQ(Difference(matrix(R"([[1,"2"]])"), matrix(R"([[1,"2"],[2,"2"]])")),
            R"({"a":"1"}: expected 1 points, got 2)");
  EXPECT_EQ(Difference(matrix(R"([[1,"2"]])"), Answer("matrix", "[]")), R"(missing {"a":"1"})");
  EXPECT_EQ(Difference(Answer("matrix", "[]"), matrix(R"([[1,"2"]])")), R"(unexpected {"a":"1"})");
  EXPECT_EQ(Difference(Answer("vector", "[]"), Answer("matrix", "[]")),
            R"(expected a "vector", got a "matrix")");
  EXPECT_EQ(Difference(Answer("vector", "[]"), kFailure).substr(0, 18), "failed here only: ");
  EXPECT_EQ(Difference(kFailure, Answer("vector", "[]")).substr(0, 19), "failed there only: ");
  EXPECT_EQ(Difference(Answer("scalar", R"([1,"1"])"), Answer("scalar", R"([1,"NaN"])")),
            R"(expected [1,"1"], got [1,"NaN"])");
}

}  // namespace
}  // namespace hearth::compliance
