#include "tsdb/store/table_tail.h"

#include <xxhash.h>

#include <algorithm>
#include <string_view>

#include "model/text.h"
#include "tsdb/chunk/varint.h"
#include "tsdb/store/rocks_options.h"

namespace hearth {

namespace {

using rocksdb::IOStatus;

constexpr uint64_t kFooterBytes = 53;
constexpr uint64_t kTrailerBytes = 5;  // Behind each block: compression, checksum.
constexpr size_t kVersionAt = 41, kMagicAt = 45;
constexpr uint64_t kMagic = 0x88e241b785f4cff7;
constexpr uint32_t kLastBytePrime = 0x6b9083d9;
constexpr std::string_view kPropertiesName = "rocksdb.properties";
constexpr uint64_t kFirstReadBytes = 8 << 10;
constexpr uint64_t kTailBytesMax = 1 << 20;

uint64_t LittleEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

uint32_t Checksum(std::string_view block, uint8_t compression) {
  return static_cast<uint32_t>(XXH3_64bits(block.data(), block.size())) ^
         compression * kLastBytePrime;
}

// Where a block is; the trailer behind it does not count.
struct BlockHandle {
  uint64_t offset = 0;
  uint64_t size = 0;
};

BlockHandle ReadHandle(VarintReader* reader) {
  const uint64_t offset = reader->Varint();
  return {offset, reader->Varint()};
}

class TailReader {
 public:
  TailReader(const rocksdb::FSRandomAccessFile& file, const std::string& path, uint64_t size,
             TableTail* tail)
      : file_(file), path_(path), size_(size), tail_(*tail) {}

  IOStatus Read() {
    if (size_ < kFooterBytes) return Damaged(0, "is too short for a footer");
    tail_ = {.offset = size_, .bytes = {}};
    IOStatus status = Cover(size_ - std::min(size_, kFirstReadBytes));
    BlockHandle metaindex, properties;
    std::string_view block;
    if (status.ok()) status = ReadFooter(&metaindex);
    if (status.ok()) status = ReadBlock("metaindex", metaindex, &block);
    if (status.ok()) status = FindProperties(metaindex, block, &properties);
    if (status.ok()) status = ReadBlock("properties", properties, &block);
    if (!status.ok()) return status;
    const uint64_t begin = std::min(metaindex.offset, properties.offset);
    tail_ = {.offset = begin, .bytes = tail_.bytes.substr(begin - tail_.offset)};
    return status;
  }

 private:
  template <typename... What>
  IOStatus Damaged(uint64_t offset, const What&... what) const {
    return IOStatus::Corruption(StrCat("sorted file \"", path_, "\" of ", size_,
                                       " bytes at offset ", offset, ": ", what...));
  }

  std::string_view At(uint64_t offset, uint64_t size) const {
    return std::string_view(tail_.bytes).substr(offset - tail_.offset, size);
  }

  // Makes the tail begin at `offset` or before.
  IOStatus Cover(uint64_t offset) {
    if (offset >= tail_.offset) return IOStatus::OK();
    if (size_ - offset > kTailBytesMax) {
      return Damaged(offset, "no properties belong so far from the end; at most ", kTailBytesMax);
    }
    const size_t n = tail_.offset - offset;
    std::string bytes(n, '\0');
    rocksdb::Slice read;
    IOStatus status = file_.Read(offset, n, {}, &read, bytes.data(), nullptr);
    if (!status.ok()) return status;
    if (read.size() != n) return Damaged(offset, "read ", read.size(), " bytes of ", n);
    if (read.data() != bytes.data()) bytes.assign(read.data(), read.size());
    tail_ = {.offset = offset, .bytes = bytes + tail_.bytes};
    return status;
  }

  bool Inside(const BlockHandle& handle) const {
    const uint64_t end = size_ - kFooterBytes;  // Compared so that nothing can overflow.
    return handle.size <= end && handle.offset <= end - handle.size &&
           kTrailerBytes <= end - handle.size - handle.offset;
  }

