#include "tools/hearthctl/rule_tests.h"

#include <chrono>
#include <filesystem>

#include "absl/strings/str_join.h"
#include "config/config.h"
#include "model/clock.h"
#include "model/status.h"
#include "model/text.h"
#include "re2/re2.h"
#include "rules/rule_test_file.h"
#include "tools/hearthctl/exit_code.h"

namespace hearth::hearthctl {
namespace {

using Errors = std::vector<std::string>;

// The files that the patterns of the test file at `path` name.
std::vector<std::string> FindRuleFiles(const std::string& path, const RuleTestFile& file,
                                       std::ostream& err) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::vector<std::string> found;
  for (const std::string& pattern : file.rule_files) {
    const std::string resolved =
        pattern.empty() ? pattern : (folder / pattern).lexically_normal().string();
    const std::vector<std::string> matches = SystemEnvironment().glob(resolved);
    if (matches.empty()) err << "  WARNING: no file match pattern " << resolved << "\n";
    found.insert(found.end(), matches.begin(), matches.end());
  }
  return found;
}

// The tests of one file.
class RuleTestFileRun {
 public:
  RuleTestFileRun(const RuleTestsOptions& options, const RE2* names, std::string path,
                  std::ostream& out, std::ostream& err)
      : options_(options), names_(names), path_(std::move(path)), out_(out), err_(err) {}

  // What failed.
  Errors Run() {
    suite_.name = path_;
    suite_.time_ms = SystemClock::Get().NowMs();
    const absl::StatusOr<RuleTestFile> file = Read();
    if (!file.ok()) {
      const std::string error(FromAbsl(file.status().message()));
      suite_.cases.push_back({path_, {}, error});
      return {error};
    }
    const std::vector<std::string> rule_files = FindRuleFiles(path_, *file, err_);
    Errors all;
    for (size_t i = 0; i < file->tests.size(); ++i) {
      const RuleTest& test = file->tests[i];
      if (names_ != nullptr && !RE2::PartialMatch(test.name, *names_)) continue;
      JUnitCase& result = suite_.cases.emplace_back();
      result.name = test.name.empty() ? StrCat("unnamed#", i) : test.name;
      result.failures = RunTest(*file, test, result.name, rule_files);
      all.insert(all.end(), result.failures.begin(), result.failures.end());
    }
    return all;
  }

  JUnitSuite& suite() { return suite_; }

 private:
  absl::StatusOr<RuleTestFile> Read() const {
    HEARTH_ASSIGN_OR_RETURN(const std::string text, SystemEnvironment().read_file(path_));
    return ParseRuleTestFile(text);
  }

  Errors RunTest(const RuleTestFile& file, const RuleTest& test, const std::string& name,
                 const std::vector<std::string>& rule_files) {
    const auto began = std::chrono::steady_clock::now();
    if (options_.test.debug != nullptr) out_ << "DEBUG: Starting test " << name << "\n";
    Errors errors = ReadRules(rule_files);
    if (errors.empty()) errors = RunRuleTest(file, test, rules_, options_.test);
    if (options_.test.debug != nullptr) {
      const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - began;
      out_ << "DEBUG: Test " << name << " finished, took " << passed.count() << "s\n";
    }
    return errors;
  }

  // Once for all tests, and not before one of them is to run.
  Errors ReadRules(const std::vector<std::string>& rule_files) {
    if (rules_read_) return rules_errors_;
    rules_read_ = true;
    RuleFileOptions options;
    options.parser = options_.test.parser;
    options.ignore_unknown_fields = options_.ignore_unknown_fields;
    for (const std::string& path : rule_files) {
      const absl::StatusOr<std::string> text = SystemEnvironment().read_file(path);
      if (text.ok()) {
        rules_.push_back(ParseRuleFile(path, *text, options, &rules_errors_));
      } else {
        rules_errors_.push_back(StrCat(path, ": ", FromAbsl(text.status().message())));
      }
    }
    return rules_errors_;
  }

  const RuleTestsOptions& options_;
  const RE2* const names_;  // Null: all.
  const std::string path_;
  std::ostream& out_;
  std::ostream& err_;
  JUnitSuite suite_;
  bool rules_read_ = false;
  std::vector<RuleFile> rules_;
  Errors rules_errors_;
};

}  // namespace

int RunRuleTestFiles(const RuleTestsOptions& options, const std::vector<std::string>& files,
                     std::ostream& out, std::ostream& err, std::vector<JUnitSuite>* report) {
  const RE2 names(absl::StrJoin(options.run, "|"), RE2::Quiet);
  if (!names.ok()) {
    err << "hearthctl: --run: " << names.error() << "\n";
    return kExitFailure;
  }
  bool failed = false;
  for (const std::string& path : files) {
    out << "Unit Testing:  " << path << "\n";
    RuleTestFileRun run(options, options.run.empty() ? nullptr : &names, path, out, err);
    const Errors errors = run.Run();
    if (report != nullptr) report->push_back(std::move(run.suite()));
    if (errors.empty()) {
      out << "  SUCCESS\n";
    } else {
      failed = true;
      err << "  FAILED:\n";
      for (const std::string& error : errors) {
        err << error << "\n";
        out << "\n";
      }
    }
    out << "\n";
  }
  return failed ? kExitFailure : kExitSuccess;
}

}  // namespace hearth::hearthctl
