// What a newer version wrote is refused with a sentence, and left as it is. (The store's own
// format: tsdb/store/damage_test.cc.)
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "tsdb/db_fixture.h"

namespace hearth {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr size_t kVersionAt = 8;

std::string ReadFile(const std::string& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

class NewerVersionTest : public DbTest, public testing::WithParamInterface<std::string> {
 protected:
  // Leaves a list of deletes.
  void Delete() {
    const std::vector<std::vector<Matcher>> nobody = {{Matcher::Equal("i", "nobody")}};
    ASSERT_TRUE(db_->Delete(nobody, {0, 1}).ok());
  }
  void SetVersion(const std::string& path, char version) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(kVersionAt);
    file.put(version);
  }
};

TEST_P(NewerVersionTest, IsRefusedAndLeftAlone) {
  for (TimeMs t = kNow - 2 * kHour; t < kNow; t += kMinute / 4) PushAll(3, t);
  Delete();
  ASSERT_TRUE(db_->Close().ok());
  db_.reset();
  const std::string path = Hearth(GetParam());
  ASSERT_TRUE(fs::exists(path));
  for (const char version : {2, 7, 99}) {
    SetVersion(path, version);
    const std::string bytes = ReadFile(path);
    const absl::Status status = Db::Open(options_).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
    EXPECT_THAT(std::string(status.message()),
                HasSubstr(StrCat("\"", path, "\" has format version ", static_cast<int>(version),
                                 "; this version of Hearth reads up to 1")));
    EXPECT_EQ(ReadFile(path), bytes);
    EXPECT_FALSE(fs::exists(Hearth("quarantine")));
  }
  SetVersion(path, 1);
  Reopen();
  EXPECT_EQ(Read(), Expected());
}

// The number differs from ours in one bit: no version has it, so the disk is at fault.
TEST_P(NewerVersionTest, AFlippedBitInTheNumberIsDamage) {
  for (TimeMs t = kNow - 2 * kHour; t < kNow; t += kMinute / 4) PushAll(3, t);
  Delete();
  ASSERT_TRUE(db_->Close().ok());
  for (const char version : {0, 3, 5, 9, 17, 33, 65}) {
    db_.reset();
    SetVersion(Hearth(GetParam()), version);
    Reopen();
    EXPECT_EQ(Read(), Expected());
  }
}

INSTANTIATE_TEST_SUITE_P(Files, NewerVersionTest,
                         testing::Values("wal/00000001", "chunks/00000001", "deletes"),
                         [](const auto& info) {
                           return info.param.substr(0, info.param.find('/'));
                         });

}  // namespace
}  // namespace hearth
