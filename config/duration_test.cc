#include "config/duration.h"

#include <gtest/gtest.h>

namespace hearth {
namespace {

TEST(DurationTest, ParsesPrometheusDurations) {
  const std::pair<const char*, TimeMs> cases[] = {
      {"0", 0},
      {"0s", 0},
      {"1ms", 1},
      {"15s", 15'000},
      {"1m30s", 90'000},
      {"2h", 7200'000},
      {"1d", 86'400'000},
      {"1w", 604'800'000},
      {"1y", 31'536'000'000},
      {"1h5ms", 3'600'005},
  };
  for (const auto& [text, ms] : cases) {
    const auto parsed = ParseDuration(text);
    ASSERT_TRUE(parsed.ok()) << text << ": " << parsed.status();
    EXPECT_EQ(*parsed, ms) << text;
  }
}

TEST(DurationTest, RefusesWhatPrometheusRefuses) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "empty duration string"},
      {"1", "not a valid duration string: \"1\""},
      {"-1h", "not a valid duration string: \"-1h\""},
      {"1.5h", "not a valid duration string"},
      {"1s1m", "not a valid duration string"},
      {"1m1m", "not a valid duration string"},
      {"h", "not a valid duration string"},
      {"1 s", "not a valid duration string"},
      {"300y", "duration out of range"},
      {"99999999999999999999s", "duration out of range"},
  };
  for (const auto& [text, error] : cases) {
    const auto parsed = ParseDuration(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_NE(std::string(parsed.status().message()).find(error), std::string::npos)
        << parsed.status();
  }
}

TEST(DurationTest, PrintsAsPrometheusDoes) {
  EXPECT_EQ(FormatDuration(0), "0s");
  EXPECT_EQ(FormatDuration(90'000), "1m30s");
  EXPECT_EQ(FormatDuration(14 * 86'400'000LL), "2w");
  EXPECT_EQ(FormatDuration(15 * 86'400'000LL), "15d");
  EXPECT_EQ(FormatDuration(365 * 86'400'000LL), "1y");
  EXPECT_EQ(FormatDuration(200 * 3'600'000LL), "8d8h");
  EXPECT_EQ(FormatDuration(1500), "1s500ms");
}

TEST(BytesTest, ParsesAndPrintsSizes) {
  const std::tuple<const char*, int64_t, const char*> cases[] = {
      {"0", 0, "0B"},
      {"15MB", 15 << 20, "15MiB"},
      {"15MiB", 15 << 20, "15MiB"},
      {"1GB512MB", (int64_t{3} << 30) / 2, "1GiB512MiB"},
      {"1.5KB", 1536, "1KiB512B"},
      {"-1GB", -(int64_t{1} << 30), "-1GiB"},
      {"100B", 100, "100B"},
  };
  for (const auto& [text, bytes, printed] : cases) {
    const auto parsed = ParseBytes(text);
    ASSERT_TRUE(parsed.ok()) << text << ": " << parsed.status();
    EXPECT_EQ(*parsed, bytes) << text;
    EXPECT_EQ(FormatBytes(bytes), printed);
  }
}

TEST(BytesTest, RefusesUnitsThatAreNone) {
  EXPECT_EQ(ParseBytes("100").status().message(), "units: unknown unit  in 100");
  EXPECT_EQ(ParseBytes("5XB").status().message(), "units: unknown unit XB in 5XB");
  for (const char* text : {"", "MB", "-", "1..5MB", "99999999EB"})
    EXPECT_FALSE(ParseBytes(text).ok()) << text;
}

TEST(TimestampTest, IsInSecondsOrRfc3339) {
  EXPECT_EQ(ParseTimestamp("1700000000.25").value(), 1'700'000'000'250);
  EXPECT_EQ(ParseTimestamp("-1.5").value(), -1500);
  EXPECT_EQ(ParseTimestamp("2024-01-01T01:00:00.5+01:00").value(), 1'704'067'200'500);
  for (const char* bad : {"", "now", "1e300", "1x", "2024-01-01", "nan"}) {
    EXPECT_FALSE(ParseTimestamp(bad).ok()) << bad;
  }
  EXPECT_EQ(ParseTimestamp("now").status().message(),
            "cannot parse \"now\" to a valid timestamp");
}

}  // namespace
}  // namespace hearth
