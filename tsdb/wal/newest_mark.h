// tsdb/wal/newest_mark.h
//
// The newest segment of a log is named by the name of an empty file beside it, "newest-00000007",
// so that a replay can tell when that very segment is gone: of the older ones the newer can tell.
// The file is made once and renamed from then on, after the segment's directory entry has become
// durable. The rename is not synced: a power cut may bring back an older mark, which tells less and
// never anything wrong.
//
// Thread safety: one caller at a time for each directory. Errors: those of the file system.
#ifndef HEARTH_TSDB_WAL_NEWEST_MARK_H_
#define HEARTH_TSDB_WAL_NEWEST_MARK_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tsdb/file_system.h"

namespace hearth {

// 0 without a mark. The greatest, where a copy of a live directory has caught several.
absl::StatusOr<uint32_t> MarkedNewest(FileSystem& fs, const std::string& dir);
absl::Status MarkNewest(FileSystem& fs, const std::string& dir, uint32_t number);
// To be called before the newest segment is removed on purpose.
absl::Status RemoveNewestMark(FileSystem& fs, const std::string& dir);

}  // namespace hearth

#endif  // HEARTH_TSDB_WAL_NEWEST_MARK_H_
