#include "api/v1/parameters.h"

#include <random>

#include "config/duration.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hearth {
namespace {

using ::testing::HasSubstr;

std::string Message(const absl::Status& status) {
  return std::string(status.message().data(), status.message().size());
}

TEST(ParametersTest, ParsesTimes) {
  EXPECT_EQ(*ParseTime("1435781451.781"), 1435781451781);
  EXPECT_EQ(*ParseTime("1435781451"), 1435781451000);
  EXPECT_EQ(*ParseTime("1.4357814517e9"), 1435781451700);
  EXPECT_EQ(*ParseTime("0.0004"), 0);
  EXPECT_EQ(*ParseTime("-0.5"), -500);
  EXPECT_EQ(*ParseTime("2015-07-01T20:10:51.781Z"), 1435781451781);
  EXPECT_EQ(*ParseTime("2015-07-01T22:10:51.781+02:00"), 1435781451781);
  EXPECT_LT(*ParseTime("-292273086-05-16T16:47:06Z"), -9'000'000'000'000'000);
  EXPECT_GT(*ParseTime("292277025-08-18T07:12:54.999999999Z"), 9'000'000'000'000'000);
}

TEST(ParametersTest, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "foo", "30s", "NaN", "Inf", "1e300", "infinite-past", "2015-07-01"}) {
    EXPECT_EQ(Message(ParseTime(text).status()),
              std::string("cannot parse \"") + text + "\" to a valid timestamp");
  }
}

TEST(ParametersTest, ParsesDurations) {
  EXPECT_EQ(*ParseSecondsOrDuration("15"), 15'000);
  EXPECT_EQ(*ParseSecondsOrDuration("0.25"), 250);
  EXPECT_EQ(*ParseSecondsOrDuration("1h30m"), 5'400'000);
  EXPECT_EQ(*ParseSecondsOrDuration("1y2w3d4h5m6s7ms"),
            ((365 + 14 + 3) * int64_t{86400} + 4 * 3600 + 5 * 60 + 6) * 1000 + 7);
  for (const char* text : {"", "x", "5x", "30m1h", "1h1h", "-5m", "1.5h", "999999999999999999y"}) {
    EXPECT_THAT(Message(ParseSecondsOrDuration(text).status()), HasSubstr("to a valid duration"))
        << text;
  }
  EXPECT_THAT(Message(ParseSecondsOrDuration("1e12").status()), HasSubstr("It overflows int64"));
}

TEST(ParametersTest, TimesPrintInRfc3339) {
  EXPECT_EQ(FormatRfc3339(1435781451781), "2015-07-01T20:10:51.781Z");
  EXPECT_EQ(FormatRfc3339(1435781451000), "2015-07-01T20:10:51Z");
  EXPECT_EQ(FormatRfc3339(0), "0001-01-01T00:00:00Z");
}

TEST(ParametersTest, FormsPrecedeTheUrlsParameters) {
  http::Request request;
  request.query = {{"query", "url"}, {"time", "1"}};
  request.body = "query=form+1&step=5";
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
  const absl::StatusOr<http::Params> params = MergedParams(request);
  ASSERT_TRUE(params.ok());
  EXPECT_EQ(params->Get("query"), "form 1");
  EXPECT_EQ(params->Get("time"), "1");
  request.headers = {{"Content-Type", "application/json"}};
  EXPECT_EQ(MergedParams(request)->Get("query"), "url");
}

TEST(ParametersTest, NamesTheParameterThatIsWrong) {
  EXPECT_EQ(Message(TimeParam({{"start", "x"}}, "start", 0).status()),
            "invalid parameter \"start\": cannot parse \"x\" to a valid timestamp");
  EXPECT_EQ(*TimeParam({}, "start", 5), 5);
  EXPECT_EQ(Message(LimitParam({{"limit", "-1"}}).status()),
            "invalid parameter \"limit\": limit must be non-negative");
  EXPECT_THAT(Message(LimitParam({{"limit", "1x"}}).status()), HasSubstr("not an integer"));
  EXPECT_EQ(*LimitParam({}, 10), 10u);
}

TEST(ParametersTest, MatchersMustSelectSomething) {
  EXPECT_EQ(Message(MatchParam({}, true).status()), "no match[] parameter provided");
  EXPECT_TRUE(MatchParam({}, false)->empty());
  EXPECT_EQ(MatchParam({{"match[]", "up"}, {"match[]", "{a=\"b\"}"}}, true)->size(), 2u);
  EXPECT_FALSE(MatchParam({{"match[]", "{a=~\".*\"}"}}, true).ok());
  EXPECT_THAT(Message(MatchParam({{"match[]", "up{"}}, true).status()),
              HasSubstr("invalid parameter \"match[]\": 1:"));
}

TEST(ParametersTest, UnescapesValueEncodedNames) {
  EXPECT_EQ(UnescapeName("U__http_2e_status__code"), "http.status_code");
  EXPECT_EQ(UnescapeName("U___1f525_"), "\xf0\x9f\x94\xa5");
  EXPECT_EQ(UnescapeName("plain_name"), "plain_name");
  for (const char* broken : {"U__a_zz_", "U__a_2e", "U___d800_", "U___110000_", "U__a_"}) {
    EXPECT_EQ(UnescapeName(broken), broken);
  }
}

TEST(ParametersTest, FuzzedTextsParseOrFail) {
  const std::string seeds[] = {"2015-07-01T20:10:51.781Z", "1435781451.781", "1h30m5s",
                               "U__a_2e_b"};
  for (uint32_t seed = 0; seed < 5000; ++seed) {
    std::mt19937 random(seed);
    std::string text = seeds[random() % std::size(seeds)];
    for (int edits = 1 + static_cast<int>(random() % 3); edits > 0; --edits) {
      text[random() % text.size()] = "0123456789ehmsyT:.-+_\xff"[random() % 22];
    }
    const absl::StatusOr<TimeMs> time = ParseTime(text), duration = ParseSecondsOrDuration(text);
    ASSERT_TRUE(time.ok() || absl::IsInvalidArgument(time.status())) << "seed " << seed;
    if (duration.ok() && *duration > 0) {
      ASSERT_EQ(*ParseSecondsOrDuration(FormatDuration(*duration)), *duration) << "seed " << seed;
    }
    ASSERT_FALSE(UnescapeName(text).empty() && text != "U__") << "seed " << seed;
  }
}

}  // namespace
}  // namespace hearth
