#include "tools/bench/trace_reader.h"

#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "model/status.h"
#include "model/text.h"

namespace hearth::bench {
namespace {

constexpr int kWindowLogMax = 27;
constexpr size_t kHeaderBytes = 1 + 8 + 4;
// A body is allocated as it arrives, so a damaged length costs no more than what follows it.
constexpr size_t kPieceBytes = 1 << 20;

template <typename T>
T LittleEndian(const char* p) {
  T value;
  std::memcpy(&value, p, sizeof(value));
  return value;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TraceReader>> TraceReader::Open(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) {
    return absl::NotFoundError(StrCat("open recording ", path, ": ", std::strerror(errno)));
  }
  return std::unique_ptr<TraceReader>(new TraceReader(path, file));
}

TraceReader::TraceReader(std::string path, std::FILE* file)
    : path_(std::move(path)), file_(file), zstd_(ZSTD_createDCtx()), input_(ZSTD_DStreamInSize()) {
  ZSTD_DCtx_setParameter(zstd_, ZSTD_d_windowLogMax, kWindowLogMax);
}

TraceReader::~TraceReader() {
  ZSTD_freeDCtx(zstd_);
  std::fclose(file_);
}

absl::Status TraceReader::Damaged(std::string_view what) const {
  return absl::DataLossError(StrCat("recording ", path_, ", record ", records_, ": ", what));
}

absl::StatusOr<size_t> TraceReader::Read(char* out, size_t size) {
  ZSTD_outBuffer output{out, size, 0};
  while (output.pos < size) {
    bool file_ended = false;
    if (input_begin_ == input_end_) {
      input_begin_ = 0;
      input_end_ = std::fread(input_.data(), 1, input_.size(), file_);
      file_ended = input_end_ == 0;
      if (file_ended && std::ferror(file_) != 0) return Damaged("read failed");
      if (file_ended && !inside_frame_) break;
    }
    ZSTD_inBuffer input{input_.data(), input_end_, input_begin_};
    const size_t before = output.pos;
    const size_t hint = ZSTD_decompressStream(zstd_, &output, &input);
    if (ZSTD_isError(hint) != 0) return Damaged(StrCat("zstd: ", ZSTD_getErrorName(hint)));
    input_begin_ = input.pos;
    inside_frame_ = hint != 0;
    // Without new input only what zstd still held can come out.
    if (file_ended && inside_frame_ && output.pos == before)
      return Damaged("the zstd frame is cut");
  }
  return output.pos;
}

absl::StatusOr<bool> TraceReader::Next(TraceRecord* record) {
  char header[kHeaderBytes];
  HEARTH_ASSIGN_OR_RETURN(const size_t got, Read(header, kHeaderBytes));
  if (got == 0) return false;
  if (got < kHeaderBytes) return Damaged(StrCat("header cut after ", got, " bytes"));
  record->target = static_cast<uint8_t>(header[0]);
  record->t = LittleEndian<int64_t>(header + 1);
  const size_t length = LittleEndian<uint32_t>(header + 9);
  if (length > kBodyBytesMax) {
    return Damaged(StrCat("body of ", length, " bytes exceeds ", kBodyBytesMax));
  }
  record->body.clear();
  while (record->body.size() < length) {
    const size_t at = record->body.size();
    const size_t piece = std::min(length - at, kPieceBytes);
    record->body.resize(at + piece);
    HEARTH_ASSIGN_OR_RETURN(const size_t read, Read(record->body.data() + at, piece));
    if (read < piece) {
      return Damaged(StrCat("body of ", length, " bytes cut after ", at + read));
    }
  }
  ++records_;
  return true;
}

absl::StatusOr<int64_t> CountTraceRounds(const std::string& path) {
  HEARTH_ASSIGN_OR_RETURN(const std::unique_ptr<TraceReader> reader, TraceReader::Open(path));
  TraceRecord record;
  int64_t rounds = 0;
  int previous = 256;
  for (;;) {
    HEARTH_ASSIGN_OR_RETURN(const bool more, reader->Next(&record));
    if (!more) return rounds;
    if (record.target <= previous) ++rounds;
    previous = record.target;
  }
}

}  // namespace hearth::bench
