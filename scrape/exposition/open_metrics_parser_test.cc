#include "scrape/exposition/open_metrics_parser.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "model/text.h"
#include "scrape/exposition/parsed_text.h"

namespace hearth {
namespace {

std::string Parsed(std::string_view body) {
  OpenMetricsParser parser(body);
  return ParsedText(&parser);
}

TEST(OpenMetricsParserTest, ReadsTheFormat) {
  EXPECT_EQ(Parsed("# HELP go_gc_seconds A \\\"help\\\" \\\\ with\\nescapes.\n"
                   "# TYPE go_gc_seconds gauge\n"
                   "# UNIT go_gc_seconds seconds\n"
                   "go_gc_seconds 1\n"
                   "go_gc_seconds{a=\"b\"} 2.5 1700000000.123\n"
                   "go_gc_seconds{a=\"x\",c=\"d\",} -3 -5\n"
                   "go_gc_seconds{} +Inf 1.5e3\n"
                   "# EOF\n"),
            "HELP go_gc_seconds A \"help\" \\ with\nescapes.\nTYPE go_gc_seconds gauge\n"
            "UNIT go_gc_seconds seconds\ngo_gc_seconds 1\n"
            "go_gc_seconds{a=\"b\"} 2.5 @1700000000123\n"
            "go_gc_seconds{a=\"x\", c=\"d\"} -3 @-5000\ngo_gc_seconds inf @1500000\n");
}

TEST(OpenMetricsParserTest, KnowsItsTypes) {
  for (const char* type : {"counter", "gauge", "gaugehistogram", "histogram", "info", "stateset",
                           "summary", "unknown"}) {
    EXPECT_EQ(Parsed(StrCat("# TYPE a ", type, "\n# EOF\n")), StrCat("TYPE a ", type, "\n"));
  }
}

TEST(OpenMetricsParserTest, SuffixesAndTypesAreNotCheckedAndCreatedIsASeries) {
  EXPECT_EQ(Parsed("# TYPE a counter\na 1\na_total 2\na_created 1700000000.5\nb_info 3\n# EOF"),
            "TYPE a counter\na 1\na_total 2\na_created 1.7e+09\nb_info 3\n");
}

TEST(OpenMetricsParserTest, ExemplarsFollowTheSample) {
  EXPECT_EQ(Parsed("# TYPE a histogram\n"
                   "a_bucket{le=\"1\"} 3 # {trace_id=\"x\"} 0.5\n"
                   "a_bucket{le=\"2\"} 3 17.5 # {trace_id=\"\\\"y\",\"span.id\"=\"z\"} 1.5 17.25\n"
                   "a_bucket{le=\"+Inf\"} 4 # {} 8 0.0015\n"
                   "a_count 4\n"
                   "b 5 # {le=\"1\"} NaN\n"
                   "# EOF\n"),
            "TYPE a histogram\n"
            "a_bucket{le=\"1.0\"} 3 # {trace_id=\"x\"} 0.5 @1\n"
            "a_bucket{le=\"2.0\"} 3 @17500 # {\"span.id\"=\"z\", trace_id=\"\\\"y\"} 1.5 @17250\n"
            "a_bucket{le=\"+Inf\"} 4 # {} 8 @1\n"
            "a_count 4\n"
            "b 5 # {le=\"1\"} nan @1\n");
}

TEST(OpenMetricsParserTest, NamesInQuotesMayBeUtf8) {
  EXPECT_EQ(Parsed("# TYPE \"my.metric\" counter\n{\"my.metric\",\"a.b\"=\"c\"} 1\n"
                   "{a=\"b\",\"温度\"} 2\n# EOF\n"),
            "TYPE my.metric counter\n{\"my.metric\", \"a.b\"=\"c\"} 1\n{\"温度\", a=\"b\"} 2\n");
}

TEST(OpenMetricsParserTest, BoundsOfHistogramsAndSummariesAreCanonical) {
  EXPECT_EQ(
      Parsed("# TYPE h histogram\nh_bucket{le=\"1\"} 1\n# TYPE g gaugehistogram\n"
             "g_bucket{le=\"1\"} 1\n# TYPE s summary\ns{quantile=\"1\"} 3\n# EOF\n"),
      "TYPE h histogram\nh_bucket{le=\"1.0\"} 1\nTYPE g gaugehistogram\ng_bucket{le=\"1\"} 1\n"
      "TYPE s summary\ns{quantile=\"1.0\"} 3\n");
}

TEST(OpenMetricsParserTest, ErrorsNameLineAndColumn) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "line 1, column 1: data does not end with # EOF"},
      {"a 1\n", "line 2, column 1: data does not end with # EOF"},
      {"a 1", "line 1, column 4: data does not end with # EOF"},
      {"a 1 2", "line 1, column 6: data does not end with # EOF"},
      {"# HELP a b", "line 1, column 11: data does not end with # EOF"},
      {"# EOF\n# EOF\n", "line 2, column 1: unexpected data after # EOF"},
      {"# EOF\n\n", "line 2, column 1: unexpected data after # EOF"},
      {"# EOFx", "line 1, column 6: unexpected data after # EOF"},
      {"\na 1\n# EOF\n", "line 1, column 1: expected a valid start token, got end of line"},
      {" a 1\n# EOF\n", "line 1, column 1: expected a valid start token, got \" a 1\""},
      {"# a comment\n# EOF\n",
       "line 1, column 1: expected a valid start token, got \"# a comment\""},
      {"#EOF\n", "line 1, column 1: expected a valid start token, got \"#EOF\""},
      {"1a 1\n# EOF\n", "line 1, column 1: expected a valid start token, got \"1a 1\""},
      {"a x\n# EOF\n", "line 1, column 3: expected value after metric, got \"x\""},
      {"a\n# EOF\n", "line 1, column 2: expected value after metric, got end of line"},
      {"a  1\n# EOF\n", "line 1, column 3: expected value after metric, got \" 1\""},
      {"a\t1\n# EOF\n", "line 1, column 2: expected value after metric, got \"\\t1\""},
      {"a 0x1p4\n# EOF\n", "line 1, column 3: expected value after metric, got \"0x1p4\""},
      {"a {b=\"c\"} 1\n# EOF\n",
       "line 1, column 3: expected value after metric, got \"{b=\\\"c\\\"} 1\""},
      {"a{b=\"c\", d=\"e\"} 1\n# EOF\n",
       "line 1, column 9: expected label name, comma or brace close, got \" d=\\\"e\\\"} 1\""},
      {"a{b=\"c} 1\n# EOF\n", "line 1, column 5: label value is not closed on its line"},
      {"a{b=\"c\"\n# EOF\n", "line 1, column 8: label list is not closed on its line"},
      {"a{b=\"c\"", "line 1, column 8: label list is not closed at the end of input"},
      {"a{b} 1\n# EOF\n", "line 1, column 4: expected equal, got \"} 1\""},
      {"a{b=c} 1\n# EOF\n", "line 1, column 5: expected label value, got \"c} 1\""},
      {"a{b=\"\xff\"} 1\n# EOF\n", "line 1, column 5: invalid UTF-8 label value"},
      {"{b=\"c\"} 1\n# EOF\n", "line 1, column 1: metric name not set"},
      {"a{\"b\"} 1\n# EOF\n", "line 1, column 3: metric name already set"},
      {"a 1 \n# EOF\n", "line 1, column 5: expected timestamp in seconds, got end of line"},
      {"a 1 z\n# EOF\n", "line 1, column 5: expected timestamp in seconds, got \"z\""},
      {"a 1 NaN\n# EOF\n", "line 1, column 5: invalid timestamp in seconds nan"},
      {"a 1 1e300\n# EOF\n", "line 1, column 5: invalid timestamp in seconds 1e+300"},
      {"a 1 2 3\n# EOF\n", "line 1, column 6: expected next entry after timestamp, got \" 3\""},
      {"a 1 # {t=\"x\" 1\n# EOF\n",
       "line 1, column 13: expected label name, comma or brace close, got \" 1\""},
      {"a 1 # {t=\"x\"}\n# EOF\n",
       "line 1, column 14: expected value after exemplar labels, got end of line"},
      {"a 1 # {\"t\"} 1\n# EOF\n", "line 1, column 11: expected equal, got \"} 1\""},
      {"a 1 # {t=\"x\"} 1 2 3\n# EOF\n",
       "line 1, column 18: expected next entry after exemplar, got \" 3\""},
      {"a 1 # {t=\"x\"} 1 Inf\n# EOF\n",
       "line 1, column 17: invalid exemplar timestamp in seconds inf"},
      {"a 1 #{t=\"x\"} 1\n# EOF\n",
       "line 1, column 5: expected timestamp in seconds, got \"#{t=\\\"x\\\"} 1\""},
      {"# TYPE a curve\n# EOF\n", "line 1, column 10: invalid metric type \"curve\""},
      {"# TYPE a untyped\n# EOF\n", "line 1, column 10: invalid metric type \"untyped\""},
      {"# TYPE a\n# EOF\n", "line 1, column 9: expected text after metric name, got end of line"},
      {"# TYPE 1 gauge\n# EOF\n",
       "line 1, column 8: expected metric name after TYPE, got \"1 gauge\""},
      {"# HELP a \xff\n# EOF\n", "line 1, column 10: help text is not valid UTF-8"},
      {"# UNIT a_seconds ms\n# EOF\n",
       "line 1, column 18: unit \"ms\" not a suffix of metric \"a_seconds\""},
      {"# UNIT aseconds seconds\n# EOF\n",
       "line 1, column 17: unit \"seconds\" not a suffix of metric \"aseconds\""},
      {"# UNIT seconds seconds\n# EOF\n",
       "line 1, column 16: unit \"seconds\" not a suffix of metric \"seconds\""},
  };
  for (const auto& [body, error] : cases) {
    const std::string parsed = Parsed(body);
    const size_t at = parsed.find("error: ");
    ASSERT_NE(at, std::string::npos) << body;
    EXPECT_EQ(parsed.substr(at + 7), error) << body;
  }
}

