// Any text is a rule file or has errors that name it, and what is read from a good one holds what
// its header promises.
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

#include "rules/rule_file.h"
#include "tools/fuzz/fuzz.h"

namespace hearth::fuzz {

std::vector<std::string> Corpus() {
  return {
      "groups:\n- name: web\n  interval: 30s\n  query_offset: 1m\n  limit: 10\n  labels: {a: b}\n"
      "  rules:\n  - record: r\n    expr: sum(rate(x_total[5m]))\n    labels: {c: d}\n"
      "  - alert: A\n    expr: |\n      r > 1\n    for: 5m\n    keep_firing_for: 1m\n"
      "    labels: {severity: page}\n    annotations: {summary: '{{ $labels.job }} {{ $value "
      "}}'}\n",
      "groups:\n- name: &n g\n  rules:\n  - &r\n    alert: A\n    expr: &e up == 0\n"
      "  - {<<: *r, alert: B}\n  - {record: *n, expr: *e}\n- name: h\n",
      "{groups: [{name: g, rules: [{record: 'a{b=\"c\"}', expr: 'up +'}, {alert: x, record: y}]},"
      " {name: g}, null]}\n---\n",
  };
}

}  // namespace hearth::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> errors;
  const hearth::RuleFile file = hearth::ParseRuleFile("fuzz.yml", text, {}, &errors);
  for (const std::string& error : errors) {
    if (!error.starts_with("fuzz.yml: ")) std::abort();
  }
  if (!errors.empty()) return 0;
  std::set<std::string_view> names;
  for (const hearth::RuleGroupSpec& group : file.groups) {
    if (group.name.empty() || !names.insert(group.name).second || group.limit < 0) std::abort();
    if (group.interval_ms.value_or(1) <= 0 || group.query_offset_ms.value_or(0) < 0) std::abort();
    for (const hearth::RuleSpec& rule : group.rules) {
      if (rule.expr.empty() || rule.alert.empty() == rule.record.empty()) std::abort();
      if (rule.for_ms < 0 || rule.keep_firing_for_ms < 0 || rule.line <= 0) std::abort();
    }
  }
  return 0;
}