  IOStatus ReadFooter(BlockHandle* metaindex) const {
    const uint64_t offset = size_ - kFooterBytes;
    const std::string_view footer = At(offset, kFooterBytes);
    const uint64_t magic = LittleEndian(footer.substr(kMagicAt));
    if (magic != kMagic) return Damaged(offset, "footer has magic number ", absl::Hex(magic));
    const uint64_t version = LittleEndian(footer.substr(kVersionAt, kMagicAt - kVersionAt));
    if (version != kTableVersion) {
      return Damaged(offset, "footer has format version ", version, ", not ", kTableVersion);
    }
    const int checksum_type = footer[0];
    if (checksum_type != kTableChecksum) {
      return Damaged(offset, "footer has checksum type ", checksum_type, ", not ",
                     static_cast<int>(kTableChecksum));
    }
    VarintReader handles(footer.substr(1, kVersionAt - 1));
    *metaindex = ReadHandle(&handles);
    const BlockHandle index = ReadHandle(&handles);
    if (handles.ok() && Inside(*metaindex) && Inside(index)) return IOStatus::OK();
    return Damaged(offset, "footer has metaindex ", metaindex->offset, "+", metaindex->size,
                   ", index ", index.offset, "+", index.size);
  }

  // *block stays valid until the next call.
  IOStatus ReadBlock(std::string_view name, const BlockHandle& handle, std::string_view* block) {
    const auto [offset, size] = handle;
    IOStatus status = Cover(offset);
    if (!status.ok()) return status;
    *block = At(offset, size);
    const std::string_view trailer = At(offset + size, kTrailerBytes);
    const auto compression = static_cast<uint8_t>(trailer[0]);
    const auto stored = static_cast<uint32_t>(LittleEndian(trailer.substr(1)));
    const uint32_t computed = Checksum(*block, compression);
    if (stored != computed) {
      return Damaged(offset, name, " block of ", size, " bytes: stored checksum ",
                     absl::Hex(stored, absl::kZeroPad8), ", computed ",
                     absl::Hex(computed, absl::kZeroPad8));
    }
    if (compression != rocksdb::kNoCompression) {
      return Damaged(offset, name, " block has compression ", compression);
    }
    return status;
  }

  // Entries of a block: how many bytes of the key before are kept, bytes of key, bytes of value;
  // key, value. Then the restarts, 4 bytes each, and their number.
  IOStatus FindProperties(const BlockHandle& metaindex, std::string_view block,
                          BlockHandle* properties) const {
    constexpr size_t kRestartBytes = 4;
    const size_t size = block.size();
    const uint64_t restarts =
        size < kRestartBytes ? 0 : LittleEndian(block.substr(size - kRestartBytes));
    if (size / kRestartBytes < restarts + 1) {
      return Damaged(metaindex.offset, "metaindex block of ", size, " bytes: ", restarts,
                     " restarts");
    }
    VarintReader reader(block.substr(0, size - (restarts + 1) * kRestartBytes));
    std::string key;
    while (reader.ok() && !reader.rest().empty() && key != kPropertiesName) {
      const uint64_t kept = reader.Varint(), key_bytes = reader.Varint(),
                     value_bytes = reader.Varint();
      if (kept > key.size()) break;
      key.resize(kept);
      key += reader.Bytes(key_bytes);
      VarintReader value(reader.Bytes(value_bytes));
      *properties = ReadHandle(&value);
    }
    if (reader.ok() && key == kPropertiesName && Inside(*properties)) return IOStatus::OK();
    return Damaged(metaindex.offset, "metaindex block of ", size, " bytes names no properties");
  }

  const rocksdb::FSRandomAccessFile& file_;
  const std::string& path_;
  const uint64_t size_;
  TableTail& tail_;
};

}  // namespace

IOStatus ReadTableTail(const rocksdb::FSRandomAccessFile& file, const std::string& path,
                       uint64_t size, TableTail* tail) {
  return TailReader(file, path, size, tail).Read();
}

}  // namespace hearth
