#include "tsdb/wal/crc32c.h"

#include <isa-l/crc.h>

namespace hearth {

uint32_t Crc32c(std::string_view data) {
  // ISA-L takes a mutable pointer but only reads, and leaves out the initial and the final
  // inversion.
  auto* bytes = reinterpret_cast<unsigned char*>(const_cast<char*>(data.data()));
  return ~crc32_iscsi(bytes, static_cast<int>(data.size()), 0xffffffffu);
}

}  // namespace hearth
