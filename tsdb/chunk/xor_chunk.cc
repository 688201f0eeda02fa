#include "tsdb/chunk/xor_chunk.h"

#include <algorithm>

#include "model/text.h"

namespace hearth {
namespace {

// One bucket of deltas of deltas: `prefix_bits` ones-and-a-zero, then `value_bits` of two's
// complement.
struct DodBucket {
  uint8_t prefix_bits;
  uint8_t value_bits;
};
// Indexed by the number of leading one bits of the code. The order is the format:
// docs/format/chunk.md.
constexpr DodBucket kDodBuckets[] = {{1, 0}, {2, 4}, {3, 7}, {4, 9}, {5, 14}, {6, 20}, {6, 64}};
constexpr int kDodRaw = 6;
constexpr int kLeadingBits = 5;
constexpr int kMeaningfulBits = 6;
constexpr unsigned kLeadingMax = (1u << kLeadingBits) - 1;

__attribute__((always_inline)) inline uint64_t LoadBigEndian(const char* p) {
  uint64_t word;
  std::memcpy(&word, p, sizeof(word));
  return __builtin_bswap64(word);
}

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

// Where a decoder stands.
struct DecodeState {
  uint64_t position = 0;             // In bits.
  uint64_t t = 0, delta = 0, v = 0;  // Unsigned: damaged input may overflow.
  unsigned leading = 0, meaningful = 0;
};

// Reads bits at any position. Peek gives at least 57 valid bits, on top; the eight bytes at the
// position must exist.
__attribute__((always_inline)) inline uint64_t Peek(const char* data, uint64_t position) {
  return LoadBigEndian(data + position / 8) << (position % 8);
}

// The next 1 <= n <= 64 bits; the nine bytes at the position must exist.
__attribute__((always_inline)) inline uint64_t ReadWide(const char* data, uint64_t* position,
                                                        unsigned n) {
  const char* const p = data + *position / 8;
  const unsigned used = *position % 8;
  const uint64_t word =
      LoadBigEndian(p) << used | static_cast<uint64_t>(static_cast<uint8_t>(p[8])) >> (8 - used);
  *position += n;
  return word >> (64 - n);
}

// Reads a delta of deltas that is not zero. `*word`: the bits at the position, before and after.
__attribute__((always_inline)) inline void DecodeDod(const char* data, uint64_t* word,
                                                     DecodeState* s) {
  const int bucket = std::min(std::countl_one(*word), kDodRaw);
  const DodBucket& b = kDodBuckets[bucket];
  if (bucket != kDodRaw) {
    s->delta +=
        static_cast<uint64_t>(static_cast<int64_t>(*word << b.prefix_bits) >> (64 - b.value_bits));
    s->position += b.prefix_bits + b.value_bits;
    *word <<= b.prefix_bits + b.value_bits;
    return;
  }
  s->position += b.prefix_bits;
  s->delta += ReadWide(data, &s->position, 64);
  *word = Peek(data, s->position);
}

// Decodes one sample. The caller has checked that kXorMaxSampleBits and a load beyond are readable.
// False on bits that no writer makes.
__attribute__((always_inline)) inline bool DecodeOne(const char* data, DecodeState* s) {
  uint64_t word = Peek(data, s->position);
  // Bits of `word` that are there once the time is taken off. At least 57 before; the longest time
  // but the raw one leaves 31 of them, enough for the value's header.
  unsigned valid = 31;
  if (static_cast<int64_t>(word) >= 0) {
    ++s->position;
    word <<= 1;
    valid = 56;
  } else {
    DecodeDod(data, &word, s);
  }
  s->t += s->delta;
  if (static_cast<int64_t>(word) >= 0) {
    ++s->position;
    return true;
  }
  unsigned header = 2;
  if ((word << 1 >> 63) != 0) {
    s->leading = static_cast<unsigned>(word << 2 >> (64 - kLeadingBits));
    s->meaningful = static_cast<unsigned>(word << (2 + kLeadingBits) >> (64 - kMeaningfulBits)) + 1;
    header += kLeadingBits + kMeaningfulBits;
    if (s->leading + s->meaningful > 64) return false;
  }
  if (s->meaningful == 0) return false;
  s->position += header;
  uint64_t bits;
  if (header + s->meaningful <= valid) {
    bits = word << header >> (64 - s->meaningful);
    s->position += s->meaningful;
  } else {
    bits = ReadWide(data, &s->position, s->meaningful);
  }
  s->v ^= bits << (64 - s->leading - s->meaningful);
  return true;
}

// Where decoded samples go: columns with room for all of them.
struct Output {
  TimeMs* t;
  double* v;
  size_t n = 0;
  TimeRange range;

