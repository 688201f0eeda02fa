// tsdb/wal/coding.h
//
// Bytes of our log records: little-endian fixed numbers, varints (seven bits a byte, low ones
// first), zigzag for signed ones. Writing appends to a string; ByteReader reads input that may be
// damaged.
//
// Thread safety: values.
#ifndef HEARTH_TSDB_WAL_CODING_H_
#define HEARTH_TSDB_WAL_CODING_H_

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace hearth {

static_assert(std::endian::native == std::endian::little, "fixed numbers are copied as they lie");

inline constexpr size_t kMaxVarintBytes = 10;

constexpr uint64_t ZigZag(int64_t v) {
  return (static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63);
}
constexpr int64_t UnZigZag(uint64_t v) { return static_cast<int64_t>((v >> 1) ^ (~(v & 1) + 1)); }

// Writes a varint at `p`, which has room for kMaxVarintBytes; returns the byte after it.
inline char* WriteVarint(uint64_t v, char* p) {
  while (v >= 0x80) {
    *p++ = static_cast<char>(v | 0x80);
    v >>= 7;
  }
  *p++ = static_cast<char>(v);
  return p;
}

template <typename T>
void PutFixed(T v, std::string* out) {
  out->append(reinterpret_cast<const char*>(&v), sizeof(v));
}
inline void PutVarint(uint64_t v, std::string* out) {
  char buffer[kMaxVarintBytes];
  out->append(buffer, static_cast<size_t>(WriteVarint(v, buffer) - buffer));
}
inline void PutSigned(int64_t v, std::string* out) { PutVarint(ZigZag(v), out); }
inline void PutBytes(std::string_view bytes, std::string* out) {
  PutVarint(bytes.size(), out);
  out->append(bytes);
}

template <typename T>
T LoadFixed(const char* p) {
  T v;
  std::memcpy(&v, p, sizeof(v));
  return v;
}

// Reads from the front of a byte string. Every method answers false, and the reader must not be
// used further, when the bytes end too early or are malformed.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : p_(bytes.data()), end_(p_ + bytes.size()) {}

  bool empty() const { return p_ == end_; }
  size_t left() const { return static_cast<size_t>(end_ - p_); }
  const char* position() const { return p_; }

  template <typename T>
  bool Fixed(T* v) {
    if (left() < sizeof(T)) return false;
    *v = LoadFixed<T>(p_);
    p_ += sizeof(T);
    return true;
  }
  bool Varint(uint64_t* v) {
    uint64_t result = 0;
    for (int shift = 0; shift < 64 && p_ != end_; shift += 7) {
      const uint8_t byte = static_cast<uint8_t>(*p_++);
      result |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) {
        *v = result;
        return true;
      }
    }
    return false;
  }
  bool Varint32(uint32_t* v) {
    uint64_t wide;
    if (!Varint(&wide) || wide > UINT32_MAX) return false;
    *v = static_cast<uint32_t>(wide);
    return true;
  }
  bool Signed(int64_t* v) {
    uint64_t raw;
    if (!Varint(&raw)) return false;
    *v = UnZigZag(raw);
    return true;
  }
  // The view points into the input.
  bool Bytes(std::string_view* bytes) {
    uint64_t n;
    return Varint(&n) && Raw(n, bytes);
  }
  bool Raw(uint64_t n, std::string_view* bytes) {
    if (n > left()) return false;
    *bytes = std::string_view(p_, n);
    p_ += n;
    return true;
  }

 private:
  const char* p_;
  const char* end_;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_WAL_CODING_H_
