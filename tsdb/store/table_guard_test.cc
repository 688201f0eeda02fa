// Whatever happens to the end of a sorted file, RocksDB refuses it or reads it right.
#include "tsdb/store/table_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "model/text.h"
#include "rocksdb/file_system.h"
#include "rocksdb/sst_file_reader.h"
#include "rocksdb/sst_file_writer.h"
#include "tsdb/store/rocks_options.h"
#include "tsdb/store/store_fixture.h"

namespace hearth {
namespace {

namespace fs = std::filesystem;

constexpr int kKeys = 200;
constexpr size_t kFooterBytes = 53;

std::string Key(int i) { return StrCat("key", 1000 + i); }
std::string Value(int i) { return StrCat("value", i * i); }

rocksdb::Options TableOptionsIn(rocksdb::Env* env) {
  rocksdb::Options options;
  static_cast<rocksdb::DBOptions&>(options) = StoreDbOptions(env);
  static_cast<rocksdb::ColumnFamilyOptions&>(options) = SealedFamilyOptions(kSamples, nullptr);
  return options;
}

// The files of the operating system; notes reads that reach to `from` or beyond.
class CountingFiles : public rocksdb::FileSystemWrapper {
 public:
  using FileSystemWrapper::FileSystemWrapper;
  const char* Name() const override { return "counting"; }
  rocksdb::IOStatus NewRandomAccessFile(const std::string& path,
                                        const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                                        rocksdb::IODebugContext* debug) override {
    rocksdb::IOStatus status = target()->NewRandomAccessFile(path, options, result, debug);
    if (status.ok()) *result = std::make_unique<File>(std::move(*result), this);
    return status;
  }

  uint64_t from = 0;
  int reads = 0;

 private:
  class File : public rocksdb::FSRandomAccessFileOwnerWrapper {
   public:
    File(std::unique_ptr<rocksdb::FSRandomAccessFile> base, CountingFiles* files)
        : FSRandomAccessFileOwnerWrapper(std::move(base)), files_(files) {}
    rocksdb::IOStatus Read(uint64_t offset, size_t n, const rocksdb::IOOptions& options,
                           rocksdb::Slice* result, char* scratch,
                           rocksdb::IODebugContext* debug) const override {
      files_->reads += offset + n > files_->from ? 1 : 0;
      return target()->Read(offset, n, options, result, scratch, debug);
    }

   private:
    CountingFiles* const files_;
  };
};

class TableGuardTest : public testing::Test {
 protected:
  void SetUp() override {
    WriteTable(TableOptionsIn(env_.get()));
    ASSERT_TRUE(ReadTable().ok());
  }
  void WriteTable(const rocksdb::Options& options) {
    rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), options);
    ASSERT_TRUE(writer.Open(path_).ok());
    for (int i = 0; i < kKeys; ++i) ASSERT_TRUE(writer.Put(Key(i), Value(i)).ok());
    ASSERT_TRUE(writer.Finish().ok());
    std::ifstream file(path_, std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(file), {});
    // Where their first entry's name stands, less the three lengths before it.
    properties_ = bytes_.find("rocksdb.") - 3;
    ASSERT_LT(properties_, bytes_.size());
  }
  // Changes one byte on disk by `mask`, and back when called again.
  void Flip(size_t at, int mask) {
    bytes_[at] = static_cast<char>(bytes_[at] ^ mask);
    std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(at));
    file.put(bytes_[at]);
  }
  rocksdb::Status OpenTable() {
    return rocksdb::SstFileReader(TableOptionsIn(env_.get())).Open(path_);
  }
  // Reads everything; what is read without an error is right.
  rocksdb::Status ReadTable() {
    rocksdb::SstFileReader reader(TableOptionsIn(env_.get()));
    const rocksdb::Status opened = reader.Open(path_);
    if (!opened.ok()) return opened;
    const std::unique_ptr<rocksdb::Iterator> it(reader.NewIterator({}));
    int i = 0;
    for (it->SeekToFirst(); it->Valid(); it->Next(), ++i) {
      EXPECT_EQ(it->key().ToString(), Key(i));
      EXPECT_EQ(it->value().ToString(), Value(i));
    }
    EXPECT_TRUE(i == kKeys || !it->status().ok()) << i;
    return it->status();
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_.path() + "/000001.sst";
  const std::unique_ptr<rocksdb::Env> env_ = NewGuardedEnv(nullptr);
  std::string bytes_;      // Of the file.
  size_t properties_ = 0;  // Where their block begins.
};

