// What a snapshot takes of the head: its logs, as they are at one moment.
#include "model/status.h"
#include "tsdb/head/head_impl.h"
#include "tsdb/wal/newest_mark.h"
#include "tsdb/wal/segment.h"

namespace hearth {
namespace {

// The segments below `end`.
absl::Status LinkSegments(FileSystem& fs, const std::string& from, const std::string& to,
                          uint32_t end) {
  HEARTH_ASSIGN_OR_RETURN(const std::vector<uint32_t> numbers, ListSegments(fs, from));
  uint32_t newest = 0;
  for (const uint32_t number : numbers) {
    if (number >= end) break;
    HEARTH_RETURN_IF_ERROR(fs.Link(SegmentPath(from, number), SegmentPath(to, number)));
    newest = number;
  }
  return newest == 0 ? absl::OkStatus() : MarkNewest(fs, to, newest);
}

}  // namespace

absl::Status Head::Impl::LinkLogs(const std::string& wal_dir, const std::string& chunks_dir,
                                  absl::FunctionRef<absl::Status()> link_deletes) {
  MutexLock delete_lock(&delete_mu);
  MutexLock lock(&commit_mu);
  // Rolled, so that nothing is ever written to what is linked: what is written next goes to the
  // WAL's current segment, and to a segment of the chunk log that does not exist yet.
  HEARTH_RETURN_IF_ERROR(WriteAllChunks());
  HEARTH_RETURN_IF_ERROR(chunk_log->Roll());
  HEARTH_RETURN_IF_ERROR(wal->Roll());
  HEARTH_RETURN_IF_ERROR(LinkSegments(*options.fs, options.chunks_dir, chunks_dir, UINT32_MAX));
  HEARTH_RETURN_IF_ERROR(LinkSegments(*options.fs, options.wal_dir, wal_dir, wal->segment()));
  return link_deletes();
}

}  // namespace hearth
