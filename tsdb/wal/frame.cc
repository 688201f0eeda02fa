#include "tsdb/wal/frame.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "model/status.h"
#include "model/text.h"
#include "tsdb/wal/coding.h"
#include "tsdb/wal/crc32c.h"

namespace hearth {
namespace {

constexpr size_t kReadBytes = size_t{1} << 20;
// Offsets inside a frame header; the CRC covers everything from the length on.
constexpr size_t kCrcAt = 4;
constexpr size_t kLengthAt = 8;
constexpr size_t kTypeAt = 12;
constexpr size_t kLsnAt = 16;

}  // namespace

std::string SegmentHeader(const LogKind& kind, uint32_t number) {
  std::string header(kind.file_magic);
  PutFixed<uint32_t>(kLogVersion, &header);
  PutFixed<uint32_t>(number, &header);
  return header;
}

absl::Status CheckSegmentHeader(const LogKind& kind, std::string_view header) {
  if (header.size() < kSegmentHeaderBytes || !header.starts_with(kind.file_magic)) {
    return absl::DataLossError(StrCat("no ", kind.file_magic, " segment header"));
  }
  const uint32_t version = LoadFixed<uint32_t>(header.data() + 8);
  if (version == kLogVersion) return absl::OkStatus();
  if (std::popcount(version ^ kLogVersion) == 1) {
    return absl::DataLossError(StrCat("format version ", version, " was never given out"));
  }
  return absl::UnimplementedError(
      StrCat("format version ", version, "; this version of Hearth reads up to ", kLogVersion));
}

void AppendFrame(const LogKind& kind, uint8_t type, Lsn lsn, std::string_view payload,
                 std::string* out) {
  const size_t start = out->size();
  out->append(kind.frame_magic);
  PutFixed<uint32_t>(0, out);
  PutFixed<uint32_t>(static_cast<uint32_t>(payload.size()), out);
  PutFixed<uint32_t>(type, out);
  PutFixed<uint64_t>(lsn, out);
  out->append(payload);
  const uint32_t crc = Crc32c(std::string_view(*out).substr(start + kLengthAt));
  std::memcpy(out->data() + start + kCrcAt, &crc, sizeof(crc));
}

std::optional<ClaimedFrame> ClaimedByHeader(const LogKind& kind, std::string_view bytes) {
  if (bytes.size() < kFrameHeaderBytes || !bytes.starts_with(kind.frame_magic)) return std::nullopt;
  const uint32_t length = LoadFixed<uint32_t>(bytes.data() + kLengthAt);
  if (length > kMaxFramePayload) return std::nullopt;
  return ClaimedFrame{static_cast<uint8_t>(bytes[kTypeAt]), kFrameHeaderBytes + uint64_t{length}};
}

bool ParseFrame(const LogKind& kind, std::string_view bytes, Frame* frame) {
  const std::optional<ClaimedFrame> claimed = ClaimedByHeader(kind, bytes);
  if (!claimed || claimed->bytes > bytes.size()) return false;
  const std::string_view covered = bytes.substr(kLengthAt, claimed->bytes - kLengthAt);
  if (LoadFixed<uint32_t>(bytes.data() + kCrcAt) != Crc32c(covered)) return false;
  frame->type = claimed->type;
  frame->lsn = LoadFixed<uint64_t>(bytes.data() + kLsnAt);
  frame->payload = bytes.substr(kFrameHeaderBytes, claimed->bytes - kFrameHeaderBytes);
  return true;
}

absl::StatusOr<FrameScanner> FrameScanner::Open(const LogKind& kind, const File* file) {
  HEARTH_ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  FrameScanner scanner(kind, file, size);
  HEARTH_ASSIGN_OR_RETURN(const std::string_view header, scanner.Ahead(kSegmentHeaderBytes));
  const absl::Status valid = CheckSegmentHeader(kind, header.substr(0, kSegmentHeaderBytes));
  if (absl::IsUnimplemented(valid)) {
    return absl::FailedPreconditionError(
        StrCat(kind.name, " \"", file->path(), "\" has ", FromAbsl(valid.message())));
  }
  // A damaged header is skipped like a damaged frame.
  if (valid.ok()) scanner.at_ = kSegmentHeaderBytes;
  return scanner;
}

absl::StatusOr<std::string_view> FrameScanner::Ahead(size_t n) {
  const size_t want = static_cast<size_t>(std::min<uint64_t>(n, size_ - position()));
  if (buffer_.size() - at_ < want) {
    buffer_.erase(0, at_);
    buffer_start_ += at_;
    at_ = 0;
    const size_t have = buffer_.size();
    const uint64_t in_file = size_ - buffer_start_;
    buffer_.resize(static_cast<size_t>(std::min<uint64_t>(std::max(want, kReadBytes), in_file)));
    HEARTH_ASSIGN_OR_RETURN(
        const size_t got,
        file_->ReadAt(buffer_start_ + have, buffer_.data() + have, buffer_.size() - have));
    buffer_.resize(have + got);
    // The file has become shorter: its new end is the end.
    if (buffer_.size() < want) size_ = buffer_start_ + buffer_.size();
  }
  return std::string_view(buffer_).substr(at_);
}

absl::StatusOr<bool> FrameScanner::TryFrame(Frame* frame) {
  HEARTH_ASSIGN_OR_RETURN(std::string_view bytes, Ahead(kFrameHeaderBytes));
  const std::optional<ClaimedFrame> claimed = ClaimedByHeader(kind_, bytes);
  if (!claimed) return false;
  HEARTH_ASSIGN_OR_RETURN(bytes, Ahead(claimed->bytes));
  if (!ParseFrame(kind_, bytes, frame)) return false;
  frame->offset = position();
  return true;
}

absl::Status FrameScanner::Resynchronise() {
  ++at_;
  while (position() < size_) {
    HEARTH_ASSIGN_OR_RETURN(const std::string_view bytes, Ahead(kFrameHeaderBytes));
    const size_t found = bytes.find(kind_.frame_magic);
    if (found != std::string_view::npos) {
      at_ += found;
      return absl::OkStatus();
    }
    // The last bytes may be the start of a magic, unless they are the last of the file.
    const bool last = buffer_start_ + buffer_.size() >= size_;
    at_ = last ? buffer_.size() : buffer_.size() - (kind_.frame_magic.size() - 1);
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> FrameScanner::Next(Frame* frame) {
  const uint64_t from = position();
  while (position() < size_) {
    HEARTH_ASSIGN_OR_RETURN(const bool found, TryFrame(frame));
    if (found) {
      if (frame->offset > from) NoteSkipped(from, frame->offset, /*at_end=*/false);
      at_ += kFrameHeaderBytes + frame->payload.size();
      return true;
    }
    HEARTH_RETURN_IF_ERROR(Resynchronise());
  }
  if (size_ > from) NoteSkipped(from, size_, /*at_end=*/true);
  return false;
}

void FrameScanner::NoteSkipped(uint64_t from, uint64_t to, bool at_end) {
  skipped_.push_back({from, to - from, at_end});
}

}  // namespace hearth
