#include "tsdb/sync_journal.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <string>

#include "tsdb/fault_file_system.h"

namespace hearth {
namespace {

namespace fs = std::filesystem;

class SyncJournalTest : public testing::Test {
 protected:
  // A fresh folder, in which `work` happens, and a power cut afterwards.
  template <typename Work>
  DroppedData CutAfter(uint64_t seed, Work work) {
    fs::remove_all(root_);
    fs::create_directories(root_ + "/data");
    auto journal = JournalWriter::Create(root_ + "/journal");
    EXPECT_TRUE(journal.ok()) << journal.status();
    FaultFileSystem files(PosixFileSystem(), journal->get());
    work(files);
    const absl::StatusOr<DroppedData> dropped = DropUnsynced(root_ + "/journal", seed);
    EXPECT_TRUE(dropped.ok()) << dropped.status();
    return dropped.value_or(DroppedData());
  }
  std::string Path(const std::string& name) const { return root_ + "/data/" + name; }
  std::string Bytes(const std::string& name) const {
    std::ostringstream bytes;
    bytes << std::ifstream(Path(name), std::ios::binary).rdbuf();
    return bytes.str();
  }

  const std::string root_ = testing::TempDir() + "/sync_journal";
};

TEST_F(SyncJournalTest, WhatWasSyncedStaysAndTheRestIsAnEndThatMayGo) {
  std::set<size_t> sizes;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    CutAfter(seed, [&](FaultFileSystem& files) {
      const auto file = *files.Create(Path("log"));
      ASSERT_TRUE(files.SyncDir(root_ + "/data").ok());
      ASSERT_TRUE(file->WriteAt(0, "durable").ok());
      ASSERT_TRUE(file->Sync().ok());
      ASSERT_TRUE(file->WriteAt(7, "perhaps").ok());
    });
    const std::string bytes = Bytes("log");
    EXPECT_EQ(bytes.substr(0, 7), "durable");
    // What survives is a prefix of what was written; behind it there may be zeros.
    const size_t end = bytes.find('\0') == std::string::npos ? bytes.size() : bytes.find('\0');
    EXPECT_EQ(bytes.substr(0, end), std::string("durableperhaps").substr(0, end));
    sizes.insert(end);
  }
  EXPECT_GT(sizes.size(), 3u);
}

TEST_F(SyncJournalTest, CreationsRenamesAndRemovalsGoBackInOrder) {
  std::set<std::string> states;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    CutAfter(seed, [&](FaultFileSystem& files) {
      for (const char* name : {"current", "old"}) {
        const auto file = *files.Create(Path(name));
        ASSERT_TRUE(file->WriteAt(0, name).ok());
        ASSERT_TRUE(file->Sync().ok());
      }
      ASSERT_TRUE(files.SyncDir(root_ + "/data").ok());
      const auto next = *files.Create(Path("next"));
      ASSERT_TRUE(next->WriteAt(0, "next").ok());
      ASSERT_TRUE(next->Sync().ok());
      ASSERT_TRUE(files.Rename(Path("next"), Path("current")).ok());
      ASSERT_TRUE(files.Remove(Path("old")).ok());
    });
    const bool old = fs::exists(Path("old"));
    states.insert(Bytes("current") + (old ? "+old" : ""));
    EXPECT_EQ(Bytes("old"), old ? "old" : "");
  }
  for (const char* state : {"current+old", "next+old", "next"}) EXPECT_TRUE(states.contains(state));
  EXPECT_FALSE(states.contains("current")) << "the removal came after the rename";
}

TEST_F(SyncJournalTest, AfterADirectorySyncNothingIsTakenBack) {
  for (uint64_t seed = 0; seed < 10; ++seed) {
    const DroppedData dropped = CutAfter(seed, [&](FaultFileSystem& files) {
      const auto file = *files.Create(Path("file"));
      ASSERT_TRUE(file->WriteAt(0, "bytes").ok());
      ASSERT_TRUE(file->Sync().ok());
      ASSERT_TRUE(files.SyncDir(root_ + "/data").ok());
    });
    EXPECT_EQ(Bytes("file"), "bytes");
    EXPECT_EQ(dropped.entries_undone + dropped.files_cut, 0u);
  }
}

}  // namespace
}  // namespace hearth
