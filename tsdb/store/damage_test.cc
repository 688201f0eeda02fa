// The store opens whatever the state of its files, and keeps what can be read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "model/text.h"
#include "rocksdb/db.h"
#include "tsdb/store/database.h"
#include "tsdb/store/rocks_options.h"
#include "tsdb/store/store.h"
#include "tsdb/store/store_fixture.h"

namespace hearth {
namespace {

namespace fs = std::filesystem;

constexpr TimeMs kHour = 3'600'000;
constexpr int kWindows = 3;

WindowId Window(int hour) { return {hour * kHour, kHour}; }

StoreContents Contents(int hour) {
  StoreContents contents;
  std::mt19937 random(static_cast<uint32_t>(hour));
  for (int i = 0; i < 300; ++i) {
    Labels labels{{"__name__", "m"}, {"i", StrCat(i)}};
    for (int k = 0; k < 60; ++k) contents[labels][hour * kHour + k * 60'000] = random();
  }
  return contents;
}

class DamageTest : public testing::Test {
 protected:
  void SetUp() override {
    auto store = Open();
    for (int hour = 0; hour < kWindows; ++hour) {
      ASSERT_TRUE(AddGeneration(store.get(), Window(hour), Contents(hour)).ok());
    }
  }
  std::unique_ptr<Store> Open() {
    auto store = Store::Open(OptionsIn(folder_.path()));
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }
  std::string StorePath(const std::string& name) const { return folder_.path() + "/store/" + name; }
  // Files of the database whose name contains `part`, sorted.
  std::vector<std::string> Files(const std::string& part) const {
    std::vector<std::string> files;
    for (const auto& entry : fs::directory_iterator(folder_.path() + "/store")) {
      const std::string name = entry.path().filename().string();
      if (name.find(part) != std::string::npos) files.push_back(entry.path().string());
    }
    std::sort(files.begin(), files.end());
    return files;
  }
  // Every window that is there is complete and right. Returns how many windows are.
  int CheckWindows(const Store* store) {
    const StoreContents contents = ReadStore(store);
    int windows = 0;
    for (int hour = 0; hour < kWindows; ++hour) {
      const StoreContents expected = Contents(hour);
      const bool present = !contents.empty() && contents.begin()->second.contains(hour * kHour);
      windows += present;
      for (const auto& [labels, samples] : expected) {
        const auto series = contents.find(labels);
        for (const auto& [t, v] : samples) {
          const bool found = series != contents.end() && series->second.contains(t);
          EXPECT_EQ(found, present) << hour << " " << labels.ToString() << " " << t;
          EXPECT_TRUE(!found || series->second.at(t) == v);
        }
      }
    }
    return windows;
  }

  TemporaryFolder folder_;
};

TEST_F(DamageTest, AMissingFileCostsItsWindowOnly) {
  fs::remove(Files(".sst").front());
  auto store = Open();
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(CheckWindows(store.get()), kWindows - 1);
  EXPECT_GT(store->Stats().quarantined, 0u);
  EXPECT_FALSE(fs::is_empty(folder_.path() + "/quarantine"));
}

TEST_F(DamageTest, ATruncatedFileCostsItsWindowOnly) {
  const std::string file = Files(".sst").front();
  fs::resize_file(file, fs::file_size(file) / 2);
  auto store = Open();
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(CheckWindows(store.get()), kWindows - 1);
  EXPECT_EQ(store->Stats().quarantined, 2u) << "the file and its sound other half";
}

// RocksDB alone would end the process at some of these bytes.
TEST_F(DamageTest, AFlippedByteAtTheEndOfAFileCostsItsWindowOnly) {
  const std::string original = folder_.path() + "/original";
  fs::rename(folder_.path() + "/store", original);
  fs::copy(original, folder_.path() + "/store");
  const std::string victim = Files(".sst").front();
  std::ifstream stream(victim, std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(stream), {});
  // The metaindex names the properties in its last entry, behind three lengths; before them stand
  // the properties' checksum, compression and, last byte first, how many restarts they have.
  const size_t restarts = bytes.rfind("rocksdb.properties") - 3 - 5 - 1;
  const size_t footer = bytes.size() - 53;
  for (const size_t at :
       {bytes.find("hearth."), restarts, restarts + 20, footer + 3, bytes.size() - 1}) {
    SCOPED_TRACE(testing::Message() << "offset " << at << " of " << bytes.size());
    fs::remove_all(folder_.path() + "/store");
    fs::remove_all(folder_.path() + "/quarantine");
    fs::copy(original, folder_.path() + "/store");
    std::fstream file(victim, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(bytes[at] ^ 0x80));
    file.close();
    auto store = Open();
    ASSERT_NE(store, nullptr);
    EXPECT_EQ(CheckWindows(store.get()), kWindows - 1);
    EXPECT_EQ(store->Stats().quarantined, 2u) << "the file and its sound other half";
    EXPECT_FALSE(fs::is_empty(folder_.path() + "/quarantine"));
  }
}

TEST_F(DamageTest, ADamagedManifestOrCurrentCostsNothing) {
  for (const char* name : {"MANIFEST", "CURRENT"}) {
    const std::string file = Files(name).front();
    std::ofstream(file, std::ios::trunc) << "no such thing";
    auto store = Open();
    ASSERT_NE(store, nullptr) << name;
    EXPECT_EQ(CheckWindows(store.get()), kWindows) << name;
  }
  fs::remove(StorePath("CURRENT"));
  EXPECT_EQ(CheckWindows(Open().get()), kWindows) << "CURRENT is missing";
  fs::remove(Files("MANIFEST").front());
  EXPECT_EQ(CheckWindows(Open().get()), kWindows) << "MANIFEST is missing";
}

TEST_F(DamageTest, ARebuildThatWasCutShortIsTakenUpAgain) {
  // One generation is in the fresh database, the others still wait beside it.
  fs::rename(folder_.path() + "/store", folder_.path() + "/store.damaged");
  {
    auto fresh = Store::Open({.path = folder_.path() + "/fresh",
                              .scratch_path = folder_.path() + "/flush",
                              .quarantine_path = folder_.path() + "/quarantine"});
    ASSERT_TRUE(fresh.ok()) << fresh.status();
    ASSERT_TRUE(AddGeneration(fresh->get(), Window(1), Contents(1)).ok());
  }
  fs::rename(folder_.path() + "/fresh", folder_.path() + "/store");
  for (int restart = 0; restart < 2; ++restart) {
    EXPECT_EQ(CheckWindows(Open().get()), kWindows);
    EXPECT_FALSE(fs::exists(folder_.path() + "/store.damaged"));
  }
}

TEST_F(DamageTest, ALostCatalogueIsReadFromTheFiles) {
  for (const std::string& log : Files(".log")) fs::remove(log);
  EXPECT_EQ(CheckWindows(Open().get()), kWindows);
}

TEST_F(DamageTest, AFlippedBitIsFoundWhenReadAndItsGenerationSetAside) {
  uint64_t largest = 0;
  std::string victim;
  for (const std::string& file : Files(".sst")) {
    if (fs::file_size(file) > largest) {
      largest = fs::file_size(file);
      victim = file;
    }
  }
  {
    std::fstream file(victim, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(largest / 2));
    file.put('\x5a');
    file.put('\xa5');
  }
  auto store = Open();
  ASSERT_NE(store, nullptr);
  int unreadable = 0;
  ReadStore(store.get(), &unreadable);
  ASSERT_EQ(unreadable, 1);
  EXPECT_GT(store->Stats().read_errors, 0u);
  EXPECT_EQ(*store->QuarantineDamaged(), 1u);
  EXPECT_EQ(CheckWindows(store.get()), kWindows - 1);
  EXPECT_EQ(*store->QuarantineDamaged(), 0u);
  EXPECT_GE(FolderBytes(folder_.path() + "/quarantine"), largest);
}

TEST_F(DamageTest, AFalseAlarmDropsNothing) {
  auto store = Open();
  store->ReportDamage({Window(0), 1}, absl::DataLossError("a reader's mistake"));
  EXPECT_EQ(*store->QuarantineDamaged(), 0u);
  EXPECT_EQ(CheckWindows(store.get()), kWindows);
}

// Cuts or scribbles over any file of a copy: it always opens, and what it gives is right.
TEST_F(DamageTest, OpensAfterDamageAnywhere) {
  const std::string original = folder_.path() + "/original";
  fs::rename(folder_.path() + "/store", original);
  for (uint32_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    fs::remove_all(folder_.path() + "/store");
    fs::remove_all(folder_.path() + "/quarantine");
    fs::copy(original, folder_.path() + "/store", fs::copy_options::recursive);
    const std::vector<std::string> files = Files("");
    const std::string& file = files[random() % files.size()];
    const uint64_t size = fs::file_size(file);
    switch (random() % 3) {
      case 0:
        fs::remove(file);
        break;
      case 1:
        fs::resize_file(file, size == 0 ? 0 : random() % size);
        break;
      default: {
        std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
        stream.seekp(static_cast<std::streamoff>(size == 0 ? 0 : random() % size));
        for (int i = 0; i < 8; ++i) stream.put(static_cast<char>(random()));
      }
    }
    auto store = Open();
    ASSERT_NE(store, nullptr) << file;
    int unreadable = 0;
    ReadStore(store.get(), &unreadable);
    ASSERT_TRUE(store->QuarantineDamaged().ok());
    EXPECT_GE(CheckWindows(store.get()), kWindows - 1) << file;
  }
}

TEST_F(DamageTest, ANewerFormatIsRefusedAndNothingIsTouched) {
  const auto with_database = [&](auto fn) {
    const auto cache = rocksdb::NewLRUCache(1 << 20);
    std::vector<rocksdb::ColumnFamilyHandle*> families;
    rocksdb::DB* db = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(StoreDbOptions(nullptr), StorePath(""), StoreFamilies(cache),
                                  &families, &db)
                    .ok());
    fn(db, families[kMeta]);
    for (rocksdb::ColumnFamilyHandle* family : families) {
      EXPECT_TRUE(db->DestroyColumnFamilyHandle(family).ok());
    }
    EXPECT_TRUE(db->Close().ok());
    delete db;
  };
  const auto set_format = [&](const std::string& format) {
    with_database([&](rocksdb::DB* db, rocksdb::ColumnFamilyHandle* meta) {
      EXPECT_TRUE(db->Put({}, meta, ToSlice(store_format::kFormatKey), format).ok());
    });
  };
  const auto get_format = [&] {
    std::string format;
    with_database([&](rocksdb::DB* db, rocksdb::ColumnFamilyHandle* meta) {
      EXPECT_TRUE(db->Get({}, meta, ToSlice(store_format::kFormatKey), &format).ok());
    });
    return format;
  };
  set_format("3");
  const std::vector<std::string> before = Files(".sst");
  const absl::Status status = Store::Open(OptionsIn(folder_.path())).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_THAT(
      std::string(status.message()),
      testing::HasSubstr("store\" has format version 3; this version of Hearth reads up to 2"));
  EXPECT_EQ(Files(".sst"), before);
  EXPECT_FALSE(fs::exists(folder_.path() + "/quarantine"));
  EXPECT_FALSE(fs::exists(folder_.path() + "/store.damaged"));
  // A database of the first format is read, and is of ours from then on: an older version refuses
  // it.
  set_format("1");
  EXPECT_EQ(CheckWindows(Open().get()), kWindows);
  EXPECT_EQ(get_format(), "2");
}

TEST_F(DamageTest, ASortedFileOfANewerFormatIsNotTakenForDamage) {
  rocksdb::TableProperties properties;
  properties.user_collected_properties =
      IdentityProperties(kIndex, {.id = {Window(0), 1}, .range = {0, 1}});
  ASSERT_TRUE(IdentifyFile(properties).ok());
  properties.user_collected_properties[store_format::kPropertyFormat] = "3";
  // Whatever else the newer version has changed in it.
  properties.user_collected_properties[store_format::kPropertyEntry] = "";
  EXPECT_EQ(IdentifyFile(properties).status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace hearth
