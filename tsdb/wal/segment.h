// tsdb/wal/segment.h
//
// Segment files of a log directory: eight decimal digits, numbered upward from 1. Other names are
// left alone.
//
// Thread safety: pure functions over the file system.
#ifndef HEARTH_TSDB_WAL_SEGMENT_H_
#define HEARTH_TSDB_WAL_SEGMENT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tsdb/file_system.h"
#include "tsdb/wal/frame.h"

namespace hearth {

// <dir>/00000042
std::string SegmentPath(std::string_view dir, uint32_t number);
std::optional<uint32_t> ParseSegmentName(std::string_view name);
// The numbers of the segments in a directory, ascending.
absl::StatusOr<std::vector<uint32_t>> ListSegments(FileSystem& fs, const std::string& dir);

// Creates segment `number` with its header, and makes its directory entry durable. After an error
// nothing is left, unless the removal failed too; the next attempt should take the next number.
absl::StatusOr<std::unique_ptr<File>> CreateSegment(FileSystem& fs, const LogKind& kind,
                                                    const std::string& dir, uint32_t number);

}  // namespace hearth

#endif  // HEARTH_TSDB_WAL_SEGMENT_H_
