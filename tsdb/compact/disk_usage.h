// tsdb/compact/disk_usage.h
//
// How many bytes a folder takes on disk.
//
// Thread safety: pure function of the file system.
#ifndef HEARTH_TSDB_COMPACT_DISK_USAGE_H_
#define HEARTH_TSDB_COMPACT_DISK_USAGE_H_

#include <cstdint>
#include <string>

namespace hearth {

// The blocks of every regular file below `folder`, each inode once however many names it has. Files that vanish meanwhile, and
// folders that cannot be read, count nothing.
uint64_t DiskUsage(const std::string& folder);

}  // namespace hearth

#endif  // HEARTH_TSDB_COMPACT_DISK_USAGE_H_
