#include "http/url.h"

#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hearth::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

std::string Normal(std::string_view text) {
  const absl::StatusOr<Url> url = ParseUrl(text);
  if (!url.ok()) return std::string(url.status().message().data(), url.status().message().size());
  return url->scheme + " " + url->user_info + " " + url->host + " " + std::to_string(url->port) +
         " " + url->target;
}

TEST(UrlTest, ParsesHostsPortsAndTargets) {
  EXPECT_EQ(Normal("http://a:9100/metrics?x=1#top"), "http  a 9100 /metrics?x=1");
  EXPECT_EQ(Normal("HTTPS://a"), "https  a 443 /");
  EXPECT_EQ(Normal("http://[::1]:80?x"), "http  ::1 80 /?x");
  EXPECT_EQ(Normal("http://user:p%40ss@h/"), "http user:p%40ss h 80 /");
}

TEST(UrlTest, RefusesWhatIsNotAnAbsoluteHttpUrl) {
  EXPECT_THAT(Normal("a:9100/metrics"), HasSubstr("no scheme"));
  EXPECT_THAT(Normal("ftp://a/"), HasSubstr("unsupported protocol scheme \"ftp\""));
  EXPECT_THAT(Normal("http:///x"), HasSubstr("no host"));
  EXPECT_THAT(Normal("http://a:65536/"), HasSubstr("invalid port"));
  EXPECT_THAT(Normal("http://a:1x/"), HasSubstr("invalid port"));
  EXPECT_THAT(Normal("http://[::1/"), HasSubstr("invalid host"));
  EXPECT_THAT(Normal("http://a/\r\nX: y"), HasSubstr("invalid character"));
}

TEST(UrlTest, AuthorityLeavesOutTheDefaultPort) {
  EXPECT_EQ(ParseUrl("http://a:80/")->Authority(), "a");
  EXPECT_EQ(ParseUrl("https://a:80/")->Authority(), "a:80");
  EXPECT_EQ(ParseUrl("https://[::1]/")->Authority(), "[::1]");
  EXPECT_EQ(ParseUrl("https://[::1]/")->HostPort(), "[::1]:443");
}

TEST(UrlTest, ResolvesLocationsAgainstTheFetchedUrl) {
  const Url base = *ParseUrl("http://a:8080/x/y?q=1");
  const auto resolve = [&](std::string_view location) {
    const Url url = *ResolveReference(base, location);
    return url.scheme + "://" + url.HostPort() + url.target;
  };
  EXPECT_EQ(resolve("https://b/z"), "https://b:443/z");
  EXPECT_EQ(resolve("//b/z"), "http://b:80/z");
  EXPECT_EQ(resolve("/z?to=http://c/"), "http://a:8080/z?to=http://c/");
  EXPECT_EQ(resolve("?p"), "http://a:8080/x/y?p");
  EXPECT_EQ(resolve("z"), "http://a:8080/x/z");
  EXPECT_FALSE(ResolveReference(base, "ftp://b/").ok());
}

TEST(UrlTest, DecodesPercentAndPlus) {
  EXPECT_EQ(PercentDecode("a%20b+c%zz%4", /*plus_is_space=*/true), "a b c%zz%4");
  EXPECT_EQ(PercentDecode("a+b", /*plus_is_space=*/false), "a+b");
  EXPECT_EQ(PercentEncode("a b/ü~"), "a%20b%2F%C3%BC~");
}

TEST(UrlTest, ParsesRepeatedAndEmptyParameters) {
  const absl::StatusOr<Params> params =
      ParseQuery("match[]=a&b&=c&&match%5B%5D=up%7Bx%3D%22y%22%7D");
  ASSERT_TRUE(params.ok());
  const std::vector<std::pair<std::string, std::string>> pairs(params->begin(), params->end());
  EXPECT_THAT(pairs, ElementsAre(Pair("match[]", "a"), Pair("b", ""), Pair("", "c"),
                                 Pair("match[]", "up{x=\"y\"}")));
  EXPECT_THAT(params->GetAll("match[]"), ElementsAre("a", "up{x=\"y\"}"));
  EXPECT_TRUE(params->Has("b"));
  EXPECT_FALSE(params->Has("d"));
}

TEST(UrlTest, LimitsTheNumberOfParameters) {
  EXPECT_TRUE(ParseQuery("a&b&c", 3).ok());
  EXPECT_EQ(ParseQuery("a&b&c&d", 3).status().code(), absl::StatusCode::kInvalidArgument);
}

// Mutates valid texts; whatever parses must parse again from its parts.
TEST(UrlTest, FuzzedTextsParseToThemselvesOrFail) {
  const std::string seeds[] = {"http://a:9100/metrics?x=1#top", "https://[::1]:443/a%20b",
                               "http://u:p@h/?a=1&b=2&a=%41"};
  for (uint32_t seed = 0; seed < 5000; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    std::string text = seeds[random() % std::size(seeds)];
    for (int edits = 1 + static_cast<int>(random() % 4); edits > 0; --edits) {
      const size_t at = random() % (text.size() + 1);
      if (random() % 3 == 0 && at < text.size()) {
        text.erase(at, 1 + random() % 3);
      } else {
        text.insert(at, 1, "/:?#[]@%&=\0\xff a"[random() % 14]);
      }
    }
    const absl::StatusOr<Url> url = ParseUrl(text);
    if (url.ok()) {
      const std::string again = url->scheme + "://" + url->HostPort() + url->target;
      ASSERT_EQ(Normal(again), url->scheme + "  " + url->host + " " + std::to_string(url->port) +
                                   " " + url->target);
    }
    const absl::StatusOr<Params> params = ParseQuery(text);
    ASSERT_TRUE(params.ok());
    std::string query;
    for (const auto& [name, value] : *params) {
      query += PercentEncode(name) + "=" + PercentEncode(value) + "&";
    }
    const absl::StatusOr<Params> again = ParseQuery(query);
    ASSERT_TRUE(again.ok());
    ASSERT_TRUE(std::equal(params->begin(), params->end(), again->begin(), again->end()));
  }
}

TEST(UrlTest, UserAndPasswordAreBasicAuthorization) {
  EXPECT_EQ(BasicAuthorization(*ParseUrl("http://u:p%40ss@h/")), "Basic dTpwQHNz");
  EXPECT_EQ(BasicAuthorization(*ParseUrl("http://u@h/")), "Basic dTo=");
  EXPECT_EQ(BasicAuthorization(*ParseUrl("http://h/")), "");
}

}  // namespace
}  // namespace hearth::http