TEST(OpenMetricsParserTest, RecognisedSeriesAreSkipped) {
  OpenMetricsParser parser("a{b=\"c\"} 7 8.5 # {x=\"y\"} 9\n# EOF\n");
  ASSERT_EQ(parser.Next(), ExpositionParser::Entry::kSample);
  ASSERT_TRUE(ExpositionParser::SeriesEndsAt(parser.unread(), 8));
  parser.SkipSeries(8);
  ASSERT_TRUE(parser.ReadValue());
  EXPECT_EQ(parser.value(), 7);
  EXPECT_EQ(parser.timestamp(), 8500);
  EXPECT_TRUE(parser.has_exemplar());
  EXPECT_EQ(parser.Next(), ExpositionParser::Entry::kEnd);
  EXPECT_EQ(parser.Next(), ExpositionParser::Entry::kEnd);
}

TEST(OpenMetricsParserConformanceTest, UpstreamExpositionsParse) {
  const std::vector<UpstreamExposition> files = UpstreamExpositions(".om.txt");
  if (files.empty()) GTEST_SKIP() << "upstream data not found: set HEARTH_SHARED";
  for (const auto& [name, body] : files) {
    const std::string parsed = Parsed(body);
    EXPECT_EQ(parsed.find("error:"), std::string::npos)
        << name << ": " << parsed.substr(parsed.rfind('\n') + 1);
    EXPECT_GT(std::count(parsed.begin(), parsed.end(), '\n'), 5) << name;
  }
  EXPECT_GE(files.size(), 2u);
}

