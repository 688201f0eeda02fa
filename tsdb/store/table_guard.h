// tsdb/store/table_guard.h
//
// What stands between RocksDB and damaged sorted files. RocksDB takes a table's properties apart
// before it compares their checksum (an ingestion may have written a sequence number into them),
// and believes the sizes in the footer, which has no checksum: a damaged byte there ends the
// process or makes it ask for gigabytes. So whenever RocksDB opens a sorted file, the guard reads
// and compares its tail first (table_tail.h). One that is not sound is IOStatus::Corruption, as
// RocksDB gives for any other damage. A sound one stays in memory, about 1 KiB, as long as the
// file is open: RocksDB parses the very bytes that were compared, without reading them again.
//
// Tables of other format versions or checksum types than Hearth writes are refused too: RocksDB
// knows no newer version either, and a flip that makes the type "none" would end all comparing.
// Sound files are never changed in place (Database::Ingest).
//
// Thread safety: the Env may be used from any thread.
#ifndef HEARTH_TSDB_STORE_TABLE_GUARD_H_
#define HEARTH_TSDB_STORE_TABLE_GUARD_H_

#include <memory>

#include "rocksdb/env.h"

namespace hearth {

// An Env on the file system of `base` (null = the operating system's) that guards the files whose
// name ends in ".sst". Outlives every database and reader opened with it; what `base` itself
// borrows outlives the Env.
std::unique_ptr<rocksdb::Env> NewGuardedEnv(rocksdb::Env* base);

}  // namespace hearth

#endif  // HEARTH_TSDB_STORE_TABLE_GUARD_H_
