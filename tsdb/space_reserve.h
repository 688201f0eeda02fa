// tsdb/space_reserve.h
//
// SpaceReserve: a file of a fixed size whose only use is to be removed. RocksDB writes a few files
// whenever it opens, so on a full disk the server could not start, nor answer queries; with this
// much let go, it can. The files that RocksDB replaces leave the space to fill the reserve again.
//
// Thread safety: none; runs inside Db::Open.
#ifndef HEARTH_TSDB_SPACE_RESERVE_H_
#define HEARTH_TSDB_SPACE_RESERVE_H_

#include <cstdint>
#include <string>

#include "tsdb/file_system.h"

namespace hearth {

// What RocksDB sets aside for its log and MANIFEST while the old ones still stand, twice over.
inline constexpr uint64_t kReserveBytes = uint64_t{1} << 20;

class SpaceReserve {
 public:
  SpaceReserve(FileSystem* fs, std::string path) : fs_(fs), path_(std::move(path)) {}

  void Release() const;
  // Brings the file to its size, or to what the disk has. Cheap when it has it already.
  void Refill() const;

 private:
  FileSystem* const fs_;  // Borrowed.
  const std::string path_;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_SPACE_RESERVE_H_
