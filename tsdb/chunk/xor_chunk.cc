#include "tsdb/chunk/xor_chunk.h"

#include <algorithm>

#include "tsdb/chunk/xor_layout.h"

namespace hearth {
namespace {

using xor_layout::DodBucket;
using xor_layout::kDodBuckets;
using xor_layout::kDodRaw;
using xor_layout::kLeadingBits;
using xor_layout::kLeadingMax;
using xor_layout::kMeaningfulBits;

void StoreBigEndian(uint64_t word, char* p) {
  word = __builtin_bswap64(word);
  std::memcpy(p, &word, sizeof(word));
}

// Appends bits to a byte buffer, most significant first. Each Put stores eight bytes, zeros after
// the last bit included.
class BitWriter {
 public:
  BitWriter(char* buffer, uint32_t position) : buffer_(buffer), position_(position) {}

  // The low `n` bits of `value`, 1 <= n <= 56; the bits above must be zero.
  void Put(uint64_t value, unsigned n) {
    char* const p = buffer_ + position_ / 8;
    const unsigned used = position_ % 8;
    uint64_t word = used == 0 ? 0 : static_cast<uint64_t>(static_cast<uint8_t>(*p)) << 56;
    word |= value << (64 - used - n);
    StoreBigEndian(word, p);
    position_ += n;
  }
  // Up to 64 bits.
  void PutWide(uint64_t value, unsigned n) {
    if (n > 56) {
      Put(value >> 32, n - 32);
      value &= 0xffffffff;
      n = 32;
    }
    Put(value, n);
  }
  uint32_t position() const { return position_; }

 private:
  char* const buffer_;
  uint32_t position_;
};

// The bucket for `dod`: the first whose two's complement holds it.
int BucketOf(int64_t dod) {
  if (dod == 0) return 0;
  // Bits that two's complement needs: the magnitude's and a sign.
  const int needed = 65 - std::countl_zero(static_cast<uint64_t>(dod < 0 ? ~dod : dod));
  for (int i = 1; i < kDodRaw; ++i) {
    if (needed <= kDodBuckets[i].value_bits) return i;
  }
  return kDodRaw;
}

void PutDod(int64_t dod, BitWriter* out) {
  const int bucket = BucketOf(dod);
  const DodBucket& b = kDodBuckets[bucket];
  // `bucket` ones, then a zero unless this is the last.
  const uint64_t prefix = bucket == kDodRaw ? 0x3f : (uint64_t{1} << b.prefix_bits) - 2;
  if (bucket == kDodRaw) {
    out->Put(prefix, b.prefix_bits);
    out->PutWide(static_cast<uint64_t>(dod), 64);
    return;
  }
  const uint64_t mask = (uint64_t{1} << b.value_bits) - 1;
  out->Put(prefix << b.value_bits | (static_cast<uint64_t>(dod) & mask),
           b.prefix_bits + b.value_bits);
}

void PutValue(uint64_t v_bits, BitWriter* out, XorState* state) {
  const uint64_t x = v_bits ^ state->v_bits;
  if (x == 0) return out->Put(0, 1);
  const unsigned leading = std::min<unsigned>(std::countl_zero(x), kLeadingMax);
  const unsigned trailing = std::countr_zero(x);
  const unsigned window_trailing = 64 - state->leading - state->meaningful;
  if (state->meaningful != 0 && leading >= state->leading && trailing >= window_trailing) {
    out->Put(0b10, 2);
    out->PutWide(x >> window_trailing, state->meaningful);
    return;
  }
  const unsigned meaningful = 64 - leading - trailing;
  state->leading = static_cast<uint8_t>(leading);
  state->meaningful = static_cast<uint8_t>(meaningful);
  out->Put((uint64_t{0b11} << kLeadingBits | leading) << kMeaningfulBits | (meaningful - 1),
           2 + kLeadingBits + kMeaningfulBits);
  out->PutWide(x >> trailing, meaningful);
}

}  // namespace

void XorAppend(TimeMs t, double v, char* buffer, XorState* state) {
  const uint64_t v_bits = std::bit_cast<uint64_t>(v);
  BitWriter out(buffer, state->bits);
  if (state->count == 0) {
    out.PutWide(v_bits, 64);
  } else {
    // Unsigned: the difference of two distant times may overflow, and wraps back when it is
    // decoded.
    const uint64_t delta = static_cast<uint64_t>(t) - static_cast<uint64_t>(state->t);
    PutDod(static_cast<int64_t>(delta - static_cast<uint64_t>(state->delta)), &out);
    PutValue(v_bits, &out, state);
    state->delta = static_cast<int64_t>(delta);
  }
  state->t = t;
  state->v_bits = v_bits;
  state->bits = out.position();
  ++state->count;
}

ChunkMeta EncodeXorChunk(std::span<const TimeMs> t, std::span<const double> v, std::string* out) {
  const size_t start = out->size();
  out->resize(start + XorMaxBytes(t.size()) + kXorAppendSlack);
  XorState state;
  for (size_t i = 0; i < t.size(); ++i) XorAppend(t[i], v[i], out->data() + start, &state);
  out->resize(start + XorBytes(state));
  return {t.front(), t.back(), static_cast<uint32_t>(t.size()), ChunkEncoding::kXor};
}

}  // namespace hearth
