#include "scrape/exposition/text_parser.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "scrape/exposition/parsed_text.h"

namespace hearth {
namespace {

std::string Parsed(std::string_view body) {
  TextParser parser(body);
  return ParsedText(&parser);
}

TEST(TextParserTest, ReadsTheFormat) {
  EXPECT_EQ(Parsed("# HELP go_gc A help\\nwith \\\\ escapes.\n"
                   "# TYPE go_gc gauge\n"
                   "# a comment\n#another\n\n"
                   "go_gc 1\n"
                   "  go_gc{a=\"b\"}\t2.5 1700000000000\n"
                   "go_gc{a = \"x\" , c=\"d\",} -3 -5\n"
                   "go_gc {a=\"b\"} 4\n"
                   "go_gc{} 5 \n"
                   "last_line 6"),
            "HELP go_gc A help\nwith \\ escapes.\nTYPE go_gc gauge\ngo_gc 1\ngo_gc{a=\"b\"} 2.5 "
            "@1700000000000\n"
            "go_gc{a=\"x\", c=\"d\"} -3 @-5\ngo_gc{a=\"b\"} 4\ngo_gc 5\nlast_line 6\n");
}

TEST(TextParserTest, ALabelValueMaySpanLines) {
  EXPECT_EQ(Parsed("a{b=\"c\nd\"} 1\nb 2\n"), "a{b=\"c\\nd\"} 1\nb 2\n");
}

TEST(TextParserTest, LabelValuesAreUnescapedAndEmptyOnesDropped) {
  EXPECT_EQ(Parsed("m{a=\"q\\\"b\\\\n\\n\",b=\"\",c=\"}\",d=\"\\q\"} 1\n"),
            "m{a=\"q\\\"b\\\\n\\n\", c=\"}\", d=\"\\\\q\"} 1\n");
}

TEST(TextParserTest, NamesInQuotesMayBeUtf8) {
  EXPECT_EQ(
      Parsed(
          "{\"my.metric\",\"a.b\"=\"c\"} 1\n# TYPE \"my.metric\" counter\n{a=\"b\",\"温度\"} 2\n"),
      "{\"my.metric\", \"a.b\"=\"c\"} 1\nTYPE my.metric counter\n{\"温度\", a=\"b\"} 2\n");
}

TEST(TextParserTest, BoundsOfHistogramsAndSummariesAreCanonical) {
  EXPECT_EQ(
      Parsed("# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"0.50\"} "
             "1\nh_bucket{le=\"+Inf\"} 2\n"
             "h_bucket{le=\"1000000\"} 2\nh_bucket{le=\"100000\"} 2\nh_bucket{le=\"x\"} 2\n"
             "# TYPE s summary\ns{quantile=\"1\",le=\"1\"} 3\n# TYPE g gauge\ng{le=\"1\"} 4\n"),
      "TYPE h histogram\nh_bucket{le=\"1.0\"} 1\nh_bucket{le=\"0.5\"} 1\nh_bucket{le=\"+Inf\"} 2\n"
      "h_bucket{le=\"1e+06\"} 2\nh_bucket{le=\"100000.0\"} 2\nh_bucket{le=\"x\"} 2\n"
      "TYPE s summary\ns{le=\"1\", quantile=\"1.0\"} 3\nTYPE g gauge\ng{le=\"1\"} 4\n");
}

TEST(TextParserTest, ErrorsNameLineAndColumn) {
  const std::pair<const char*, const char*> cases[] = {
      {"a 1\nb x\n", "a 1\nerror: line 2, column 3: expected value after metric, got \"x\""},
      {"a\n", "error: line 1, column 2: expected value after metric, got end of line"},
      {"a", "error: line 1, column 2: expected value after metric, got end of input"},
      {"a 1 2 3\n", "error: line 1, column 7: expected next entry after timestamp, got \"3\""},
      {"a 1 2.5\n", "error: line 1, column 5: expected timestamp in milliseconds, got \"2.5\""},
      {"a{b=\"c} 1\n", "error: line 1, column 5: label value is not closed at the end of input"},
      {"a{b=\"c\\\n\"} 1\n", "error: line 1, column 5: label value is not closed on its line"},
      {"{b=\"c\"} 1\n", "error: line 1, column 1: metric name not set"},
      {"a 0x1p4\n", "error: line 1, column 3: expected value after metric, got \"0x1p4\""},
      {"# TYPE a unknown\n", "error: line 1, column 10: invalid metric type \"unknown\""},
      {"# TYPE a  gauge\n", "error: line 1, column 10: invalid metric type \" gauge\""},
      {"# TYPE a gauge \n", "error: line 1, column 10: invalid metric type \"gauge \""},
      {"# HELP a \xff\n", "error: line 1, column 10: help text is not valid UTF-8"},
      {"a{b=\"c\" 1\n", "error: line 1, column 10: label list is not closed on its line"},
      {"a{b=c} 1\n", "error: line 1, column 5: expected label value, got \"c} 1\""},
      {"a{b} 1\n", "error: line 1, column 4: expected equal, got \"} 1\""},
      {"a{1b=\"c\"} 1\n", "error: line 1, column 3: expected label name, got \"1b=\\\"c\\\"} 1\""},
      {"a{b=\"c\",b=\"d\"} 1\n",
       "error: line 1, column 9: label name \"b\" is not unique: invalid sample"},
      {"1a 1\n", "error: line 1, column 1: expected a valid start token, got \"1a 1\""},
      {"a 1\r\n", "error: line 1, column 3: expected value after metric, got \"1\\r\""},
      {"# TYPE a curve\n", "error: line 1, column 10: invalid metric type \"curve\""},
      {"# TYPE 1 gauge\n",
       "error: line 1, column 8: expected metric name after TYPE, got \"1 gauge\""},
      {"a{b=\"\xff\"} 1\n", "error: line 1, column 5: invalid UTF-8 label value"},
      {"<html>\n", "error: line 1, column 1: expected a valid start token, got \"<html>\""},
  };
  for (const auto& [body, parsed] : cases) EXPECT_EQ(Parsed(body), parsed) << body;
}

TEST(TextParserTest, RecognisedSeriesAreSkipped) {
  const std::string_view body = "a{b=\"c\"} 7 8\n";
  TextParser parser(body);
  ASSERT_EQ(parser.Next(), TextParser::Entry::kSample);
  ASSERT_TRUE(TextParser::SeriesEndsAt(parser.unread(), 8));
  parser.SkipSeries(8);
  ASSERT_TRUE(parser.ReadValue());
  EXPECT_EQ(parser.value(), 7);
  EXPECT_EQ(parser.timestamp(), 8);
  EXPECT_EQ(parser.Next(), TextParser::Entry::kEnd);
}

TEST(TextParserTest, ABareNameEndsOnlyWhereNoLabelsFollow) {
  EXPECT_TRUE(TextParser::SeriesEndsAt("abc 1\n", 3));
  EXPECT_FALSE(TextParser::SeriesEndsAt("abcd 1\n", 3));
  EXPECT_FALSE(TextParser::SeriesEndsAt("abc{x=\"y\"} 1\n", 3));
  EXPECT_FALSE(TextParser::SeriesEndsAt("abc  {x=\"y\"} 1\n", 3));
  EXPECT_FALSE(TextParser::SeriesEndsAt("abc", 3));
}

TEST(TextParserConformanceTest, UpstreamExpositionsParse) {
  const std::vector<UpstreamExposition> files = UpstreamExpositions(".prom.txt");
  if (files.empty()) GTEST_SKIP() << "upstream data not found: set HEARTH_SHARED";
  for (const auto& [name, body] : files) {
    const std::string parsed = Parsed(body);
    EXPECT_EQ(parsed.find("error:"), std::string::npos)
        << name << ": " << parsed.substr(parsed.rfind('\n') + 1);
    EXPECT_GT(std::count(parsed.begin(), parsed.end(), '\n'), 500) << name;
  }
  EXPECT_GE(files.size(), 2u);
}

}  // namespace
}  // namespace hearth
