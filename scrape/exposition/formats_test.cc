#include "scrape/exposition/formats.h"

#include <gtest/gtest.h>

#include "scrape/exposition/media_type.h"

namespace hearth {
namespace {

TEST(FormatsTest, TheAcceptHeaderFollowsTheOrderOfTheProtocols) {
  EXPECT_EQ(AcceptHeader({"OpenMetricsText1.0.0", "OpenMetricsText0.0.1", "PrometheusText1.0.0",
                          "PrometheusText0.0.4"},
                         "allow-utf-8"),
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
            "application/openmetrics-text;version=0.0.1;q=0.5,"
            "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
            "text/plain;version=0.0.4;q=0.3,*/*;q=0.2");
  EXPECT_EQ(AcceptHeader({"PrometheusProto", "PrometheusText1.0.0"}, "underscores"),
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
            "encoding=delimited;q=0.6,text/plain;version=1.0.0;escaping=underscores;q=0.5,"
            "*/*;q=0.4");
}

// Which format an answer has, or the error.
std::string FormatText(std::string_view content_type, std::string_view fallback) {
  const auto format = FormatOfContent(content_type, fallback);
  return format.ok() ? std::string((*format)->media_type) : std::string(format.status().message());
}

TEST(FormatsTest, TheContentTypeDecides) {
  const std::pair<const char*, const char*> cases[] = {
      {"text/plain; version=0.0.4; charset=utf-8", "text/plain"},
      {"TEXT/Plain", "text/plain"},
      {"text/plain;version=1.0.0;escaping=values", "text/plain"},
      {"application/openmetrics-text; version=1.0.0; charset=utf-8",
       "application/openmetrics-text"},
      {"application/openmetrics-text; version=9", "application/openmetrics-text"},
      {"application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; "
       "encoding=delimited",
       "application/vnd.google.protobuf"},
      {"text/html",
       "received unsupported Content-Type \"text/html\" and no fallback_scrape_protocol specified "
       "for target"},
      {"text/plain; version",
       "cannot parse Content-Type \"text/plain; version\" and no fallback_scrape_protocol for "
       "target"},
      {"",
       "non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol "
       "specified for target"},
  };
  for (const auto& [type, expected] : cases) EXPECT_EQ(FormatText(type, ""), expected) << type;
}

TEST(FormatsTest, TheFallbackIsForTypesThatSayNothing) {
  EXPECT_EQ(FormatText("text/plain", "OpenMetricsText1.0.0"), "text/plain");
  for (const char* type : {"", "text/html", ";", "a b"}) {
    EXPECT_EQ(FormatText(type, "PrometheusText0.0.4"), "text/plain") << type;
    EXPECT_EQ(FormatText(type, "OpenMetricsText0.0.1"), "application/openmetrics-text") << type;
    EXPECT_EQ(FormatText(type, "PrometheusProto"), "application/vnd.google.protobuf") << type;
  }
}

TEST(FormatsTest, EveryFormatIsFoundAndMakesAParser) {
  EXPECT_EQ(ExpositionFormats().size(), 5u);
  for (const ExpositionFormat& format : ExpositionFormats()) {
    EXPECT_EQ(FindFormat(format.protocol), &format);
    EXPECT_EQ(format.accept.substr(0, format.media_type.size()), format.media_type);
    EXPECT_NE(format.parse("", {}), nullptr);
  }
  EXPECT_EQ(FindFormat("PrometheusText9"), nullptr);
  EXPECT_EQ(FindFormat(""), nullptr);
}

TEST(MediaTypeTest, IsReadAsStrictlyAsGoDoes) {
  for (const char* good : {"text/plain", " text/plain ", "text/plain;", "text/plain; a=b ;",
                           "text/plain;a=\"b;\\\"c\";d=e", "text/PLAIN"}) {
    EXPECT_EQ(ParseMediaType(good), "text/plain") << good;
  }
  EXPECT_EQ(ParseMediaType("inline"), "inline");
  for (const char* bad :
       {"", ";", "text/", "/plain", "text/plain/x", "text plain", "text/plain;a", "text/plain;=b",
        "text/plain;a=", "text/plain;a=\"b", "text/plain;a=b c", "text/plain;a=1;A=2"}) {
    EXPECT_EQ(ParseMediaType(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace hearth
