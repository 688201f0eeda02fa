#include "tsdb/file_system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tsdb/fault_file_system.h"

namespace hearth {
namespace {

using testing::ElementsAre;

std::string TestDir() {
  const auto* info = testing::UnitTest::GetInstance()->current_test_info();
  const std::string dir = testing::TempDir() + "/" + info->name();
  std::filesystem::remove_all(dir);
  EXPECT_TRUE(PosixFileSystem().MakeDirs(dir + "/a/b").ok());
  return dir + "/a/b";
}

std::string Contents(FileSystem& fs, const std::string& path) {
  auto file = fs.OpenRead(path);
  EXPECT_TRUE(file.ok()) << file.status();
  std::string text(100, 0);
  const auto n = (*file)->ReadAt(0, text.data(), text.size());
  EXPECT_TRUE(n.ok());
  text.resize(*n);
  return text;
}

TEST(PosixFileSystemTest, WritesReadsListsAndRemoves) {
  const std::string dir = TestDir();
  FileSystem& fs = PosixFileSystem();
  auto file = fs.Create(dir + "/2");
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE((*file)->WriteAt(0, "hello").ok());
  ASSERT_TRUE((*file)->WriteAt(5, " world").ok());
  ASSERT_TRUE((*file)->Sync().ok());
  EXPECT_EQ((*file)->Size().value(), 11u);
  ASSERT_TRUE((*file)->Truncate(4).ok());
  EXPECT_EQ(Contents(fs, dir + "/2"), "hell");
  ASSERT_TRUE(fs.Create(dir + "/1").ok());
  EXPECT_THAT(fs.List(dir).value(), ElementsAre("1", "2"));
  ASSERT_TRUE(fs.Rename(dir + "/2", dir + "/1").ok());
  EXPECT_THAT(fs.List(dir).value(), ElementsAre("1"));
  ASSERT_TRUE(fs.Remove(dir + "/1").ok());
  ASSERT_TRUE(fs.SyncDir(dir).ok());
  char buffer[8];
  EXPECT_EQ((*file)->ReadAt(0, buffer, 8).value(), 4u) << "a removed file stays readable";
}

TEST(PosixFileSystemTest, ErrorsNameTheOperationAndThePath) {
  FileSystem& fs = PosixFileSystem();
  const std::string dir = TestDir();
  const auto missing = fs.OpenRead(dir + "/none");
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.status().message()), testing::HasSubstr("/none"));
  ASSERT_TRUE(fs.Create(dir + "/x").ok());
  EXPECT_EQ(fs.Create(dir + "/x").status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_FALSE(fs.MakeDirs(dir + "/x").ok());
  EXPECT_FALSE(fs.MakeDirs(dir + "/x/y").ok());
  EXPECT_EQ(fs.List(dir + "/none").status().code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(fs.SyncDir(dir + "/none").ok());
  EXPECT_FALSE(fs.Rename(dir + "/none", dir + "/z").ok());
}

TEST(PosixFileSystemTest, LockIsExclusiveAndEndsWithItsHolder) {
  FileSystem& fs = PosixFileSystem();
  const std::string path = TestDir() + "/LOCK";
  {
    const auto first = fs.Lock(path);
    ASSERT_TRUE(first.ok());
    EXPECT_EQ(fs.Lock(path).status().code(), absl::StatusCode::kFailedPrecondition);
  }
  EXPECT_TRUE(fs.Lock(path).ok());
}

TEST(FaultFileSystemTest, RunsOutOfSpaceInTheMiddleOfAWrite) {
  const std::string dir = TestDir();
  FaultFileSystem fs(PosixFileSystem());
  auto file = fs.Create(dir + "/f");
  ASSERT_TRUE(file.ok());
  fs.SetSpaceLeft(3);
  EXPECT_EQ((*file)->WriteAt(0, "hello").code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Contents(fs, dir + "/f"), "hel");
  fs.SetSpaceLeft(std::nullopt);
  EXPECT_TRUE((*file)->WriteAt(0, "hello").ok());
}

TEST(FaultFileSystemTest, DropsWhatWasNotSynced) {
  const std::string dir = TestDir();
  FaultFileSystem fs(PosixFileSystem());
  {
    auto kept = fs.Create(dir + "/kept");
    ASSERT_TRUE((*kept)->WriteAt(0, "synced").ok());
    ASSERT_TRUE((*kept)->Sync().ok());
    ASSERT_TRUE(fs.SyncDir(dir).ok());
    ASSERT_TRUE((*kept)->WriteAt(6, "lost").ok());
    ASSERT_TRUE(fs.Create(dir + "/gone").ok());
  }
  ASSERT_TRUE(fs.DropUnsynced().ok());
  EXPECT_THAT(fs.List(dir).value(), ElementsAre("kept"));
  EXPECT_EQ(Contents(fs, dir + "/kept"), "synced");
}

}  // namespace
}  // namespace hearth