TEST_F(TableGuardTest, EveryFlippedByteIsRefusedOrHarmless) {
  for (size_t at = 0; at < bytes_.size(); ++at) {
    for (const int mask : {0x80, 0xff, 0x01}) {
      SCOPED_TRACE(StrCat("offset ", at, " of ", bytes_.size(), " xor ", mask));
      Flip(at, mask);
      const rocksdb::Status status = ReadTable();
      EXPECT_TRUE(status.ok() || status.IsCorruption()) << status.ToString();
      if (at >= properties_ && at < bytes_.size() - kFooterBytes) {
        EXPECT_TRUE(OpenTable().IsCorruption());
      }
      Flip(at, mask);
      if (HasFailure()) return;
    }
  }
}

TEST_F(TableGuardTest, EveryTruncationIsRefused) {
  for (size_t size = bytes_.size(); size-- > 0;) {
    fs::resize_file(path_, size);
    const rocksdb::Status status = OpenTable();
    ASSERT_TRUE(status.IsCorruption()) << size << ": " << status.ToString();
  }
}

TEST_F(TableGuardTest, TheErrorSaysWhereAndWhatWasCompared) {
  Flip(properties_ + 20, 1);
  EXPECT_THAT(OpenTable().ToString(),
              testing::MatchesRegex(StrCat("Corruption: sorted file \"", path_, "\" of ",
                                           bytes_.size(), " bytes at offset ", properties_,
                                           ": properties block of [0-9]+ bytes: stored checksum "
                                           "[0-9a-f]{8}, computed [0-9a-f]{8}")));
}

TEST_F(TableGuardTest, OtherVersionsAndChecksumsAreRefused) {
  const auto error_with = [&](rocksdb::BlockBasedTableOptions table) {
    rocksdb::Options options = TableOptionsIn(nullptr);
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    WriteTable(options);
    return OpenTable().ToString();
  };
  rocksdb::BlockBasedTableOptions table;
  table.format_version = kTableVersion - 1;
  table.checksum = kTableChecksum;
  EXPECT_THAT(error_with(table), testing::HasSubstr("footer has format version 4, not 5"));
  table.format_version = kTableVersion;
  table.checksum = rocksdb::kNoChecksum;
  EXPECT_THAT(error_with(table), testing::HasSubstr("footer has checksum type 0, not 4"));
}

// What was compared is what RocksDB gets, not what a second read gives.
TEST_F(TableGuardTest, TheTailIsReadOnce) {
  const auto files = std::make_shared<CountingFiles>(rocksdb::FileSystem::Default());
  const std::unique_ptr<rocksdb::Env> counting = rocksdb::NewCompositeEnv(files);
  const std::unique_ptr<rocksdb::Env> guarded = NewGuardedEnv(counting.get());
  files->from = properties_;
  rocksdb::SstFileReader reader(TableOptionsIn(guarded.get()));
  ASSERT_TRUE(reader.Open(path_).ok());
  EXPECT_EQ(reader.GetTableProperties()->num_entries, uint64_t{kKeys});
  EXPECT_EQ(files->reads, 1);
}

// One whose properties do not fit into the first read.
class LargeProperty : public rocksdb::TablePropertiesCollectorFactory {
 public:
  explicit LargeProperty(size_t bytes) : bytes_(bytes) {}
  const char* Name() const override { return "large"; }
  rocksdb::TablePropertiesCollector* CreateTablePropertiesCollector(Context) override {
    return new Collector(bytes_);
  }

 private:
  class Collector : public rocksdb::TablePropertiesCollector {
   public:
    explicit Collector(size_t bytes) : bytes_(bytes) {}
    rocksdb::Status Finish(rocksdb::UserCollectedProperties* properties) override {
      (*properties)["rocksdb.a"] = std::string(bytes_, 'x');
      return rocksdb::Status::OK();
    }
    rocksdb::UserCollectedProperties GetReadableProperties() const override { return {}; }
    const char* Name() const override { return "large"; }

   private:
    const size_t bytes_;
  };

  const size_t bytes_;
};

TEST_F(TableGuardTest, ALongTailIsReadUpToALimit) {
  rocksdb::Options options = TableOptionsIn(nullptr);
  options.table_properties_collector_factories = {std::make_shared<LargeProperty>(100'000)};
  WriteTable(options);
  EXPECT_TRUE(ReadTable().ok());
  Flip(properties_ + 50'000, 1);
  EXPECT_TRUE(OpenTable().IsCorruption());
  options.table_properties_collector_factories = {std::make_shared<LargeProperty>(2 << 20)};
  WriteTable(options);
  EXPECT_THAT(OpenTable().ToString(), testing::HasSubstr("so far from the end; at most 1048576"));
}

}  // namespace
}  // namespace hearth
