// A flush goes through steps; the process may die after each. Whatever the directory looks like
// then, the next start has every sample exactly once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tsdb/db_fixture.h"
#include "tsdb/store/generation_writer.h"

namespace hearth {
namespace {

namespace fs = std::filesystem;

// Head and store without the Db around them, so that the test can stop between two steps.
class CrashTest : public DbTest {
 protected:
  static constexpr TimeMs kWindow = kNow - 2 * kHour;
  static constexpr int kSeries = 7;

  void SetUp() override {
    DbTest::SetUp();
    for (TimeMs t = kWindow - kHour; t < kNow; t += kMinute) PushAll(kSeries, t);
    ASSERT_TRUE(db_->Close().ok());
    db_.reset();
    store_ = *Store::Open(OptionsIn(Hearth("")));
    FlushCoverage nothing;
    nothing.flushed_lsn = [](TimeMs) { return Lsn{0}; };
    head_ = *Head::Open({.fs = options_.fs,
                         .clock = &clock_,
                         .wal_dir = Hearth("wal"),
                         .chunks_dir = Hearth("chunks")},
                        nothing);
  }

  // What a start after a crash at this moment finds.
  void ExpectEverythingOnce(const std::string& when, size_t generations) {
    SCOPED_TRACE(when);
    const std::string original = options_.path;
    options_.path = folder_.path() + "/copy";
    fs::copy(original, options_.path, fs::copy_options::recursive);
    for (int restart = 0; restart < 2; ++restart) {
      Reopen();
      EXPECT_EQ(Read(), expected_);
      EXPECT_EQ(db_->Stats().store.generations, generations);
      EXPECT_EQ(db_->Stats().store.quarantined, 0u);
    }
    ASSERT_TRUE(db_->Flush().ok());
    EXPECT_EQ(Read(), expected_);
    uint64_t sealed = 0, samples = 0;
    sealed = db_->Stats().store.samples;
    for (const auto& [labels, series] : expected_) samples += series.size();
    EXPECT_EQ(sealed, samples) << "no sample was sealed twice";
    db_.reset();
    fs::remove_all(options_.path);
    options_.path = original;
  }

  absl::StatusOr<SealedFiles> Write(const FlushWindow& flush) {
    writer_ =
        *GenerationWriter::Create(store_->scratch_path(), store_->NextGeneration({kWindow, kHour}));
    for (size_t i = 0; i < flush.size(); ++i) {
      std::string storage;
      std::vector<FlushChunk> chunks;
      std::vector<UnreadableChunk> unreadable;
      std::vector<ChunkView> views;
      EXPECT_TRUE(flush.ReadChunks(i, &storage, &chunks, &unreadable).ok());
      for (const FlushChunk& chunk : chunks) views.push_back({chunk.meta, chunk.bytes});
      EXPECT_TRUE(writer_->Add(flush.labels(i), flush.fingerprint(i), views).ok());
    }
    return writer_->Finish({.lsn = flush.lsn(), .deletes_lsn = flush.lsn()});
  }

  std::unique_ptr<Store> store_;
  std::unique_ptr<Head> head_;
  std::unique_ptr<GenerationWriter> writer_;
};

TEST_F(CrashTest, BetweenAnyTwoStepsOfAFlush) {
  ExpectEverythingOnce("before BeginFlush", 0);
  {
    const absl::StatusOr<FlushWindow> flush = head_->BeginFlush(kWindow);
    ASSERT_TRUE(flush.ok()) << flush.status();
    ASSERT_EQ(flush->size(), static_cast<size_t>(kSeries));
    ExpectEverythingOnce("after BeginFlush", 0);
    const absl::StatusOr<SealedFiles> files = Write(*flush);
    ASSERT_TRUE(files.ok()) << files.status();
    ExpectEverythingOnce("sorted files are written", 0);
    ASSERT_TRUE(store_->Ingest(*files).ok());
    ExpectEverythingOnce("between ingest and catalogue", 1);
    ASSERT_TRUE(store_->Publish(files->info).ok());
    ExpectEverythingOnce("between catalogue and EndFlush", 1);
    ASSERT_TRUE(head_->EndFlush(*flush).ok());
    ExpectEverythingOnce("after EndFlush", 1);
  }
  head_.reset();
}

}  // namespace
}  // namespace hearth