  void Put(const DecodeState& s) {
    t[n] = static_cast<TimeMs>(s.t);
    v[n] = std::bit_cast<double>(s.v);
    n += static_cast<TimeMs>(s.t) >= range.mint;
  }
};

enum class Stop { kCount, kRange, kBytes, kDamage };

// Decodes until `*left` samples are done, the range is passed, the position goes beyond
// `safe_bits`, or damage is met.
__attribute__((always_inline)) inline Stop DecodeRunOn(const char* data, uint64_t safe_bits,
                                                       uint32_t* left, DecodeState* state,
                                                       Output* output) {
  // In registers: the columns that are written could alias what a pointer leads to.
  DecodeState s = *state;
  Output out = *output;
  uint32_t n = *left;
  Stop stop = Stop::kCount;
  for (; n > 0; --n) {
    if (s.position > safe_bits) {
      stop = Stop::kBytes;
      break;
    }
    const uint64_t before = s.t;
    if (!DecodeOne(data, &s) || static_cast<TimeMs>(s.t) <= static_cast<TimeMs>(before)) {
      stop = Stop::kDamage;
      break;
    }
    if (static_cast<TimeMs>(s.t) > out.range.maxt) {
      stop = Stop::kRange;
      break;
    }
    out.Put(s);
  }
  *state = s;
  *output = out;
  *left = n;
  return stop;
}

Stop DecodeRunPlain(const char* data, uint64_t safe_bits, uint32_t* left, DecodeState* state,
                    Output* output) {
  return DecodeRunOn(data, safe_bits, left, state, output);
}

// Half of the work is shifts by amounts that vary, which this instruction set has made cheap.
#ifdef __x86_64__
__attribute__((target("bmi,bmi2"))) Stop DecodeRunBmi(const char* data, uint64_t safe_bits,
                                                      uint32_t* left, DecodeState* state,
                                                      Output* output) {
  return DecodeRunOn(data, safe_bits, left, state, output);
}
bool HasBmi() { return __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2"); }
#else
constexpr auto DecodeRunBmi = DecodeRunPlain;
bool HasBmi() { return false; }
#endif

Stop DecodeRun(const char* data, uint64_t safe_bits, uint32_t* left, DecodeState* state,
               Output* output) {
  static const auto run = HasBmi() ? &DecodeRunBmi : &DecodeRunPlain;
  return run(data, safe_bits, left, state, output);
}

// A sample plus the load that reads its last bits fits into this many bytes.
constexpr size_t kTailBytes = 32;

// Decodes all samples but the first. `*used_bits` is where the last one ended.
Stop DecodeRest(std::string_view bytes, uint32_t left, DecodeState* s, Output* out,
                uint64_t* used_bits) {
  Stop stop = Stop::kBytes;
  if (bytes.size() >= kTailBytes) {
    stop = DecodeRun(bytes.data(), (bytes.size() - kTailBytes) * 8, &left, s, out);
  }
  if (stop != Stop::kBytes) {
    *used_bits = s->position;
    return stop;
  }
  // The tail is copied in front of zeros, so the same code reads it; what it consumes is checked
  // afterwards.
  char tail[3 * kTailBytes] = {};
  const size_t start = s->position / 8;
  const size_t length = bytes.size() - start;
  std::memcpy(tail, bytes.data() + start, length);
  s->position -= start * 8;
  stop = DecodeRun(tail, length * 8, &left, s, out);
  *used_bits = s->position + start * 8;
  return stop;
}

absl::Status Damaged(const ChunkMeta& meta, std::string_view bytes, std::string_view what) {
  return absl::DataLossError(StrCat("XOR chunk of ", bytes.size(), " bytes and ", meta.count,
                                    " samples from ", meta.mint, " to ", meta.maxt, ": ", what));
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

absl::Status DecodeXorChunk(const ChunkMeta& meta, std::string_view bytes, TimeRange range,
                            SampleColumns* append_to) {
  // A sample after the first takes at least two bits, so the size of the bytes bounds the
  // allocation.
  if (meta.count == 0 || bytes.size() < 8 || meta.count - 1 > (bytes.size() - 8) * 4) {
    return Damaged(meta, bytes, "the count does not fit the bytes");
  }
  if (range.empty() || !range.Overlaps(meta.range())) return absl::OkStatus();
  const size_t old_size = append_to->t.size();
  append_to->t.resize(old_size + meta.count);
  append_to->v.resize(old_size + meta.count);
  Output out{append_to->t.data() + old_size, append_to->v.data() + old_size, 0, range};
  DecodeState s;
  s.t = static_cast<uint64_t>(meta.mint);
  s.v = LoadBigEndian(bytes.data());
  s.position = 64;
  out.Put(s);
  uint64_t used_bits = 64;
  const Stop stop = DecodeRest(bytes, meta.count - 1, &s, &out, &used_bits);
  const bool whole = stop == Stop::kCount;
  const bool good = (whole && static_cast<TimeMs>(s.t) == meta.maxt) || stop == Stop::kRange;
  const size_t kept = good && used_bits <= bytes.size() * 8 ? out.n : 0;
  append_to->t.resize(old_size + kept);
  append_to->v.resize(old_size + kept);
  if (used_bits > bytes.size() * 8 || stop == Stop::kBytes) {
    return Damaged(meta, bytes, "the bits end too early");
  }
  if (stop == Stop::kDamage) return Damaged(meta, bytes, "the bits make no sense");
  if (!good) return Damaged(meta, bytes, "the last time is another");
  return absl::OkStatus();
}

}  // namespace hearth
