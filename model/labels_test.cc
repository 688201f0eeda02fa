#include "model/labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hearth {
namespace {

// A label as a sender may write it: fields in either order.
std::string ValueFirst(std::string_view name, std::string_view value) {
  std::string pair = "\x12";
  pair.push_back(static_cast<char>(value.size()));
  pair.append(value);
  pair.push_back(0x0a);
  pair.push_back(static_cast<char>(name.size()));
  pair.append(name);
  return std::string("\x0a") + static_cast<char>(pair.size()) + pair;
}

TEST(LabelsTest, AreSortedAndDropEmptyValues) {
  const Labels labels = {{"job", "api"}, {"__name__", "up"}, {"gone", ""}};
  EXPECT_EQ(labels.ToString(), R"(up{job="api"})");
  EXPECT_EQ(labels.size(), 2u);
  EXPECT_EQ(labels.Get("job"), "api");
  EXPECT_FALSE(labels.Has("gone"));
}

TEST(LabelsTest, BytesAreTheWireFormOfRemoteWrite) {
  const Labels labels = {{"a", "b"}};
  EXPECT_EQ(labels.bytes(), std::string("\x0a\x06\x0a\x01"
                                        "a"
                                        "\x12\x01"
                                        "b",
                                        8));
}

TEST(LabelsTest, LongValuesRoundTrip) {
  const std::string value(70'000, 'x');
  const Labels labels = {{"k", value}, {"z", "1"}};
  EXPECT_EQ(labels.Get("k"), value);
  EXPECT_EQ(labels.Get("z"), "1");
  EXPECT_TRUE(IsCanonical(labels.bytes()));
}

TEST(LabelsTest, OrderIsPrometheus) {
  const Labels a = {{"a", "1"}}, ab = {{"a", "1"}, {"b", "1"}}, b = {{"b", "0"}};
  EXPECT_LT(a, ab);
  EXPECT_LT(ab, b);
  EXPECT_EQ(Compare(a, a), std::strong_ordering::equal);
}

TEST(LabelsTest, PrintsQuotedNames) {
  EXPECT_EQ((Labels{{"__name__", "my.metric"}, {"a b", "x\ny"}}).ToString(),
            R"({"my.metric", "a b"="x\ny"})");
  EXPECT_EQ(Labels().ToString(), "{}");
}

TEST(LabelsBuilderTest, SetsDeletesAndKeeps) {
  LabelsBuilder builder(Labels{{"a", "1"}, {"b", "2"}, {"c", "3"}});
  builder.Set("b", "").Set("d", "4").Set("a", "9");
  EXPECT_EQ(builder.Build(), (Labels{{"a", "9"}, {"c", "3"}, {"d", "4"}}));
  builder.Keep({"d", "a"});
  EXPECT_EQ(builder.Build(), (Labels{{"a", "9"}, {"d", "4"}}));
  builder.Drop({"a"});
  EXPECT_EQ(builder.Build(), (Labels{{"d", "4"}}));
}

TEST(ParseLabelsTest, SortsAndCanonicalises) {
  const Labels ab = {{"a", "1"}, {"b", "2"}};
  const absl::StatusOr<Labels> parsed = ParseLabels(ValueFirst("b", "2") + ValueFirst("a", "1"));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(*parsed, ab);
  EXPECT_EQ(parsed->Fingerprint(), ab.Fingerprint());
  EXPECT_TRUE(IsCanonical(ab.bytes()));
  EXPECT_FALSE(IsCanonical(ValueFirst("b", "2")));
}

TEST(ParseLabelsTest, RefusesBadInput) {
  const auto error = [](std::string_view bytes) {
    return std::string(ParseLabels(bytes).status().message());
  };
  EXPECT_THAT(error(ValueFirst("a", "1") + ValueFirst("a", "2")),
              testing::HasSubstr("duplicate label name a"));
  EXPECT_THAT(error(ValueFirst("", "1")), testing::HasSubstr("empty name"));
  EXPECT_THAT(error(ValueFirst("a", "\xff")), testing::HasSubstr("not valid UTF-8"));
  EXPECT_THAT(error("\x0a\x7f"
                    "a"),
              testing::HasSubstr("malformed label at byte 0"));
  EXPECT_THAT(error("\x0a\xff\xff\xff\xff\xff\xff"), testing::HasSubstr("malformed label"));
  EXPECT_FALSE(ParseLabels(Labels{{"a", "b"}}.bytes(), /*max_bytes=*/7).ok());
}

TEST(ParseLabelsTest, SurvivesEveryTruncation) {
  const Labels labels = {{"__name__", "x"}, {"job", "y"}};
  for (size_t n = 0; n < labels.bytes().size(); ++n) {
    const absl::StatusOr<Labels> parsed = ParseLabels(labels.bytes().substr(0, n));
    if (parsed.ok()) {
      EXPECT_LT(parsed->size(), 2u);
    }
  }
}

TEST(Utf8Test, RefusesSurrogatesAndOverlongForms) {
  EXPECT_TRUE(IsValidUtf8("aé€😀"));
  EXPECT_FALSE(IsValidUtf8("\xc0\x80"));
  EXPECT_FALSE(IsValidUtf8("\xed\xa0\x80"));
  EXPECT_FALSE(IsValidUtf8("\xf4\x90\x80\x80"));
  EXPECT_FALSE(IsValidUtf8("\xe2\x82"));
  const std::string ascii(100, 'a');
  EXPECT_TRUE(IsValidUtf8(ascii));
  for (size_t i = 0; i < ascii.size(); ++i) {
    std::string text = ascii;
    text[i] = '\xff';
    EXPECT_FALSE(IsValidUtf8(text)) << i;
    EXPECT_TRUE(IsValidUtf8(ascii.substr(0, i) + "€" + ascii.substr(i))) << i;
  }
}

TEST(NamesTest, LegacyRules) {
  EXPECT_TRUE(IsLegacyMetricName("a:b_1"));
  EXPECT_FALSE(IsLegacyLabelName("a:b"));
  EXPECT_FALSE(IsLegacyLabelName("1a"));
  EXPECT_FALSE(IsLegacyLabelName(""));
}

}  // namespace
}  // namespace hearth
