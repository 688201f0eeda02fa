// rules/rule_file.h
//
// A rule file as plain data: what `groups:` holds, checked as Prometheus checks it. Expressions and
// templates are parsed to be checked and kept as text; a Group (rules/group.h) prepares them.
//
// Thread safety: values.
#ifndef HEARTH_RULES_RULE_FILE_H_
#define HEARTH_RULES_RULE_FILE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/clock.h"
#include "query/parse/parser.h"

namespace hearth {

// Names and texts in the file's order; names are unique.
using RuleTexts = std::vector<std::pair<std::string, std::string>>;

// Exactly one of `record` and `alert` is set.
struct RuleSpec {
  std::string record;  // The metric that a recording rule writes.
  std::string alert;   // The name of an alert.
  std::string expr;    // As in the file, checked.
  RuleTexts labels;    // An alert's are templates.
  int line = 0;        // 1-based, of the rule's first key.

  // Alerts alone.
  TimeMs for_ms = 0;              // >= 0
  TimeMs keep_firing_for_ms = 0;  // >= 0
  RuleTexts annotations;          // Templates.

  bool is_alert() const { return !alert.empty(); }
  const std::string& name() const { return is_alert() ? alert : record; }
  // Whether both do the same; the line does not count.
  friend bool operator==(const RuleSpec& a, const RuleSpec& b);
};

struct RuleGroupSpec {
  std::string name;                       // Unique in the file, not empty.
  std::optional<TimeMs> interval_ms;      // > 0. Absent: global.evaluation_interval.
  std::optional<TimeMs> query_offset_ms;  // >= 0. Absent: global.rule_query_offset.
  int64_t limit = 0;  // >= 0: series or alerts that a rule may give; 0 = any number.
  RuleTexts labels;   // Added to each rule that does not name them itself.
  std::vector<RuleSpec> rules;
  int line = 0;

  friend bool operator==(const RuleGroupSpec& a, const RuleGroupSpec& b);
};

struct RuleFile {
  std::string path;  // As resolved from rule_files; with a group's name the group's key.
  std::vector<RuleGroupSpec> groups;
};

struct RuleFileOptions {
  promql::ParserOptions parser;        // Which experimental functions expressions may use.
  bool legacy_names = false;           // metric_name_validation_scheme: legacy
  bool ignore_unknown_fields = false;  // promtool's --ignore-unknown-fields
};

// Reads and checks the text of a rule file. `errors` gets all that were found, in Prometheus'
// words, each with the file and its place, `rules.yml: 6:13: group "g", rule 1, "x": could not
// parse expression: 1:1: parse error: …`; what is no YAML, or has unknown or doubled keys, is one
// error with a line for each finding. While any is left the result must not be used. An empty text
// is a file without groups. Text of 64 MiB or more, or of two million nodes, is refused unread.
RuleFile ParseRuleFile(std::string_view path, std::string_view text, const RuleFileOptions& options,
                       std::vector<std::string>* errors);

}  // namespace hearth

#endif  // HEARTH_RULES_RULE_FILE_H_
