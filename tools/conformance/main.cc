// conformance: runs PromQL scripts in the language of Prometheus' promqltest against the engine in
// this process, with the settings that the language assumes, and counts what passes: file by file,
// evals of floats only apart from those about native histograms. Each instant eval passes when it
// does so as written, in its step-invariant variants, and as the middle step of a range query.
//
// Exit code: 0 when every eval of floats only passes, 1 when one does not, 2 when a file cannot be
// read.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "model/clock.h"
#include "model/status.h"
#include "query/engine.h"
#include "query/testing/cached_evaluator.h"
#include "query/testing/script_runner.h"

namespace hearth::promql {
namespace {

struct Count {
  int passed = 0, failed = 0;

  void Add(bool pass) { ++(pass ? passed : failed); }
  void Add(const Count& other) {
    passed += other.passed;
    failed += other.failed;
  }
};

struct FileResult {
  std::string name;
  Count floats, histograms;
};

struct Options {
  std::vector<std::string> files;
  bool verbose = false, markdown = false, cache = false;
  int threads = 0;
};

class ScriptEvaluator {
 public:
  explicit ScriptEvaluator(const Options& options)
      : engine_(ScriptEngineOptions()), cache_(options.cache) {
    engine_.threads = options.threads;
    cached_.emplace(engine_);
  }

  absl::StatusOr<QueryResult> operator()(const Queryable& storage, const QueryRequest& request) {
    if (cache_) HEARTH_RETURN_IF_ERROR(cached_->Check(storage, request));
    return Engine(&storage, &SystemClock::Get(), engine_).Execute(request);
  }

 private:
  EngineOptions engine_;
  const bool cache_;
  std::optional<CachedEvaluator> cached_;
};

// False when the file cannot be read or is no script.
bool RunFile(const std::string& path, const Options& options, FileResult* result) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) {
    std::cerr << "conformance: cannot read " << path << "\n";
    return false;
  }
  ScriptEvaluator evaluator(options);
  const auto outcomes =
      RunScript(text.str(), [&](const Queryable& storage, const QueryRequest& request) {
        return evaluator(storage, request);
      });
  if (!outcomes.ok()) {
    std::cerr << "conformance: " << path << ": " << outcomes.status().message() << "\n";
    return false;
  }
  result->name = std::filesystem::path(path).stem().string();
  for (const EvalOutcome& outcome : *outcomes) {
    (outcome.histograms ? result->histograms : result->floats).Add(outcome.passed);
    if (outcome.passed || !options.verbose) continue;
    std::cout << path << ":" << outcome.line << (outcome.histograms ? " [histograms]: " : ": ")
              << outcome.query << "\n    " << outcome.problem << "\n";
  }
  return true;
}

void PrintRow(const Options& options, const FileResult& row) {
  const int counts[] = {row.floats.passed, row.floats.failed, row.histograms.passed,
                        row.histograms.failed};
  if (options.markdown) {
    std::cout << "| " << row.name;
    for (const int n : counts) std::cout << " | " << n;
    std::cout << " |\n";
    return;
  }
  std::cout << std::left << std::setw(24) << row.name << std::right;
  for (const int n : counts) std::cout << std::setw(10) << n;
  std::cout << "\n";
}

void PrintHeader(const Options& options) {
  if (options.markdown) {
    std::cout << "| File | Floats only: passed | failed | With native histograms: passed | failed "
                 "|\n| --- | ---: | ---: | ---: | ---: |\n";
    return;
  }
  std::cout << std::left << std::setw(24) << "" << std::right << std::setw(20) << "floats only"
            << std::setw(20) << "with histograms"
            << "\n"
            << std::left << std::setw(24) << "file" << std::right;
  for (const char* column : {"passed", "failed", "passed", "failed"}) {
    std::cout << std::setw(10) << column;
  }
  std::cout << "\n";
}

int Run(const Options& options) {
  std::vector<FileResult> rows;
  FileResult total{.name = "all", .floats = {}, .histograms = {}};
  for (const std::string& path : options.files) {
    if (!RunFile(path, options, &rows.emplace_back())) return 2;
    total.floats.Add(rows.back().floats);
    total.histograms.Add(rows.back().histograms);
  }
  PrintHeader(options);
  for (const FileResult& row : rows) PrintRow(options, row);
  PrintRow(options, total);
  return total.floats.failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace hearth::promql

int main(int argc, char** argv) {
  CLI::App app("Runs PromQL scripts (promqltest) against the engine and counts what passes");
  hearth::promql::Options options;
  app.add_option("files", options.files, "Script files (*.test)")->required();
  app.add_flag("--verbose", options.verbose, "Name each failing eval, what it expected and got.");
  app.add_flag("--markdown", options.markdown, "Print the table as Markdown.");
  app.add_flag("--cache", options.cache,
               "Ask each range query with the result cache too; an eval fails where that differs.");
  app.add_option("--threads", options.threads, "Of a query; 0 = one for each processor.")
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  return hearth::promql::Run(options);
}
