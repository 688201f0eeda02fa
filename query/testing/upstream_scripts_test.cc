// Runs Prometheus' own scripts where they are at hand ($HEARTH_SHARED/conformance/promqltest). The
// engine must pass every eval that is of floats only, the naive evaluator the files that need no
// experimental language; of the rest the numbers are printed.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <set>
#include <sstream>
#include <string>

#include "gtest/gtest.h"
#include "model/clock.h"
#include "query/engine.h"
#include "query/testing/naive.h"
#include "query/testing/script_runner.h"

namespace hearth::promql {
namespace {

const std::set<std::string> kNaive = {
    "at_modifier.test", "collision.test", "literals.test",       "name_label_dropping.test",
    "selectors.test",   "staleness.test", "trig_functions.test", "type_and_unit.test"};

std::filesystem::path Folder() {
  const char* shared = std::getenv("HEARTH_SHARED");
  return std::filesystem::path(shared == nullptr ? "." : shared) / "conformance" / "promqltest";
}

std::string ReadFile(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

using MustPass = std::function<bool(const std::string& file, const EvalOutcome& outcome)>;

void RunAll(const Evaluator& evaluator, const MustPass& must_pass) {
  if (!std::filesystem::is_directory(Folder())) {
    std::cout << "skipped: no upstream scripts ($HEARTH_SHARED/conformance/promqltest)\n";
    return;
  }
  const bool verbose = std::getenv("HEARTH_SCRIPT_VERBOSE") != nullptr;
  size_t total = 0, total_passed = 0;
  std::set<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(Folder())) {
    if (entry.path().extension() == ".test") files.insert(entry.path());
  }
  for (const std::filesystem::path& file : files) {
    const auto outcomes = RunScript(ReadFile(file), evaluator);
    ASSERT_TRUE(outcomes.ok()) << file << ": " << outcomes.status();
    size_t passed = 0;
    for (const EvalOutcome& outcome : *outcomes) {
      passed += outcome.passed ? 1 : 0;
      if (!outcome.passed && must_pass(file.filename(), outcome)) {
        ADD_FAILURE() << file.filename().string() << ":" << outcome.line << ": " << outcome.query
                      << "\n  " << outcome.problem;
      } else if (!outcome.passed && verbose) {
        std::cout << file.filename().string() << ":" << outcome.line << ": " << outcome.query
                  << "\n  " << outcome.problem << "\n";
      }
    }
    std::cout << file.filename().string() << ": " << passed << " of " << outcomes->size()
              << " evals passed\n";
    total += outcomes->size();
    total_passed += passed;
  }
  std::cout << "all: " << total_passed << " of " << total << " evals passed\n";
}

TEST(UpstreamScriptsTest, NaiveEvaluatorPassesWhatIsStableAndFloat) {
  RunAll(
      [](const Queryable& storage, const QueryRequest& request) {
        return EvaluateNaively(storage, ScriptEngineOptions(), request);
      },
      [](const std::string& file, const EvalOutcome&) { return kNaive.count(file) > 0; });
}

TEST(UpstreamScriptsTest, EnginePassesWhatIsOfFloatsOnly) {
  RunAll(
      [](const Queryable& storage, const QueryRequest& request) {
        return Engine(&storage, &SystemClock::Get(), ScriptEngineOptions()).Execute(request);
      },
      [](const std::string&, const EvalOutcome& outcome) { return !outcome.histograms; });
}

}  // namespace
}  // namespace hearth::promql
