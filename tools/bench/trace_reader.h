// tools/bench/trace_reader.h
//
// Reads a recording of scrapes: a zstd stream (window up to 2^27) of records, little endian:
//
//   uint8 target | int64 time, ms | uint32 length | text exposition body of that length
//
// Records come in order of time, and within one round of scrapes in order of target.
//
// Thread safety: belongs to one thread. Memory: the zstd window and one body.
#ifndef HEARTH_TOOLS_BENCH_TRACE_READER_H_
#define HEARTH_TOOLS_BENCH_TRACE_READER_H_

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "model/clock.h"

struct ZSTD_DCtx_s;

namespace hearth::bench {

struct TraceRecord {
  int target = 0;
  TimeMs t = 0;
  std::string body;
};

class TraceReader {
 public:
  static constexpr uint32_t kBodyBytesMax = 64 << 20;

  // kNotFound when the file cannot be opened.
  static absl::StatusOr<std::unique_ptr<TraceReader>> Open(const std::string& path);
  ~TraceReader();
  TraceReader(const TraceReader&) = delete;
  TraceReader& operator=(const TraceReader&) = delete;

  // Replaces *record by the next one, reusing its body's capacity; false at the end of the
  // recording. kDataLoss: truncated, not zstd, or a body beyond kBodyBytesMax; the message names
  // the file and the record. *record is unspecified then.
  absl::StatusOr<bool> Next(TraceRecord* record);

 private:
  TraceReader(std::string path, std::FILE* file);
  // Reads up to `size` bytes of the decompressed stream; fewer at its end only.
  absl::StatusOr<size_t> Read(char* out, size_t size);
  absl::Status Damaged(std::string_view what) const;

  const std::string path_;
  std::FILE* const file_;    // Owned.
  ZSTD_DCtx_s* const zstd_;  // Owned.
  std::vector<char> input_;  // Compressed bytes read from the file.
  size_t input_begin_ = 0;   // What of them is not yet consumed.
  size_t input_end_ = 0;
  bool inside_frame_ = false;  // The file must not end here.
  int64_t records_ = 0;
};

// How many rounds of scrapes a recording holds: a record whose target is not above its
// predecessor's begins a new one.
absl::StatusOr<int64_t> CountTraceRounds(const std::string& path);

}  // namespace hearth::bench

#endif  // HEARTH_TOOLS_BENCH_TRACE_READER_H_
