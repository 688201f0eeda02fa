#include "rules/yaml_mapping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace hearth {
namespace {

using testing::ElementsAre;
using testing::Pair;

struct Everything {
  std::string text = "unset";
  int64_t integer = -1;
  double number = -1;
  bool flag = false;
  TimeMs duration = -1;
  std::vector<std::pair<std::string, std::string>> texts;
  std::vector<std::string> list;
  std::vector<int> items;  // Their lines.
  std::string findings;
};

Everything Read(std::string_view yaml, bool ignore_unknown_fields = false) {
  const absl::StatusOr<YamlNode> root = ParseYaml(yaml);
  EXPECT_TRUE(root.ok()) << root.status();
  Everything out;
  if (!root.ok()) return out;
  YamlFindings findings(ignore_unknown_fields);
  YamlMapping map(*root, "a.Type", &findings);
  map.Text("text", &out.text);
  map.Integer("integer", &out.integer);
  map.Number("number", &out.number);
  map.Flag("flag", &out.flag);
  map.Duration("duration", &out.duration);
  map.Texts("texts", &out.texts);
  map.TextList("list", &out.list);
  map.Items("items", "[]a.Item", [&](const YamlNode& item) { out.items.push_back(item.line); });
  map.Finish();
  if (!findings.empty()) out.findings = findings.Text();
  return out;
}

TEST(YamlMappingTest, ReadsEachKind) {
  const Everything all = Read(
      "text: 0x1f\ninteger: -12\nnumber: 1.5e3\nflag: yes\nduration: 1m30s\n"
      "texts: {b: 2, a: null}\nlist: [x, 'y', null]\nitems:\n- {}\n- null\n- {}\n");
  EXPECT_EQ(all.findings, "");
  EXPECT_EQ(all.text, "0x1f");
  EXPECT_EQ(all.integer, -12);
  EXPECT_EQ(all.number, 1500);
  EXPECT_TRUE(all.flag);
  EXPECT_EQ(all.duration, 90'000);
  EXPECT_THAT(all.texts, ElementsAre(Pair("b", "2"), Pair("a", "")));
  EXPECT_THAT(all.list, ElementsAre("x", "y", ""));
  EXPECT_THAT(all.items, ElementsAre(9, 11));
}

TEST(YamlMappingTest, WhatIsAbsentOrNullIsLeftAlone) {
  for (const char* yaml : {"", "text:\ninteger: null\nnumber: ~\nduration:\ntexts:\nitems:\n"}) {
    const Everything all = Read(yaml);
    EXPECT_EQ(all.findings, "") << yaml;
    EXPECT_EQ(all.text, "unset") << yaml;
    EXPECT_EQ(all.integer, -1) << yaml;
    EXPECT_EQ(all.number, -1) << yaml;
    EXPECT_EQ(all.duration, -1) << yaml;
  }
}

TEST(YamlMappingTest, NumbersAreThoseOfYaml) {
  const auto number = [](const std::string& text) { return Read("number: " + text); };
  EXPECT_TRUE(std::isnan(number(".nan").number));
  EXPECT_EQ(number("-.Inf").number, -INFINITY);
  EXPECT_EQ(number("+3").number, 3);
  EXPECT_EQ(number(".5").number, 0.5);
  for (const char* text : {"NaN", "-inf", "1x", "''", "'1'", "0x10", "[1]"}) {
    EXPECT_NE(number(text).findings, "") << text;
  }
}

TEST(YamlMappingTest, FindingsAreAllOfThemByLine) {
  EXPECT_EQ(Read("flag: perhaps\nother: 1\ninteger: x\nduration: 5x\nitems: 3\n"
                 "texts: {a: [1]}\nlist: [{}]\ntext: [a]\nnumber: '1'\n")
                .findings,
            "yaml: unmarshal errors:\n"
            "  line 1: cannot unmarshal !!str `perhaps` into bool\n"
            "  line 2: field other not found in type a.Type\n"
            "  line 3: cannot unmarshal !!str `x` into int\n"
            "  line 4: not a valid duration string: \"5x\"\n"
            "  line 5: cannot unmarshal !!str `3` into []a.Item\n"
            "  line 6: cannot unmarshal !!seq into string\n"
            "  line 7: cannot unmarshal !!map into string\n"
            "  line 8: cannot unmarshal !!seq into string\n"
            "  line 9: cannot unmarshal !!str `1` into float64");
}

TEST(YamlMappingTest, AKeyThatComesTwiceIsTheOnlyFindingOfItsMapping) {
  EXPECT_EQ(Read("text: a\nother: 1\ntext: b\n").findings,
            "yaml: unmarshal errors:\n"
            "  line 3: mapping key \"text\" already defined at line 1");
  EXPECT_EQ(Read("texts:\n  a: 1\n  a: 2\n").findings,
            "yaml: unmarshal errors:\n"
            "  line 3: mapping key \"a\" already defined at line 2");
}

TEST(YamlMappingTest, UnknownKeysAreIgnoredWhenAsked) {
  EXPECT_EQ(Read("other: 1\ntext: a\n", /*ignore_unknown_fields=*/true).findings, "");
  EXPECT_NE(Read("text: a\ntext: b\n", /*ignore_unknown_fields=*/true).findings, "");
}

TEST(YamlMappingTest, WhatIsNoMappingIsAFinding) {
  EXPECT_EQ(Read("- a\n").findings,
            "yaml: unmarshal errors:\n  line 1: cannot unmarshal !!seq into a.Type");
}

}  // namespace
}  // namespace hearth
