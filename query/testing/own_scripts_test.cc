// Runs testdata/promql/**.test, one test case a file, against the engine; and against the naive
// evaluator where that covers the file.
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <string>

#include "gtest/gtest.h"
#include "model/clock.h"
#include "query/engine.h"
#include "query/testing/cached_evaluator.h"
#include "query/testing/naive.h"
#include "query/testing/script_runner.h"

namespace hearth::promql {
namespace {

std::string FailuresOf(const std::filesystem::path& file, const Evaluator& evaluator) {
  std::ostringstream text, failures;
  text << std::ifstream(file).rdbuf();
  const auto outcomes = RunScript(text.str(), evaluator);
  if (!outcomes.ok()) return outcomes.status().ToString();
  if (outcomes->empty()) return "the script evaluates nothing";
  for (const EvalOutcome& outcome : *outcomes) {
    if (outcome.passed) continue;
    failures << file.string() << ":" << outcome.line << ": " << outcome.query << "\n  "
             << outcome.problem << "\n";
  }
  return failures.str();
}

class ScriptFile : public testing::Test {
 public:
  explicit ScriptFile(std::filesystem::path file) : file_(std::move(file)) {}

  void TestBody() override {
    EXPECT_EQ(
        FailuresOf(
            file_,
            [](const Queryable& storage, const QueryRequest& request) {
              return Engine(&storage, &SystemClock::Get(), ScriptEngineOptions()).Execute(request);
            }),
        "");
  }

 private:
  const std::filesystem::path file_;
};

// Scripts check the oracle too. Annotations are not its business, so files that expect some are
// left out.
class NaiveScriptFile : public testing::Test {
 public:
  explicit NaiveScriptFile(std::filesystem::path file) : file_(std::move(file)) {}

  void TestBody() override {
    EXPECT_EQ(FailuresOf(file_,
                         [](const Queryable& storage, const QueryRequest& request) {
                           return EvaluateNaively(storage, ScriptEngineOptions(), request);
                         }),
              "");
  }

 private:
  const std::filesystem::path file_;
};

// Range queries of the scripts as dashboards that move on: an engine that keeps results answers as
// one that does not.
class CachedScriptFile : public testing::Test {
 public:
  explicit CachedScriptFile(std::filesystem::path file) : file_(std::move(file)) {}

  void TestBody() override {
    CachedEvaluator cached(ScriptEngineOptions());
    FailuresOf(file_, [&](const Queryable& storage, const QueryRequest& request) {
      const absl::Status same = cached.Check(storage, request);
      EXPECT_TRUE(same.ok()) << request.query << ": " << same;
      return Engine(&storage, &SystemClock::Get(), ScriptEngineOptions()).Execute(request);
    });
  }

 private:
  const std::filesystem::path file_;
};

bool ExpectsAnnotations(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str().find("expect warn") != std::string::npos ||
         text.str().find("expect info") != std::string::npos;
}

std::string TestName(const std::filesystem::path& root, const std::filesystem::path& file) {
  std::string name = file.lexically_relative(root).replace_extension().string();
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
}

int RegisterScripts() {
  const std::filesystem::path root = "testdata/promql";
  std::set<std::filesystem::path> files;
  if (!std::filesystem::is_directory(root)) return 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.path().extension() == ".test") files.insert(entry.path());
  }
  for (const std::filesystem::path& file : files) {
    const std::string name = TestName(root, file);
    testing::RegisterTest("ScriptFile", name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                          [file]() -> ScriptFile* { return new ScriptFile(file); });
    testing::RegisterTest("CachedScriptFile", name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                          [file]() -> CachedScriptFile* { return new CachedScriptFile(file); });
    if (ExpectsAnnotations(file) || file.parent_path() != root) continue;
    testing::RegisterTest("NaiveScriptFile", name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                          [file]() -> NaiveScriptFile* { return new NaiveScriptFile(file); });
  }
  return static_cast<int>(files.size());
}

const int kScripts = RegisterScripts();

TEST(ScriptFilesTest, AreFound) { EXPECT_GE(kScripts, 15); }

}  // namespace
}  // namespace hearth::promql
