#include "tools/compliance/query_set.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "gtest/gtest.h"

namespace hearth::compliance {
namespace {

std::string Written(std::string_view yaml) {
  const auto queries = ExpandQueries(yaml);
  if (!queries.ok()) return std::string(queries.status().message());
  std::string out;
  for (const Query& query : *queries) {
    out += (query.should_fail ? "1\t" : "0\t") + query.text + "\n";
  }
  return out;
}

TEST(QuerySetTest, TemplatesStandForEachCombination) {
  EXPECT_EQ(Written("test_cases:\n"
                    "  - query: '42'\n"
                    "  - query: 'a {{.clampFunc}} b {{.offset}} {{.clampFunc}}'\n"
                    "    variant_args: ['clampFunc', 'offset']\n"
                    "  - query: 'x'\n"
                    "    should_fail: true\n"),
            "0\t42\n"
            "0\ta clamp_min b 1m clamp_min\n0\ta clamp_min b 5m clamp_min\n"
            "0\ta clamp_min b 10m clamp_min\n"
            "0\ta clamp_max b 1m clamp_max\n0\ta clamp_max b 5m clamp_max\n"
            "0\ta clamp_max b 10m clamp_max\n"
            "1\tx\n");
}

TEST(QuerySetTest, WhatIsNoSuchFileIsRefused) {
  EXPECT_EQ(Written("a: b"), "reading compliance queries: no test_cases");
  EXPECT_EQ(Written("test_cases: [1]"), "reading compliance queries: a case without a query");
  EXPECT_EQ(Written("test_cases: [{query: x, variant_args: [nosuch]}]"),
            "reading compliance queries: unknown variable \"nosuch\"");
  EXPECT_EQ(Written("test_cases: [").substr(0, 28), "reading compliance queries: ");
}

std::string ReadFile(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// The table of values against the expansion that lies beside the templates.
TEST(QuerySetTest, TheProjectsFileExpandsAsItsListSays) {
  const char* const shared = std::getenv("HEARTH_SHARED");
  const std::filesystem::path folder =
      std::filesystem::path(shared == nullptr ? "." : shared) / "conformance/compliance/promql";
  if (!std::filesystem::is_directory(folder)) {
    std::cout << "skipped: no compliance queries ($HEARTH_SHARED/conformance/compliance)\n";
    return;
  }
  std::istringstream lines(ReadFile(folder / "expanded-queries.tsv"));
  std::string want;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with('#')) want += line + "\n";
  }
  EXPECT_EQ(Written(ReadFile(folder / "promql-test-queries.yml")), want);
}

}  // namespace
}  // namespace hearth::compliance
