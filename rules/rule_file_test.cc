#include "rules/rule_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/text.h"

namespace hearth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

struct Parsed {
  RuleFile file;
  std::vector<std::string> errors;
};

Parsed Parse(std::string_view text, const RuleFileOptions& options = {}) {
  Parsed parsed;
  parsed.file = ParseRuleFile("r.yml", text, options, &parsed.errors);
  return parsed;
}

// The errors of one rule, which begins in line 4, column 5.
std::vector<std::string> ErrorsOfRule(std::string_view keys, const RuleFileOptions& options = {}) {
  return Parse(StrCat("groups:\n- name: g\n  rules:\n  - ", keys, "\n"), options).errors;
}

TEST(RuleFileTest, ReadsEveryKey) {
  const Parsed parsed = Parse(
      "groups:\n"
      "  - name: web\n"
      "    interval: 30s\n"
      "    query_offset: 1m\n"
      "    limit: 10\n"
      "    labels: {team: a}\n"
      "    rules:\n"
      "      - record: job:errors:rate5m\n"
      "        expr: sum by (job) (rate(errors_total[5m]))\n"
      "        labels: {z: last, a: first}\n"
      "      - alert: Errors\n"
      "        expr: |\n"
      "          job:errors:rate5m > 1\n"
      "        for: 5m\n"
      "        keep_firing_for: 2m\n"
      "        labels: {severity: '{{ $value }}'}\n"
      "        annotations: {summary: '{{ $labels.job }}'}\n"
      "  - name: none\n");
  EXPECT_THAT(parsed.errors, IsEmpty());
  EXPECT_EQ(parsed.file.path, "r.yml");
  ASSERT_EQ(parsed.file.groups.size(), 2u);
  const RuleGroupSpec& web = parsed.file.groups[0];
  EXPECT_EQ(web.name, "web");
  EXPECT_EQ(web.interval_ms, 30'000);
  EXPECT_EQ(web.query_offset_ms, 60'000);
  EXPECT_EQ(web.limit, 10);
  EXPECT_THAT(web.labels, ElementsAre(Pair("team", "a")));
  EXPECT_EQ(web.line, 2);
  ASSERT_EQ(web.rules.size(), 2u);
  EXPECT_FALSE(web.rules[0].is_alert());
  EXPECT_EQ(web.rules[0].name(), "job:errors:rate5m");
  EXPECT_THAT(web.rules[0].labels, ElementsAre(Pair("z", "last"), Pair("a", "first")));
  const RuleSpec& alert = web.rules[1];
  EXPECT_TRUE(alert.is_alert());
  EXPECT_EQ(alert.name(), "Errors");
  EXPECT_EQ(alert.expr, "job:errors:rate5m > 1\n");
  EXPECT_EQ(alert.for_ms, 300'000);
  EXPECT_EQ(alert.keep_firing_for_ms, 120'000);
  EXPECT_THAT(alert.labels, ElementsAre(Pair("severity", "{{ $value }}")));
  EXPECT_THAT(alert.annotations, ElementsAre(Pair("summary", "{{ $labels.job }}")));
  EXPECT_EQ(alert.line, 11);
  const RuleGroupSpec& none = parsed.file.groups[1];
  EXPECT_FALSE(none.interval_ms || none.query_offset_ms);
  EXPECT_EQ(none.limit, 0);
}

TEST(RuleFileTest, WhatIsEmptyHasNoGroups) {
  for (const char* text :
       {"", "# a comment\n", "---\n", "groups:\n", "groups: []\n", "groups:\n- null\n", "{}\n"}) {
    const Parsed parsed = Parse(text);
    EXPECT_THAT(parsed.errors, IsEmpty()) << text;
    EXPECT_TRUE(parsed.file.groups.empty()) << text;
  }
}

TEST(RuleFileTest, ZeroIsTheDefaultOfIntervalAndLimitButAnOffset) {
  const Parsed parsed =
      Parse("groups:\n- {name: g, interval: 0s, limit: -5, query_offset: 0s, rules: [null]}\n");
  EXPECT_THAT(parsed.errors, IsEmpty());
  const RuleGroupSpec& group = parsed.file.groups.at(0);
  EXPECT_FALSE(group.interval_ms);
  EXPECT_EQ(group.limit, 0);
  EXPECT_EQ(group.query_offset_ms, 0);
  EXPECT_THAT(group.rules, IsEmpty());
}

TEST(RuleFileTest, AliasesAndMergeKeysStandForWhatTheyName) {
  const Parsed parsed = Parse(
      "groups:\n- name: g\n  rules:\n"
      "  - &first\n    alert: &name A\n    expr: &expr up == 0\n    for: 1m\n"
      "  - record: r\n    expr: *expr\n"
      "  - {<<: *first, alert: B}\n");
  EXPECT_THAT(parsed.errors, IsEmpty());
  const std::vector<RuleSpec>& rules = parsed.file.groups.at(0).rules;
  ASSERT_EQ(rules.size(), 3u);
  EXPECT_EQ(rules[1].expr, "up == 0");
  EXPECT_EQ(rules[2].alert, "B");
  EXPECT_EQ(rules[2].for_ms, 60'000);
}

TEST(RuleFileTest, SpecsAreEqualWhateverTheirLines) {
  const char* const kText =
      "groups:\n- name: g\n  rules:\n  - {record: r, expr: up, labels: {a: b}}";
  const RuleGroupSpec group = Parse(kText).file.groups.at(0);
  EXPECT_EQ(group, Parse(StrCat("\n\n", kText)).file.groups.at(0));
  EXPECT_NE(group, Parse(StrCat(kText, "\n  interval: 1m")).file.groups.at(0));
  EXPECT_NE(group, Parse(StrCat(kText, "\n  - {record: r, expr: up}")).file.groups.at(0));
  RuleGroupSpec other = group;
  other.rules[0].labels[0].second = "c";
  EXPECT_NE(group, other);
}

TEST(RuleFileTest, UnknownAndDoubledKeysAreToldTogetherWithTheirLines) {
  EXPECT_THAT(Parse("groups:\n- name: g\n  owner: me\n  rules:\n  - record: r\n    record: s\n"
                    "  - alert: A\n    expr: up\n    annotation: {}\n")
                  .errors,
              ElementsAre("r.yml: yaml: unmarshal errors:\n"
                          "  line 3: field owner not found in type rulefmt.RuleGroup\n"
                          "  line 6: mapping key \"record\" already defined at line 5\n"
                          "  line 9: field annotation not found in type rulefmt.Rule"));
  EXPECT_THAT(Parse("rules: []\n").errors,
              ElementsAre(HasSubstr("line 1: field rules not found in type rulefmt.RuleGroups")));
}

TEST(RuleFileTest, UnknownKeysAreIgnoredWhenAsked) {
  RuleFileOptions options;
  options.ignore_unknown_fields = true;
  const Parsed parsed =
      Parse("groups:\n- {name: g, owner: me, rules: [{record: r, expr: 1}]}\n", options);
  EXPECT_THAT(parsed.errors, IsEmpty());
  EXPECT_EQ(parsed.file.groups.at(0).rules.size(), 1u);
}

TEST(RuleFileTest, RefusesWhatIsNotOneDocument) {
  EXPECT_THAT(Parse("groups: [").errors, ElementsAre(HasSubstr("r.yml: line 1: ")));
  EXPECT_THAT(Parse("groups: []\n---\ngroups: []\n").errors,
              ElementsAre("r.yml: line 3: only one YAML document is allowed"));
  EXPECT_THAT(
      Parse("groups: x\n").errors,
      ElementsAre(HasSubstr("line 1: cannot unmarshal !!str `x` into []rulefmt.RuleGroup")));
}

TEST(RuleFileTest, GroupsHaveNamesOfTheirOwn) {
  EXPECT_THAT(Parse("groups:\n- name: a\n- rules: []\n- name: a\n").errors,
              ElementsAre("r.yml: 3:3: Groupname must not be empty",
                          "r.yml: 4:3: groupname: \"a\" is repeated in the same file"));
  EXPECT_THAT(Parse("groups:\n- {name: a, labels: {__name__: x, b: !!binary \"/w==\"}}\n").errors,
              ElementsAre("r.yml: 2:22: group \"a\": invalid label name: __name__",
                          "r.yml: 2:38: group \"a\": invalid label value: \xff"));
}

TEST(RuleFileTest, ARuleIsOneOfTwoKindsAndHasAnExpression) {
  const std::pair<const char*, const char*> kRules[] = {
      {"{expr: up}", "4:5: group \"g\", rule 1, \"\": one of 'record' or 'alert' must be set"},
      {"{record: a, alert: b, expr: up}",
       "4:14: 4:24: group \"g\", rule 1, \"b\": only one of 'record' and 'alert' must be set"},
      {"{record: a}", "4:5: group \"g\", rule 1, \"a\": field 'expr' must be set in rule"},
      {"{record: a, expr: 'up +'}",
       "4:23: group \"g\", rule 1, \"a\": could not parse expression: 1:5: parse error: "
       "unexpected end of input"},
      {"record: a\n    expr: |\n      up\n      foo bar\n",
       "5:11: group \"g\", rule 1, \"a\": could not parse expression: 2:1: parse error: unexpected "
       "identifier \"foo\""},
      {"{record: a, expr: up, for: 1s}",
       "4:14: group \"g\", rule 1, \"a\": invalid field 'for' in recording rule"},
      {"{record: a, expr: up, keep_firing_for: 1s}",
       "4:14: group \"g\", rule 1, \"a\": invalid field 'keep_firing_for' in recording rule"},
      {"{record: a, expr: up, annotations: {b: c}}",
       "4:14: group \"g\", rule 1, \"a\": invalid field 'annotations' in recording rule"},
      {"{record: 'a{b=\"c\"}', expr: up}",
       "4:14: group \"g\", rule 1, \"a{b=\\\"c\\\"}\": braces present in the recording rule name; "
       "should it be in expr?: a{b=\"c\"}"},
  };
  for (const auto& [rule, error] : kRules) {
    EXPECT_THAT(ErrorsOfRule(rule), ElementsAre(StrCat("r.yml: ", error))) << rule;
  }
}

TEST(RuleFileTest, NamesAreJudgedByTheScheme) {
  const char* const kRule =
      "{alert: a, expr: up, labels: {l-l: x, \"\": y}, annotations: {a-a: x, \"\": y}}";
  EXPECT_THAT(ErrorsOfRule(kRule), ElementsAre(HasSubstr("invalid label name: "),
                                               HasSubstr("invalid annotation name: ")));
  RuleFileOptions legacy;
  legacy.legacy_names = true;
  EXPECT_THAT(
      ErrorsOfRule(kRule, legacy),
      ElementsAre(HasSubstr("4:35: group \"g\", rule 1, \"a\": invalid label name: l-l"),
                  HasSubstr("invalid label name: "),
                  HasSubstr("4:65: group \"g\", rule 1, \"a\": invalid annotation name: a-a"),
                  HasSubstr("invalid annotation name: ")));
  EXPECT_THAT(ErrorsOfRule("{record: a-b, expr: up}"), IsEmpty());
  EXPECT_THAT(ErrorsOfRule("{record: a-b, expr: up}", legacy),
              ElementsAre(HasSubstr("invalid recording rule name: a-b")));
  EXPECT_THAT(ErrorsOfRule("{record: !!binary \"/w==\", expr: up}"),
              ElementsAre(HasSubstr("invalid recording rule name: \xff")));
}

TEST(RuleFileTest, TemplatesOfAlertsAreParsed) {
  EXPECT_THAT(
      ErrorsOfRule("{alert: A, expr: up, labels: {l: '{{ $x }}'}, annotations: {a: '{{'}}"),
      ElementsAre(
          "r.yml: 4:38: group \"g\", rule 1, \"A\": label \"l\": template: __alert_A:1: undefined "
          "variable \"$x\"",
          "r.yml: 4:68: group \"g\", rule 1, \"A\": annotation \"a\": template: __alert_A:1: "
          "unclosed action"));
  EXPECT_THAT(ErrorsOfRule("{record: r, expr: up, labels: {l: '{{ $x }}'}}"), IsEmpty());
}

TEST(RuleFileTest, ExperimentalFunctionsNeedTheirSwitch) {
  const char* const kRule = "{record: r, expr: 'sort_by_label(up, \"job\")'}";
  EXPECT_EQ(ErrorsOfRule(kRule).size(), 1u);
  RuleFileOptions options;
  options.parser.experimental_functions = true;
  EXPECT_THAT(ErrorsOfRule(kRule, options), IsEmpty());
}

}  // namespace
}  // namespace hearth
