#include "tsdb/wal/frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "tsdb/wal/crc32c.h"
#include "tsdb/wal/segment.h"

namespace hearth {
namespace {

using testing::ElementsAre;

std::string TestPath() {
  return testing::TempDir() + "/" + testing::UnitTest::GetInstance()->current_test_info()->name();
}

std::unique_ptr<File> FileWith(std::string_view bytes) {
  const std::string path = TestPath();
  std::filesystem::remove(path);
  auto file = PosixFileSystem().Create(path);
  EXPECT_TRUE(file.ok()) << file.status();
  EXPECT_TRUE((*file)->WriteAt(0, bytes).ok());
  return *std::move(file);
}

struct Scan {
  std::vector<std::string> payloads;
  std::vector<SkippedBytes> skipped;
};

Scan ScanBytes(std::string_view bytes) {
  const std::unique_ptr<File> file = FileWith(bytes);
  auto scanner = FrameScanner::Open(kWalKind, file.get());
  EXPECT_TRUE(scanner.ok()) << scanner.status();
  Scan scan;
  Frame frame;
  for (;;) {
    const auto more = scanner->Next(&frame);
    EXPECT_TRUE(more.ok()) << more.status();
    if (!more.ok() || !*more) break;
    EXPECT_EQ(frame.lsn, frame.type + 100u);
    scan.payloads.emplace_back(frame.payload);
  }
  scan.skipped = scanner->skipped();
  return scan;
}

// A segment with a frame for each payload; `ends` gets the offset after each.
std::string Segment(const std::vector<std::string>& payloads, std::vector<size_t>* ends = nullptr) {
  std::string bytes = SegmentHeader(kWalKind, 1);
  uint8_t type = 0;
  for (const std::string& payload : payloads) {
    ++type;
    AppendFrame(kWalKind, type, type + 100u, payload, &bytes);
    if (ends != nullptr) ends->push_back(bytes.size());
  }
  return bytes;
}

TEST(Crc32cTest, IsTheStandardPolynomial) {
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(Crc32c(""), 0u);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aau);
}

TEST(SegmentNameTest, HasEightDigits) {
  EXPECT_EQ(SegmentPath("d", 42), "d/00000042");
  EXPECT_EQ(ParseSegmentName("00000042"), 42u);
  for (const std::string_view bad :
       {"", "42", "0000004x", "000000042", "00000042.tmp", "-0000042"}) {
    EXPECT_EQ(ParseSegmentName(bad), std::nullopt) << bad;
  }
}

TEST(FrameTest, FramesComeBackInOrder) {
  const Scan scan = ScanBytes(Segment({"one", "", "three"}));
  EXPECT_THAT(scan.payloads, ElementsAre("one", "", "three"));
  EXPECT_TRUE(scan.skipped.empty());
  EXPECT_TRUE(ScanBytes(Segment({})).payloads.empty());
}

TEST(FrameTest, FramesLargerThanTheReadBufferComeBack) {
  const std::string large(3'000'000, 'x'), small = "tail";
  EXPECT_THAT(ScanBytes(Segment({small, large, small})).payloads, ElementsAre(small, large, small));
}

TEST(FrameTest, TruncationAtEveryByteKeepsTheWholeFramesBefore) {
  std::vector<size_t> ends;
  const std::string bytes = Segment({"first", "second", "third record"}, &ends);
  for (size_t n = 0; n < bytes.size(); ++n) {
    SCOPED_TRACE(n);
    const Scan scan = ScanBytes(bytes.substr(0, n));
    size_t whole = 0;
    while (whole < ends.size() && ends[whole] <= n) ++whole;
    EXPECT_EQ(scan.payloads.size(), whole);
    for (const SkippedBytes& skipped : scan.skipped) EXPECT_TRUE(skipped.at_end);
  }
}

TEST(FrameTest, EveryFlippedBitCostsAtMostItsOwnFrame) {
  std::vector<size_t> ends;
  const std::string bytes = Segment({"first", "second", "third record"}, &ends);
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    const size_t byte = bit / 8;
    SCOPED_TRACE(byte);
    std::string damaged = bytes;
    damaged[byte] ^= static_cast<char>(1 << (bit % 8));
    const Scan scan = ScanBytes(damaged);
    size_t hit = 0;
    while (hit < ends.size() && ends[hit] <= byte) ++hit;
    const bool in_header = byte < kSegmentHeaderBytes;
    EXPECT_EQ(scan.payloads.size(), in_header ? 3u : 2u);
    const bool silent = byte >= 12 && in_header;  // The number in the header is for people.
    ASSERT_EQ(scan.skipped.size(), silent ? 0u : 1u);
    if (!silent && !in_header) {
      const size_t start = hit == 0 ? kSegmentHeaderBytes : ends[hit - 1];
      EXPECT_EQ(scan.skipped[0].offset, start);
      EXPECT_EQ(scan.skipped[0].bytes, ends[hit] - start);
      EXPECT_EQ(scan.skipped[0].at_end, hit == 2);
    }
  }
}

