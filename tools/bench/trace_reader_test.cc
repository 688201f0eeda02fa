#include "tools/bench/trace_reader.h"

#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/bench/trace_fixture.h"

namespace hearth::bench {
namespace {

std::string TwoRounds() {
  return EncodeTraceRecord(0, 1000, "a 1\n") +
         EncodeTraceRecord(3, 1007, std::string(3 << 20, '#')) + EncodeTraceRecord(0, 2000, "") +
         EncodeTraceRecord(3, 2004, "b 2\n");
}

// Reads to the end or to the first error; what was read is appended to *records.
absl::Status ReadAll(const std::string& path, std::vector<TraceRecord>* records) {
  auto reader = TraceReader::Open(path);
  if (!reader.ok()) return reader.status();
  for (;;) {
    TraceRecord record;
    const absl::StatusOr<bool> more = (*reader)->Next(&record);
    if (!more.ok()) return more.status();
    if (!*more) return absl::OkStatus();
    records->push_back(std::move(record));
  }
}

TEST(TraceReaderTest, ReadsRecordsInOrder) {
  const std::string path = WriteTraceFile(ZstdCompress(TwoRounds()));
  std::vector<TraceRecord> records;
  ASSERT_TRUE(ReadAll(path, &records).ok());
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(records[0].body, "a 1\n");
  EXPECT_EQ(records[1].target, 3);
  EXPECT_EQ(records[1].t, 1007);
  EXPECT_EQ(records[1].body.size(), size_t{3} << 20);
  EXPECT_EQ(records[2].body, "");
  EXPECT_EQ(records[3].t, 2004);
  EXPECT_EQ(*CountTraceRounds(path), 2);
}

TEST(TraceReaderTest, ReadsFramesInARow) {
  const std::string path = WriteTraceFile(ZstdCompress(EncodeTraceRecord(0, 1, "a 1\n")) +
                                          ZstdCompress(EncodeTraceRecord(1, 2, "b 1\n")));
  std::vector<TraceRecord> records;
  ASSERT_TRUE(ReadAll(path, &records).ok());
  EXPECT_EQ(records.size(), 2u);
}

TEST(TraceReaderTest, AnEmptyFileHoldsNothing) {
  EXPECT_EQ(*CountTraceRounds(WriteTraceFile("")), 0);
}

TEST(TraceReaderTest, NamesAMissingFile) {
  EXPECT_EQ(TraceReader::Open("/nowhere/recording").status().code(), absl::StatusCode::kNotFound);
}

TEST(TraceReaderTest, RefusesABodyBeyondTheLimit) {
  std::string record = EncodeTraceRecord(0, 1, "");
  std::memset(record.data() + 9, 0xff, 4);
  std::vector<TraceRecord> records;
  const absl::Status status = ReadAll(WriteTraceFile(ZstdCompress(record)), &records);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("exceeds"));
}

TEST(TraceReaderTest, TellsACutFromTheEnd) {
  const std::string plain = EncodeTraceRecord(0, 1, "a 1\n") + EncodeTraceRecord(1, 2, "b 1\n");
  for (size_t size = 1; size < plain.size(); ++size) {
    std::vector<TraceRecord> records;
    const absl::Status status =
        ReadAll(WriteTraceFile(ZstdCompress(plain.substr(0, size))), &records);
    const bool at_boundary = size == 17;
    EXPECT_EQ(status.ok(), at_boundary) << size;
  }
  const std::string packed = ZstdCompress(plain);
  for (size_t size = 1; size < packed.size(); ++size) {
    std::vector<TraceRecord> records;
    EXPECT_EQ(ReadAll(WriteTraceFile(packed.substr(0, size)), &records).code(),
              absl::StatusCode::kDataLoss)
        << size;
  }
}

TEST(TraceReaderTest, SurvivesDamage) {
  const uint64_t seed = 20240611;
  std::mt19937_64 random(seed);
  const std::string good = ZstdCompress(EncodeTraceRecord(0, 1, "a{b=\"c\"} 1\n") +
                                        EncodeTraceRecord(1, 2, std::string(5000, 'x')));
  for (int i = 0; i < 3000; ++i) {
    std::string bytes = good;
    for (uint64_t n = random() % 4 + 1; n > 0; --n) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    std::vector<TraceRecord> records;
    const absl::Status status = ReadAll(WriteTraceFile(bytes), &records);
    ASSERT_TRUE(status.ok() || status.code() == absl::StatusCode::kDataLoss)
        << status << " seed " << seed << " round " << i;
  }
}

}  // namespace
}  // namespace hearth::bench
