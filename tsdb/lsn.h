// tsdb/lsn.h
//
// The log sequence number: the number of a WAL record. It grows by one a record and is never used
// twice in a data directory. What a flush covers is (window, LSN): every sample of the window in a
// record numbered at most LSN. Never a time: late data makes time wrong.
#ifndef HEARTH_TSDB_LSN_H_
#define HEARTH_TSDB_LSN_H_

#include <cstdint>

namespace hearth {

using Lsn = uint64_t;  // 0 = before every record.

}  // namespace hearth

#endif  // HEARTH_TSDB_LSN_H_
