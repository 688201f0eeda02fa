#include "rules/template/expander.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "rules/template/template_fixture.h"

namespace hearth::gotemplate {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

std::string ErrorOf(std::string_view text, const Environment& environment = FixtureEnvironment(),
                    int64_t max_steps = kMaxSteps) {
  const absl::StatusOr<Expander> expander = Expander::Parse("t", text);
  if (!expander.ok()) return std::string(FromAbsl(expander.status().message()));
  return std::string(
      FromAbsl(expander->Expand(FixtureData(), environment, max_steps).status().message()));
}

TEST(ExpanderTest, ErrorsNameTheTemplateTwiceAsPrometheusDoes) {
  EXPECT_EQ(ErrorOf("{{ .Nope.x }}{{ $labels"), "template: t:1: unclosed action");
  EXPECT_EQ(ErrorOf("\n {{ len 3 }}"),
            "error executing template t: template: t:2:4: executing \"t\" at <len 3>: error "
            "calling len: len of type int");
}

TEST(ExpanderTest, AnErrorBecomesTheTextOfTheAnnotation) {
  const Expander good = *Expander::Parse("t", "{{ $value }}");
  EXPECT_EQ(good.ExpandOrErrorText(FixtureData(), FixtureEnvironment()), "1234.5");
  const Expander bad = *Expander::Parse("t", "{{ query \"fail\" }}");
  EXPECT_EQ(bad.ExpandOrErrorText(FixtureData(), FixtureEnvironment()),
            "<error expanding template: error executing template t: template: t:1:115: executing "
            "\"t\" at <query \"fail\">: error calling query: no such thing>");
}

TEST(ExpanderTest, ParseTestNeedsNoData) {
  EXPECT_TRUE(ParseTest("t", "{{ query \"fail\" | first | value }}").ok());
  EXPECT_TRUE(ParseTest("t", "").ok());
  EXPECT_EQ(ParseTest("t", "{{ nope }}").message(), "template: t:1: function \"nope\" not defined");
}

TEST(ExpanderTest, WithoutAQueryFunctionQueriesFail) {
  EXPECT_THAT(ErrorOf("{{ query \"up\" }}", Environment{}),
              EndsWith("error calling query: queries cannot be evaluated here"));
}

TEST(ExpanderTest, AHistogramPrintsAsItsText) {
  AlertData data = FixtureData();
  data.value = Value::Histogram("{count:3, sum:10}");
  const auto expand = [&](std::string_view text) {
    return Expander::Parse("t", text)->ExpandOrErrorText(data, FixtureEnvironment());
  };
  EXPECT_EQ(expand("{{ $value }} {{ printf \"%v\" .Value }}"),
            "{count:3, sum:10} {count:3, sum:10}");
  EXPECT_THAT(expand("{{ humanize $value }}"),
              HasSubstr("can't convert *histogram.FloatHistogram to float"));
}

TEST(ExpanderTest, EveryFunctionHasAUniqueNameAndAKernel) {
  std::set<std::string_view> names;
  for (const FunctionSpec* function : AllFunctions()) {
    EXPECT_TRUE(names.insert(function->name).second) << function->name;
    EXPECT_EQ(function->kernel == nullptr, function->short_circuit != ShortCircuit::kNo)
        << function->name;
    EXPECT_EQ(FindFunction(function->name), function);
    EXPECT_TRUE(!function->variadic || !function->params.empty()) << function->name;
  }
  EXPECT_EQ(names.size(), 19u + 29u);  // Go's and Prometheus'.
  EXPECT_EQ(FindFunction("nope"), nullptr);
}

TEST(ExpanderTest, ALoopEndsAtTheStepLimit) {
  EXPECT_THAT(ErrorOf("{{ range 1000000000 }}{{ end }}"),
              HasSubstr("execution takes more than 1000000 steps"));
  EXPECT_THAT(ErrorOf("{{ range 10 }}{{ range 10 }}x{{ end }}{{ end }}", FixtureEnvironment(), 50),
              HasSubstr("execution takes more than 50 steps"));
  EXPECT_THAT(ErrorOf("{{ range 20000 }}{{ with query \"empty\" }}{{ end }}{{ end }}"),
              HasSubstr("execution takes more than"));
}

TEST(ExpanderTest, ATemplateThatCallsItselfEndsAtTheDepthLimit) {
  EXPECT_THAT(ErrorOf("{{define \"r\"}}{{template \"r\"}}{{end}}{{template \"r\"}}"),
              HasSubstr("exceeded maximum template depth (1000)"));
  EXPECT_THAT(ErrorOf("{{define \"a\"}}{{if 1}}{{template \"b\" .}}{{end}}{{end}}"
                      "{{define \"b\"}}{{with .}}{{template \"a\" .}}{{end}}{{end}}"
                      "{{template \"a\" 1}}"),
              HasSubstr("exceeded maximum template depth (1000)"));
}

TEST(ExpanderTest, NestingIsBoundedWhileParsing) {
  const auto nested = [](int depth) {
    std::string text = "{{ ";
    for (int i = 0; i < depth; ++i) text += '(';
    text += '1';
    for (int i = 0; i < depth; ++i) text += ')';
    return text + " }}";
  };
  EXPECT_EQ(ErrorOf(nested(kMaxParseDepth)), "");
  EXPECT_EQ(ErrorOf(nested(kMaxParseDepth + 1)), "template: t:1: max expression depth exceeded");
  std::string ifs;
  for (int i = 0; i <= kMaxParseDepth; ++i) ifs += "{{ if 1 }}";
  EXPECT_EQ(ErrorOf(ifs), "template: t:1: control structures nested too deeply");
  std::string chain = "{{ if 0 }}";
  for (int i = 0; i <= kMaxParseDepth; ++i) chain += "{{ else if 0 }}";
  EXPECT_EQ(ErrorOf(chain + "{{ end }}"), "template: t:1: control structures nested too deeply");
  EXPECT_THAT(ErrorOf(std::string(kMaxTemplateBytes, 'x')), HasSubstr("is longer than 1048576"));
}

TEST(ExpanderTest, TextsAreBounded) {
  EXPECT_THAT(
      ErrorOf("{{ $x := \"xxxxxxxxxxxxxxxx\" }}{{ range 40 }}{{ $x = print $x $x }}{{ end }}"),
      HasSubstr("error calling print: text is longer than 1048576 bytes"));
  EXPECT_THAT(ErrorOf("{{ range 100 }}{{ printf \"%100000d\" 1 }}{{ end }}"),
              HasSubstr("output is longer than 1048576 bytes"));
  EXPECT_THAT(ErrorOf("{{ $x := printf \"%100000d\" 1 }}{{ reReplaceAll \"\" $x $x }}"),
              HasSubstr("text is longer than 1048576 bytes"));
  EXPECT_THAT(ErrorOf("{{ $x := args }}{{ range 200 }}{{ $x = args $x }}{{ end }}"),
              HasSubstr("args nested deeper than 100"));
  // Doubling maps: small to hold, large to print.
  EXPECT_THAT(ErrorOf("{{ $x := args }}{{ range 60 }}{{ $x = args $x $x }}{{ end }}{{ $x }}"),
              HasSubstr("text is longer than"));
}

TEST(ExpanderTest, OneExpanderServesManyAlerts) {
  const Expander expander = *Expander::Parse("t", "{{ $labels.job }}{{ $x := 1 }}{{ $x = 2 }}");
  AlertData other = FixtureData();
  other.labels = Labels{{"job", "db"}};
  EXPECT_EQ(*expander.Expand(FixtureData(), FixtureEnvironment()), "api");
  EXPECT_EQ(*expander.Expand(other, FixtureEnvironment()), "db");
}

// Where our texts are not Go's: addresses, and panics of its reflection.
TEST(ExpanderTest, KnownDifferences) {
  EXPECT_EQ(ExpandFixture("{{ query \"one\" }}"), "[{map[__name__:metric instance:a] 11}]");
  EXPECT_EQ(ExpandFixture("{{ len nil }}"),
            "ERR 1:115: <len nil>: error calling len: len of untyped nil");
  EXPECT_EQ(ExpandFixture("{{ call 1 }}"),
            "ERR 1:115: <call 1>: error calling call: non-function of type int");
  EXPECT_THAT(ExpandFixture("{{ 1i }}"), StartsWith("ERR 1: no complex numbers here"));
}

}  // namespace
}  // namespace hearth::gotemplate
