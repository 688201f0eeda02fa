// tsdb/store/table_tail.h
//
// The end of a sorted file, as RocksDB's block-based tables have it, compared with its checksums:
//
//   … data, index │ properties │ type, checksum │ metaindex │ type, checksum │ footer
//                 └─ the tail
//
// The footer (53 bytes) has the checksum type, the places of metaindex and index, zeros, the format
// version and a magic number. The metaindex says where the properties are. Behind each block stand
// one byte, its compression, and the checksum of block and byte: the low half of XXH3_64 of the
// block, xor the byte times kLastBytePrime.
//
// Thread safety: ReadTableTail may be called from any thread; a TableTail is a value.
#ifndef HEARTH_TSDB_STORE_TABLE_TAIL_H_
#define HEARTH_TSDB_STORE_TABLE_TAIL_H_

#include <cstdint>
#include <string>

#include "rocksdb/file_system.h"

namespace hearth {

// From where properties and metaindex begin to the end of the file.
struct TableTail {
  uint64_t offset = 0;  // In the file.
  std::string bytes;
};

// Reads the tail of `file`, which has `size` bytes, with one read unless it is longer than 8 KiB,
// and never more than 1 MiB. Corruption, naming `path`, place, stored and computed checksum, when
// it is not the sound tail of a table with kTableVersion and kTableChecksum (rocks_options.h);
// others as the file gives them. *tail is only to be used after OK.
rocksdb::IOStatus ReadTableTail(const rocksdb::FSRandomAccessFile& file, const std::string& path,
                                uint64_t size, TableTail* tail);

}  // namespace hearth

#endif  // HEARTH_TSDB_STORE_TABLE_TAIL_H_
