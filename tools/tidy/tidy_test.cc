// Walks the repository's own sources with the house rules, and proves each rule on a planted
// violation.
#include "tools/tidy/tidy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace hearth::tidy {
namespace {

namespace fs = std::filesystem;

// The sources are no declared inputs (the test is tagged local and never cached): WORKSPACE is, and
// it is a link to the real one.
fs::path WorkspaceRoot() {
  const char* runfiles = std::getenv("TEST_SRCDIR");
  const char* workspace = std::getenv("TEST_WORKSPACE");
  return fs::canonical(fs::path(runfiles) / workspace / "WORKSPACE").parent_path();
}

std::vector<SourceFile> AllSources() {
  const fs::path root = WorkspaceRoot();
  std::vector<SourceFile> files;
  for (auto it = fs::recursive_directory_iterator(root); it != fs::recursive_directory_iterator();
       ++it) {
    const std::string relative = fs::relative(it->path(), root).string();
    if (it->is_symlink() || relative == ".git" || relative == "third_party" || relative == "data" ||
        it->path().filename() == "node_modules") {
      it.disable_recursion_pending();
      continue;
    }
    if (it->path().extension() != ".h" && it->path().extension() != ".cc") continue;
    std::ifstream in(it->path());
    std::ostringstream text;
    text << in.rdbuf();
    files.push_back({relative, text.str()});
  }
  return files;
}

TEST(TidyTest, SourcesKeepTheHouseRules) {
  const std::vector<SourceFile> files = AllSources();
  ASSERT_GT(files.size(), 20u) << "the walk found too little: " << WorkspaceRoot();
  for (const SourceFile& file : files) {
    for (const std::string& violation : CheckIncludes(file)) ADD_FAILURE() << violation;
    for (const std::string& violation : CheckBannedWords(file)) ADD_FAILURE() << violation;
  }
  for (const std::string& violation : CheckCycles(files)) ADD_FAILURE() << violation;
}

TEST(TidyTest, NamesTheForbiddenEdge) {
  EXPECT_THAT(
      CheckIncludes({"query/exec/rate.cc", "\n#include \"tsdb/head/head.h\"\n"}),
      testing::ElementsAre(
          "query/exec/rate.cc:2: forbidden edge query/exec -> tsdb/head (tsdb/head/head.h)"));
  EXPECT_THAT(CheckIncludes({"model/labels.h", "#include \"config/relabel.h\"\n"}),
              testing::SizeIs(1));
  EXPECT_THAT(CheckIncludes({"scrape/target.cc", "#include \"tsdb/storage.h\"\n"}),
              testing::IsEmpty());
  EXPECT_THAT(CheckIncludes({"attic/x.cc", ""}), testing::SizeIs(1));
}

TEST(TidyTest, KeepsLibrariesInTheirFolders) {
  EXPECT_THAT(CheckIncludes({"tsdb/head/head.cc", "#include <rocksdb/db.h>\n"}),
              testing::ElementsAre(testing::HasSubstr("belongs to tsdb/store alone")));
  EXPECT_THAT(CheckIncludes({"tsdb/store/store.cc", "#include \"rocksdb/db.h\"\n"}),
              testing::IsEmpty());
  EXPECT_THAT(CheckIncludes({"api/v1/query.cc", "#include \"tsdb/db.h\"\n"}),
              testing::Not(testing::IsEmpty()));
}

TEST(TidyTest, KeepsTestCodeOutOfTheProduct) {
  EXPECT_THAT(CheckIncludes({"query/engine.cc", "#include \"query/testing/naive.h\"\n"}),
              testing::ElementsAre(testing::HasSubstr("is for tests only")));
  EXPECT_THAT(CheckIncludes({"query/engine.cc", "#include \"tsdb/fake_storage.h\"\n"}),
              testing::ElementsAre(testing::HasSubstr("is for tests only")));
  EXPECT_THAT(CheckIncludes({"query/engine_test.cc", "#include \"query/testing/naive.h\"\n"}),
              testing::IsEmpty());
  EXPECT_THAT(CheckIncludes({"tools/conformance/x.cc", "#include \"query/testing/naive.h\"\n"}),
              testing::IsEmpty());
  EXPECT_THAT(CheckIncludes({"tools/hearthctl/x.cc", "#include \"query/testing/naive.h\"\n"}),
              testing::SizeIs(1));
}

TEST(TidyTest, BansWordsInCodeAndUnfinishedWorkEverywhere) {
  EXPECT_THAT(CheckBannedWords({"model/x.cc", "absl::Mutex mu;\n"}), testing::SizeIs(1));
  EXPECT_THAT(CheckBannedWords({"model/x.cc", "// never absl::Mutex\n"}), testing::IsEmpty());
  EXPECT_THAT(CheckBannedWords({"model/x.cc", std::string("// TO") + "DO: later\n"}),
              testing::SizeIs(1));
  EXPECT_THAT(CheckBannedWords({"model/x_test.cc", "std::this_thread::sleep_for(x);\n"}),
              testing::SizeIs(1));
}

TEST(TidyTest, FindsCycles) {
  EXPECT_THAT(CheckCycles({{"http/a.h", "#include \"config/b.h\"\n"},
                           {"config/b.h", "#include \"http/a.h\"\n"}}),
              testing::ElementsAre(testing::HasSubstr("cycle: ")));
  EXPECT_THAT(CheckCycles({{"http/a.h", "#include \"model/b.h\"\n"}}), testing::IsEmpty());
}

}  // namespace
}  // namespace hearth::tidy
