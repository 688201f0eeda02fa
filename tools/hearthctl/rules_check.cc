#include "tools/hearthctl/rules_check.h"

#include <set>
#include <sstream>
#include <utility>

#include "config/config.h"
#include "model/labels.h"
#include "model/text.h"
#include "tools/hearthctl/exit_code.h"

namespace hearth::hearthctl {
namespace {

// The labels that a rule's series get from the file: the group's, then its own.
Labels LabelsOf(const RuleGroupSpec& group, const RuleSpec& rule) {
  LabelsBuilder labels;
  for (const auto& [name, value] : group.labels) labels.Set(name, value);
  for (const auto& [name, value] : rule.labels) labels.Set(name, value);
  return labels.Build();
}

// Name and labels of the rules that stand there more than once, sorted, each once.
std::set<std::pair<std::string, Labels>> DuplicateRules(const RuleFile& file) {
  std::set<std::pair<std::string, Labels>> seen, duplicates;
  for (const RuleGroupSpec& group : file.groups) {
    for (const RuleSpec& rule : group.rules) {
      std::pair<std::string, Labels> key(rule.name(), LabelsOf(group, rule));
      if (!seen.insert(key).second) duplicates.insert(std::move(key));
    }
  }
  return duplicates;
}

std::string LintMessage(const std::set<std::pair<std::string, Labels>>& duplicates) {
  std::string text = StrCat("lint error ", duplicates.size(), " duplicate rule(s) found.\n");
  for (const auto& [name, labels] : duplicates) {
    StrAppend(&text, "Metric: ", name, "\nLabel(s):\n");
    for (const auto& [label, value] : labels) StrAppend(&text, "\t", label, ": ", value, "\n");
  }
  return text + "Might cause inconsistency while recording expressions";
}

// One file's text; `path` is for messages.
RulesVerdict CheckText(const RulesCheckOptions& options, const std::string& path,
                       std::string_view text, std::ostream& out, std::ostream& err) {
  std::vector<std::string> errors;
  const RuleFile file = ParseRuleFile(path, text, options.file, &errors);
  if (!errors.empty()) {
    err << "  FAILED:\n";
    for (const std::string& error : errors) err << error << "\n";
    return {.errors = true};
  }
  if (options.lint_duplicates) {
    if (const auto duplicates = DuplicateRules(file); !duplicates.empty()) {
      err << "  FAILED:\n" << LintMessage(duplicates) << "\n";
      return {.findings = true};
    }
  }
  size_t rules = 0;
  for (const RuleGroupSpec& group : file.groups) rules += group.rules.size();
  out << "  SUCCESS: " << rules << " rules found\n";
  return {};
}

}  // namespace

RulesVerdict CheckRuleFiles(const RulesCheckOptions& options, const std::vector<std::string>& files,
                            std::ostream& out, std::ostream& err) {
  RulesVerdict all;
  for (const std::string& file : files) {
    out << "Checking " << file << "\n";
    const absl::StatusOr<std::string> text = SystemEnvironment().read_file(file);
    RulesVerdict verdict;
    if (text.ok()) {
      verdict = CheckText(options, file, *text, out, err);
    } else {
      err << "  FAILED:\n" << file << ": " << text.status().message() << "\n";
      verdict.errors = true;
    }
    all.errors |= verdict.errors;
    all.findings |= verdict.findings;
    out << "\n";
  }
  return all;
}

RulesVerdict CheckRulesFromInput(const RulesCheckOptions& options, std::istream& in,
                                 std::ostream& out, std::ostream& err) {
  out << "Checking standard input\n";
  std::ostringstream text;
  if (in.peek() != std::istream::traits_type::eof()) text << in.rdbuf();
  const RulesVerdict verdict = CheckText(options, "standard input", text.str(), out, err);
  out << "\n";
  return verdict;
}

int ExitCode(const RulesVerdict& verdict, bool lint_fatal) {
  if (verdict.errors) return kExitFailure;
  return verdict.findings && lint_fatal ? kExitLint : kExitSuccess;
}

}  // namespace hearth::hearthctl
