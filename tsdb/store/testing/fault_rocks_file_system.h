// tsdb/store/testing/fault_rocks_file_system.h
//
// RocksDB's files with the faults of a FaultSwitch, the one that our own files have too. Testonly.
//
// Thread safety: the Env may be used from any thread.
#ifndef HEARTH_TSDB_STORE_TESTING_FAULT_ROCKS_FILE_SYSTEM_H_
#define HEARTH_TSDB_STORE_TESTING_FAULT_ROCKS_FILE_SYSTEM_H_

#include <memory>

#include "tsdb/fault_switch.h"
#include "tsdb/sync_journal.h"

namespace rocksdb {
class Env;
}

namespace hearth {

// For StoreOptions::env. `faults` is borrowed, and so is `journal`, which may be null; both outlive
// the Env and every database opened with it.
std::shared_ptr<rocksdb::Env> NewFaultRocksEnv(FaultSwitch* faults,
                                               JournalWriter* journal = nullptr);

}  // namespace hearth

#endif  // HEARTH_TSDB_STORE_TESTING_FAULT_ROCKS_FILE_SYSTEM_H_
