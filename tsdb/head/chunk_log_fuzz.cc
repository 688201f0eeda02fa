// A chunk-log segment as Open finds it, and reading what it found.
#include <cstdlib>

#include "model/labels.h"
#include "tools/fuzz/fuzz.h"
#include "tsdb/fake_file.h"
#include "tsdb/head/chunk_log.h"
#include "tsdb/wal/coding.h"
#include "tsdb/wal/frame.h"

namespace hearth {

std::vector<std::string> fuzz::Corpus() {
  std::string segment = SegmentHeader(kChunkLogKind, 1);
  const Labels labels{{"__name__", "up"}, {"job", "node"}};
  const Fingerprint fp = labels.Fingerprint();
  std::string series;
  PutFixed(fp.hi, &series);
  PutFixed(fp.lo, &series);
  std::string chunk = series;
  series += labels.bytes();
  AppendFrame(kChunkLogKind, static_cast<uint8_t>(ChunkLogRecordType::kSeries), 1, series,
              &segment);
  PutFixed(int64_t{1'700'000'000'000}, &chunk);
  PutFixed(int64_t{1'700'000'015'000}, &chunk);
  PutFixed(uint32_t{2}, &chunk);
  PutFixed(uint32_t{static_cast<uint8_t>(ChunkEncoding::kXor)}, &chunk);
  chunk += "some bytes of a chunk";
  AppendFrame(kChunkLogKind, static_cast<uint8_t>(ChunkLogRecordType::kChunk), 2, chunk, &segment);
  return {segment};
}

}  // namespace hearth

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  hearth::FakeSegmentDirectory directory(std::string(reinterpret_cast<const char*>(data), size));
  std::vector<std::pair<hearth::Fingerprint, hearth::ChunkLocator>> found;
  hearth::ChunkLogReplay replay;
  const auto log = hearth::ChunkLog::Open(
      {.fs = &directory, .dir = "fake"},
      [&](const hearth::ChunkLog::Found& chunk) {
        if (hearth::FingerprintOf(chunk.labels.bytes()) != chunk.fingerprint) std::abort();
        found.emplace_back(chunk.fingerprint, chunk.locator);
        return true;
      },
      &replay);
  if (!log.ok()) return 0;
  const hearth::ChunkLogView view = (*log)->View();
  std::string storage;
  for (const auto& [fingerprint, locator] : found) {
    // What Open accepted is readable.
    if (!view.Read(locator, fingerprint, &storage).ok()) std::abort();
  }
  return 0;
}
