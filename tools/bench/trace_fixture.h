// tools/bench/trace_fixture.h
//
// Tiny recordings for tests.
//
// Thread safety: pure functions.
#ifndef HEARTH_TOOLS_BENCH_TRACE_FIXTURE_H_
#define HEARTH_TOOLS_BENCH_TRACE_FIXTURE_H_

#include <zstd.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace hearth::bench {

inline std::string EncodeTraceRecord(uint8_t target, int64_t t, std::string_view body) {
  std::string record(13, '\0');
  record[0] = static_cast<char>(target);
  const auto length = static_cast<uint32_t>(body.size());
  std::memcpy(record.data() + 1, &t, sizeof(t));
  std::memcpy(record.data() + 9, &length, sizeof(length));
  return record.append(body);
}

inline std::string ZstdCompress(std::string_view data) {
  std::string out(ZSTD_compressBound(data.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), data.data(), data.size(), 3));
  return out;
}

// Writes the bytes to a file of this test and gives its path.
inline std::string WriteTraceFile(std::string_view bytes) {
  const auto path = std::filesystem::path(testing::TempDir()) / "recording.zst";
  std::ofstream(path, std::ios::binary) << bytes;
  return path.string();
}

}  // namespace hearth::bench

#endif  // HEARTH_TOOLS_BENCH_TRACE_FIXTURE_H_
