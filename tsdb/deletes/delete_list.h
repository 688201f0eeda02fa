// tsdb/deletes/delete_list.h
//
// What has been deleted and may still be on disk. A delete hides the samples of the series that
// satisfy its matchers, with a time in its range, that were written before it: in WAL records
// numbered below its LSN. What is written later is not touched. No record of the WAL has a delete's
// LSN.
//
// Thread safety: values and pure functions.
#ifndef HEARTH_TSDB_DELETES_DELETE_LIST_H_
#define HEARTH_TSDB_DELETES_DELETE_LIST_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/matcher.h"
#include "model/sample.h"
#include "tsdb/lsn.h"

namespace hearth {

struct DeleteRecord {
  Lsn lsn = 0;
  std::vector<Matcher> matchers;
  TimeRange range;
};

struct DeleteList {
  std::vector<DeleteRecord> records;  // Ascending by LSN; those of one call share theirs.
  Lsn last_lsn = 0;  // Of the newest delete ever given, also when it has left the list.

  bool empty() const { return records.empty(); }
};

// The payload of a delete's frame, without the LSN, which is the frame's: docs/format/deletes.md.
std::string EncodeDeleteRecord(const DeleteRecord& record);
// Empty when malformed.
std::optional<DeleteRecord> DecodeDeleteRecord(Lsn lsn, std::string_view payload);

}  // namespace hearth

#endif  // HEARTH_TSDB_DELETES_DELETE_LIST_H_
