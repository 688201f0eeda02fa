// tsdb/wal/frame.h
//
// Framed records: how WAL and chunk log divide their segment files. Each record has a magic for
// resynchronisation, a length, a type, an LSN and a CRC32C, so a damaged one can be told, skipped
// and reported while both sides of it are kept. Format: docs/format/wal.md.
//
//   segment file:  header (16 bytes)  frame  frame  frame ...
//   frame:         magic 4 | crc 4 | payload length 4 | type 1 | zero 3 | lsn 8 | payload
//
// Thread safety: none; one scanner belongs to one thread.
#ifndef HEARTH_TSDB_WAL_FRAME_H_
#define HEARTH_TSDB_WAL_FRAME_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tsdb/file_system.h"
#include "tsdb/lsn.h"

namespace hearth {

// The kinds of framed files, told apart by their magics so that no frame of one is taken for one of
// another.
struct LogKind {
  std::string_view name;         // For messages.
  std::string_view file_magic;   // The first 8 bytes of a segment.
  std::string_view frame_magic;  // The first 4 bytes of a frame.
};
inline constexpr LogKind kWalKind = {"WAL segment", "HEARTHWL", "\xa9\xf1Wl"};
inline constexpr LogKind kChunkLogKind = {"chunk log segment", "HEARTHCL",
                                          "\xa9\xf2"
                                          "Cl"};

// Later versions will not differ from this one in a single bit: such a number is damage.
inline constexpr uint32_t kLogVersion = 1;
inline constexpr size_t kSegmentHeaderBytes = 16;
inline constexpr size_t kFrameHeaderBytes = 24;
// A frame that claims more is damaged. Writers split what may grow beyond.
inline constexpr uint32_t kMaxFramePayload = 16u << 20;

struct Frame {
  uint8_t type = 0;
  Lsn lsn = 0;
  std::string_view payload;
  uint64_t offset = 0;  // Of the frame's header in its file.
};

// The header of segment `number`.
std::string SegmentHeader(const LogKind& kind, uint32_t number);
// OK when `header` is that of a segment that this version can read. kUnimplemented when it is of a
// newer version, kDataLoss when it is none.
absl::Status CheckSegmentHeader(const LogKind& kind, std::string_view header);

// Appends a frame to *out. The payload must not exceed kMaxFramePayload.
void AppendFrame(const LogKind& kind, uint8_t type, Lsn lsn, std::string_view payload,
                 std::string* out);

// The frame at the front of `bytes`; false when there is none that is whole and whose CRC fits.
bool ParseFrame(const LogKind& kind, std::string_view bytes, Frame* frame);

// What a frame header at the front of `bytes` says, its checksum unseen; nothing when it cannot be
// one.
struct ClaimedFrame {
  uint8_t type = 0;
  uint64_t bytes = 0;  // Header and payload.
};
std::optional<ClaimedFrame> ClaimedByHeader(const LogKind& kind, std::string_view bytes);

// Bytes of a file that held no readable frame.
struct SkippedBytes {
  uint64_t offset = 0;
  uint64_t bytes = 0;
  bool at_end = false;  // Nothing readable came after: a torn tail, the ordinary trace of a crash.
};

// Walks the frames of one segment file.
class FrameScanner {
 public:
  // `file` is borrowed and outlives the scanner. What is written after the construction is not
  // read. kFailedPrecondition, naming the file and both versions, when a newer version wrote it.
  static absl::StatusOr<FrameScanner> Open(const LogKind& kind, const File* file);

  // The next frame; false at the end. The payload is valid until the next call. Damage is skipped;
  // an error is one of reading.
  absl::StatusOr<bool> Next(Frame* frame);

  // What was skipped so far, in order of offset.
  const std::vector<SkippedBytes>& skipped() const { return skipped_; }
  uint64_t file_size() const { return size_; }

 private:
  FrameScanner(const LogKind& kind, const File* file, uint64_t size)
      : kind_(kind), file_(file), size_(size) {}

  uint64_t position() const { return buffer_start_ + at_; }
  // Makes `n` bytes from the position available, or all that the file has.
  absl::StatusOr<std::string_view> Ahead(size_t n);
  // True when a frame starts at the position.
  absl::StatusOr<bool> TryFrame(Frame* frame);
  // Moves to the next place that looks like a frame, or to the end of the file.
  absl::Status Resynchronise();
  void NoteSkipped(uint64_t from, uint64_t to, bool at_end);

  LogKind kind_;
  const File* file_;
  uint64_t size_;
  std::string buffer_;  // File bytes from buffer_start_.
  uint64_t buffer_start_ = 0;
  size_t at_ = 0;  // The position inside buffer_.
  std::vector<SkippedBytes> skipped_;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_WAL_FRAME_H_
