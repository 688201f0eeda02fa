// tsdb/wal/crc32c.h
//
// CRC32C (Castagnoli), the checksum of every framed record. Thread safety: pure function.
#ifndef HEARTH_TSDB_WAL_CRC32C_H_
#define HEARTH_TSDB_WAL_CRC32C_H_

#include <cstdint>
#include <string_view>

namespace hearth {

// The standard CRC32C of `data`, at most 2 GiB: Crc32c("123456789") is 0xe3069283.
uint32_t Crc32c(std::string_view data);

}  // namespace hearth

#endif  // HEARTH_TSDB_WAL_CRC32C_H_
