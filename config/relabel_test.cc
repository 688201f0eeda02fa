#include "config/relabel.h"

#include <gtest/gtest.h>

namespace hearth {
namespace {

RelabelRule Rule(const RelabelConfig& config) {
  auto rule = RelabelRule::Create(config);
  EXPECT_TRUE(rule.ok()) << rule.status();
  return *std::move(rule);
}

// What a rule makes of a label set; "dropped" when it drops it.
std::string Apply(const RelabelConfig& config, const Labels& labels) {
  LabelsBuilder builder(labels);
  return Rule(config).Apply(&builder) ? builder.Build().ToString() : "dropped";
}

const Labels kLabels({{"a", "foo"}, {"b", "bar"}, {"c", "BaZ"}});

TEST(RelabelTest, ReplaceExpandsGroups) {
  EXPECT_EQ(Apply({.source_labels = {"a"},
                   .regex = "f(.*)",
                   .target_label = "d",
                   .replacement = "ch${1}-ch${1}"},
                  kLabels),
            R"({a="foo", b="bar", c="BaZ", d="choo-choo"})");
  EXPECT_EQ(Apply({.source_labels = {"a", "b"},
                   .regex = "(?P<x>.*);(.*)",
                   .target_label = "d",
                   .replacement = "${x}.$2"},
                  kLabels),
            R"({a="foo", b="bar", c="BaZ", d="foo.bar"})");
}

TEST(RelabelTest, ReplaceExpandsAsGoDoes) {
  const std::pair<const char*, const char*> cases[] = {
      {"$1", "oo"},  {"$$1", "$1"},    {"$1x", ""},    {"${1}x", "oox"},
      {"$", "$"},    {"a$-b", "a$-b"}, {"${1", "${1"}, {"$nope", ""},
      {"$0", "foo"}, {"$01", ""},      {"$9", ""},     {"pay $5 ${1}", "pay  oo"},
  };
  for (const auto& [replacement, result] : cases) {
    LabelsBuilder builder(kLabels);
    ASSERT_TRUE(Rule({.source_labels = {"a"},
                      .regex = "f(.*)",
                      .target_label = "d",
                      .replacement = replacement})
                    .Apply(&builder));
    EXPECT_EQ(builder.Get("d"), result) << replacement;
  }
}

TEST(RelabelTest, ReplaceWithoutAMatchChangesNothing) {
  EXPECT_EQ(Apply({.source_labels = {"a"}, .regex = "o", .target_label = "a", .replacement = "x"},
                  kLabels),
            kLabels.ToString());
}

TEST(RelabelTest, ReplaceByTheEmptyStringDeletes) {
  EXPECT_EQ(Apply({.source_labels = {"a"}, .target_label = "a", .replacement = ""}, kLabels),
            R"({b="bar", c="BaZ"})");
  EXPECT_EQ(Apply({.regex = "", .target_label = "b", .replacement = ""}, kLabels),
            R"({a="foo", c="BaZ"})");
}

TEST(RelabelTest, TargetLabelMayBeATemplate) {
  EXPECT_EQ(
      Apply({.source_labels = {"a"}, .regex = "f(o+)", .target_label = "l_$1", .replacement = "v"},
            kLabels),
      R"({a="foo", b="bar", c="BaZ", l_oo="v"})");
  // An empty name is no label.
  EXPECT_EQ(
      Apply({.source_labels = {"a"}, .regex = "foo(x*)", .target_label = "$1", .replacement = "v"},
            kLabels),
      kLabels.ToString());
}

TEST(RelabelTest, KeepAndDropAreAnchored) {
  EXPECT_EQ(Apply({.source_labels = {"a"}, .regex = "fo", .action = "keep"}, kLabels), "dropped");
  EXPECT_EQ(Apply({.source_labels = {"a"}, .regex = "fo+", .action = "keep"}, kLabels),
            kLabels.ToString());
  EXPECT_EQ(Apply({.source_labels = {"a"}, .regex = "o", .action = "drop"}, kLabels),
            kLabels.ToString());
  EXPECT_EQ(
      Apply({.source_labels = {"a", "b"}, .separator = "-", .regex = "foo-bar", .action = "drop"},
            kLabels),
      "dropped");
  EXPECT_EQ(Apply({.source_labels = {"a"}, .regex = "x|foo", .action = "drop"}, kLabels),
            "dropped");
}

TEST(RelabelTest, EqualActionsCompareWithTheTarget) {
  const Labels same({{"x", "1"}, {"y", "1"}});
  EXPECT_EQ(Apply({.source_labels = {"x"}, .target_label = "y", .action = "dropequal"}, same),
            "dropped");
  EXPECT_EQ(Apply({.source_labels = {"x"}, .target_label = "y", .action = "keepequal"}, same),
            same.ToString());
  EXPECT_EQ(Apply({.source_labels = {"a"}, .target_label = "b", .action = "keepequal"}, kLabels),
            "dropped");
}

TEST(RelabelTest, HashModIsTheLastHalfOfMd5) {
  // md5("foo") = acbd18db4cc2f85c edef654fccc4a4d8; the last eight bytes modulo 1000 are 976.
  LabelsBuilder builder(kLabels);
  ASSERT_TRUE(
      Rule({.source_labels = {"a"}, .modulus = 1000, .target_label = "h", .action = "hashmod"})
          .Apply(&builder));
  EXPECT_EQ(builder.Get("h"), std::to_string(0xedef654fccc4a4d8ull % 1000));
}

TEST(RelabelTest, LabelActionsLookAtNames) {
  EXPECT_EQ(Apply({.regex = "(a|b)", .replacement = "m_$1", .action = "labelmap"}, kLabels),
            R"({a="foo", b="bar", c="BaZ", m_a="foo", m_b="bar"})");
  EXPECT_EQ(Apply({.regex = "a|c", .action = "labeldrop"}, kLabels), R"({b="bar"})");
  EXPECT_EQ(Apply({.regex = "a|c", .action = "labelkeep"}, kLabels), R"({a="foo", c="BaZ"})");
}

TEST(RelabelTest, CaseActionsFold) {
  EXPECT_EQ(Apply({.source_labels = {"c"}, .target_label = "c", .action = "Lowercase"}, kLabels),
            R"({a="foo", b="bar", c="baz"})");
  EXPECT_EQ(Apply({.source_labels = {"c"}, .target_label = "d", .action = "uppercase"}, kLabels),
            R"({a="foo", b="bar", c="BaZ", d="BAZ"})");
}

TEST(RelabelTest, RefusesInvalidRules) {
  const std::pair<RelabelConfig, const char*> cases[] = {
      {{.target_label = "x", .action = "jump"}, "unknown relabel action \"jump\""},
      {{.regex = "a(b", .target_label = "x"}, "error parsing regexp"},
      {{.action = "replace"},
       "relabel configuration for replace action requires 'target_label' value"},
      {{.target_label = "x", .action = "hashmod"}, "requires non-zero modulus"},
      {{.target_label = "x", .replacement = "y", .action = "lowercase"},
       "'replacement' can not be set for lowercase action"},
      {{.source_labels = {"x"}, .action = "labeldrop"},
       "labeldrop action requires only 'regex', and no other fields"},
  };
  for (const auto& [config, error] : cases) {
    const auto rule = RelabelRule::Create(config);
    ASSERT_FALSE(rule.ok()) << error;
    EXPECT_NE(std::string(rule.status().message()).find(error), std::string::npos) << rule.status();
  }
}

}  // namespace
}  // namespace hearth