std::string ParsedWithStarts(std::string_view body) {
  OpenMetricsParser parser(body, {.start_times = true});
  return ParsedText(&parser);
}

TEST(OpenMetricsParserTest, CreatedLinesGiveStartTimesWhereverTheyStand) {
  EXPECT_EQ(ParsedWithStarts("# TYPE a counter\n"
                             "a_total{x=\"1\"} 2\n"
                             "a_total{x=\"2\"} 3\n"
                             "a_created{x=\"2\"} 1700000000.5\n"
                             "a_created{x=\"1\"} 1600000000\n"
                             "a_total{x=\"3\"} 4\n"
                             "# EOF\n"),
            "TYPE a counter\na_total{x=\"1\"} 2 since 1600000000000\n"
            "a_total{x=\"2\"} 3 since 1700000000500\na_total{x=\"3\"} 4\n");
  EXPECT_EQ(ParsedWithStarts("# TYPE h histogram\n"
                             "h_created 5\nh_bucket{le=\"+Inf\"} 1\nh_count 1\nh_sum 2\n"
                             "# TYPE s summary\n"
                             "s{quantile=\"0.5\"} 1\ns_count 2\ns_created 6\n"
                             "# TYPE \"d.d\" counter\n"
                             "{\"d.d_total\",x=\"y\"} 1\n{\"d.d_created\",x=\"y\"} 7\n"
                             "# EOF\n"),
            "TYPE h histogram\nh_bucket{le=\"+Inf\"} 1 since 5000\nh_count 1 since 5000\n"
            "h_sum 2 since 5000\nTYPE s summary\ns{quantile=\"0.5\"} 1 since 6000\n"
            "s_count 2 since 6000\nTYPE d.d counter\n{\"d.d_total\", x=\"y\"} 1 since 7000\n");
}

TEST(OpenMetricsParserTest, StartTimesAreOfCountersOfTheirFamilyOnly) {
  EXPECT_EQ(ParsedWithStarts("# TYPE g gauge\ng 1\ng_created 5\n# EOF\n"),
            "TYPE g gauge\ng 1\ng_created 5\n");
  EXPECT_EQ(ParsedWithStarts("# TYPE a counter\na_total 1\n# TYPE b counter\nb_total 2\n"
                             "a_created 5\nb_created NaN\n# EOF\n"),
            "TYPE a counter\na_total 1\nTYPE b counter\nb_total 2\n");
  EXPECT_EQ(ParsedWithStarts("# TYPE a counter\na_total 1\na_created x\n# EOF\n"),
            "TYPE a counter\na_total 1\nerror: line 3, column 11: expected value after metric, got "
            "\"x\"");
  EXPECT_EQ(ParsedWithStarts("# TYPE a counter\na_created 1"),
            "TYPE a counter\nerror: line 2, column 12: data does not end with # EOF");
}

TEST(OpenMetricsParserTest, ManyCreatedLinesAreNoDepth) {
  std::string body = "# TYPE a counter\n";
  for (int i = 0; i < 200'000; ++i) StrAppend(&body, "a_created{i=\"", i, "\"} 1\n");
  EXPECT_EQ(ParsedWithStarts(body + "a_total 1\n# EOF\n"), "TYPE a counter\na_total 1\n");
}

}  // namespace
}  // namespace hearth
