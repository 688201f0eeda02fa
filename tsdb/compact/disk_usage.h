// tsdb/compact/disk_usage.h
//
// How many bytes folders take on disk, and how many of them are ours to free.
//
// Thread safety: pure function of the file system.
#ifndef HEARTH_TSDB_COMPACT_DISK_USAGE_H_
#define HEARTH_TSDB_COMPACT_DISK_USAGE_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace hearth {

// The blocks of every regular file below the folders, each inode once however many names it has.
// Files that vanish meanwhile, and folders that cannot be read, count nothing.
uint64_t DiskUsage(std::span<const std::string> folders);
inline uint64_t DiskUsage(const std::string& folder) { return DiskUsage({&folder, 1}); }

// The blocks of the storage's own files in these folders, without those below them: log segments
// and RocksDB's files, by their names. An inode that has a name elsewhere too does not count: a
// snapshot holds it, so deleting our name would free nothing.
uint64_t OwnedBytes(std::span<const std::string> folders);
// Whether a file of this name is one that WAL, chunk log or RocksDB makes.
bool IsStorageFile(std::string_view name);

}  // namespace hearth

#endif  // HEARTH_TSDB_COMPACT_DISK_USAGE_H_