TEST(FrameTest, GarbageBetweenFramesIsSkippedAndReported) {
  std::string bytes = Segment({"kept"});
  const size_t from = bytes.size();
  // A magic inside the garbage, with a length that reaches beyond the file.
  bytes += "garbage" + std::string(kWalKind.frame_magic) + std::string(40, '\xee');
  const size_t to = bytes.size();
  AppendFrame(kWalKind, 9, 109, "kept too", &bytes);
  const Scan scan = ScanBytes(bytes);
  EXPECT_THAT(scan.payloads, ElementsAre("kept", "kept too"));
  ASSERT_EQ(scan.skipped.size(), 1u);
  EXPECT_EQ(scan.skipped[0].offset, from);
  EXPECT_EQ(scan.skipped[0].bytes, to - from);
}

TEST(FrameTest, FramesOfTheOtherLogAreNotTaken) {
  std::string bytes = SegmentHeader(kWalKind, 1);
  AppendFrame(kChunkLogKind, 1, 101, "chunk", &bytes);
  const Scan scan = ScanBytes(bytes);
  EXPECT_TRUE(scan.payloads.empty());
  EXPECT_EQ(scan.skipped.size(), 1u);
}

TEST(FrameTest, ALaterVersionIsRefused) {
  std::string bytes = Segment({"x"});
  bytes[8] = 2;
  const std::unique_ptr<File> file = FileWith(bytes);
  const absl::Status status = FrameScanner::Open(kWalKind, file.get()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(), "WAL segment \"" + file->path() +
                                  "\" has format version 2; this version of Hearth reads up to 1");
}

TEST(FrameTest, RandomMutationsNeverBreakTheScanner) {
  const std::string seed_bytes = Segment({"first", std::string(300, 'y'), "third", ""});
  for (uint64_t seed = 0; seed < 1500; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    std::string bytes = seed_bytes;
    for (uint64_t i = 0; i <= random() % 8; ++i) {
      const size_t at = random() % bytes.size();
      if (at >= 8 && at < 12) continue;
      switch (random() % 3) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          if (at > 16) bytes.erase(at, random() % 20);
          break;
        default:
          if (at > 16) bytes.insert(at, bytes.substr(random() % bytes.size(), random() % 50));
      }
    }
    const std::unique_ptr<File> file = FileWith(bytes);
    auto scanner = FrameScanner::Open(kWalKind, file.get());
    ASSERT_TRUE(scanner.ok());
    Frame frame;
    uint64_t read = 0;
    for (;;) {
      const auto more = scanner->Next(&frame);
      ASSERT_TRUE(more.ok());
      if (!*more) break;
      read += kFrameHeaderBytes + frame.payload.size();
    }
    uint64_t skipped = 0;
    for (const SkippedBytes& s : scanner->skipped()) skipped += s.bytes;
    // Every byte is accounted for, once.
    const uint64_t rest = bytes.size() - read - skipped;
    ASSERT_TRUE(rest == 0 || rest == kSegmentHeaderBytes) << rest;
  }
}

}  // namespace
}  // namespace hearth
