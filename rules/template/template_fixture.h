// rules/template/template_fixture.h
//
// For tests: one alert, a few queries, and templates expanded with them.
#ifndef HEARTH_RULES_TEMPLATE_TEMPLATE_FIXTURE_H_
#define HEARTH_RULES_TEMPLATE_TEMPLATE_FIXTURE_H_

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/text.h"
#include "rules/template/expander.h"

namespace hearth::gotemplate {

// `fail` fails, `empty` has nothing, `one` one sample, everything else two.
inline absl::StatusOr<std::vector<Sample>> FixtureQuery(const std::string& expr) {
  if (expr == "fail") return absl::InvalidArgumentError("no such thing");
  std::vector<Sample> samples;
  if (expr == "empty") return samples;
  if (expr != "one") {
    samples.push_back(
        {Labels{{"__name__", "metric"}, {"instance", "b"}, {"__value__", "x"}}, Value::Float(21)});
  }
  samples.push_back({Labels{{"__name__", "metric"}, {"instance", "a"}}, Value::Float(11)});
  return samples;
}

inline Environment FixtureEnvironment() {
  return {FixtureQuery, 1'700'000'000'000, "http://testhost:9090/path/prefix"};
}

inline AlertData FixtureData() {
  return {Labels{{"job", "api"}, {"instance", "host:9090"}}, Labels{{"region", "eu"}},
          Value::Float(1234.5)};
}

// The text; an error as `ERR ` and what is its own: `1:115: <.Nope>: can't evaluate …` where one
// was met while executing, `1: unclosed action` where one was met while parsing. Columns count 112
// bytes of definitions in the first line.
inline std::string ExpandFixture(std::string_view text) {
  const absl::StatusOr<Expander> expander = Expander::Parse("__alert_Test", text);
  absl::Status status = expander.status();
  if (expander.ok()) {
    const absl::StatusOr<std::string> result =
        expander->Expand(FixtureData(), FixtureEnvironment());
    if (result.ok()) return *result;
    status = result.status();
  }
  std::string message(FromAbsl(status.message()));
  for (const std::string_view noise :
       {"error executing template __alert_Test: ", "template: __alert_Test:",
        "executing \"__alert_Test\" at "}) {
    const size_t at = message.find(noise);
    if (at != std::string::npos) message.erase(at, noise.size());
  }
  return "ERR " + message;
}

struct TemplateCase {
  std::string_view text;
  std::string_view expected;
};

inline void ExpectExpansions(std::span<const TemplateCase> cases) {
  for (const TemplateCase& c : cases) EXPECT_EQ(ExpandFixture(c.text), c.expected) << c.text;
}

}  // namespace hearth::gotemplate

#endif  // HEARTH_RULES_TEMPLATE_TEMPLATE_FIXTURE_H_
