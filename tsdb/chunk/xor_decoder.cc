// The reader of XOR chunks: DecodeXorChunk.
#include <algorithm>
#include <bit>
#include <cstring>

#include "model/text.h"
#include "tsdb/chunk/xor_chunk.h"
#include "tsdb/chunk/xor_layout.h"

namespace hearth {
namespace {

using xor_layout::DodBucket;
using xor_layout::kDodBuckets;
using xor_layout::kDodRaw;
using xor_layout::kLeadingBits;
using xor_layout::kMeaningfulBits;

__attribute__((always_inline)) inline uint64_t LoadBigEndian(const char* p) {
  uint64_t word;
  std::memcpy(&word, p, sizeof(word));
  return __builtin_bswap64(word);
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

// Runs of idle samples are written so many samples at a time: up to one less may be written too
// much.
constexpr uint32_t kBatch = 4;

// Where decoded samples go: columns with room for all of them and kBatch more.
struct Output {
  TimeMs* t;
  double* v;
  size_t n = 0;
  TimeMs maxt;  // Where decoding may stop; inclusive.

  void Put(const DecodeState& s) {
    t[n] = static_cast<TimeMs>(s.t);
    v[n] = std::bit_cast<double>(s.v);
    ++n;
  }
};

enum class Stop { kCount, kRange, kBytes, kDamage };

// Within these no time of 2^32 samples on schedule overflows.
constexpr uint64_t kSteadyDeltaMax = uint64_t{1} << 28;  // Three days.
constexpr TimeMs kSteadyTimeMax = TimeMs{1} << 61;

// How many samples on schedule, at most `n`, come before one that is beyond `maxt`. 0 also when
// their times would have to be checked one by one.
inline uint32_t SteadySamples(const DecodeState& s, TimeMs maxt, uint32_t n) {
  const auto t = static_cast<TimeMs>(s.t);
  if (s.delta - 1 >= kSteadyDeltaMax || t < -kSteadyTimeMax || t > kSteadyTimeMax) return 0;
  const TimeMs last = std::min(maxt, kSteadyTimeMax);
  if (static_cast<TimeMs>(s.t + n * s.delta) <= last) return n;
  return static_cast<uint32_t>((static_cast<uint64_t>(last) - s.t) / s.delta);
}

// Decodes at most `n` samples that are on schedule and whose values need the window of the one
// before: most of those that are neither idle nor jittered. The rest of the decoder could do it,
// but not with everything in registers.
__attribute__((always_inline)) inline uint32_t DecodeInWindow(const char* data, uint64_t safe_bits,
                                                              uint32_t n, DecodeState* state,
                                                              Output* out) {
  constexpr unsigned kHeaderBits = 3;
  constexpr uint64_t kHeader = 0b010;
  const unsigned meaningful = state->meaningful;
  if (meaningful == 0 || meaningful + kHeaderBits > 57) return 0;
  const unsigned keep = 64 - meaningful, place = keep - state->leading;
  const uint64_t delta = state->delta;
  uint64_t position = state->position, t = state->t, v = state->v;
  TimeMs* to_t = out->t + out->n;
  double* to_v = out->v + out->n;
  const TimeMs* const end = to_t + n;
  while (to_t != end && position <= safe_bits) {
    const uint64_t word = Peek(data, position);
    if (word >> (64 - kHeaderBits) != kHeader) break;
    v ^= word << kHeaderBits >> keep << place;
    position += kHeaderBits + meaningful;
    t += delta;
    *to_t++ = static_cast<TimeMs>(t);
    *to_v++ = std::bit_cast<double>(v);
  }
  const uint32_t done = n - static_cast<uint32_t>(end - to_t);
  state->position = position;
  state->t = t;
  state->v = v;
  out->n += done;
  return done;
}

// Decodes at most `n` samples that are on schedule and repeat the value: two zero bits each.
__attribute__((always_inline)) inline uint32_t DecodeIdle(const char* data, uint32_t n,
                                                          DecodeState* s, Output* out) {
  // Of the word, 57 bits are there: 28 samples.
  const uint64_t word = Peek(data, s->position) | uint64_t{1} << 7;
  const uint32_t run = std::min(static_cast<uint32_t>(std::countl_zero(word)) / 2, n);
  const uint64_t t = s->t, delta = s->delta;
  const double value = std::bit_cast<double>(s->v);
  TimeMs* const to_t = out->t + out->n;
  double* const to_v = out->v + out->n;
  for (uint32_t i = 0; i < run; i += kBatch) {
    for (uint32_t k = i; k < i + kBatch; ++k) {
      to_t[k] = static_cast<TimeMs>(t + (k + 1) * delta);
      to_v[k] = value;
    }
  }
  s->t += run * delta;
  s->position += 2 * run;
  out->n += run;
  return run;
}

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
  uint32_t steady = SteadySamples(s, out.maxt, n);
  while (n > 0) {
    if (s.position > safe_bits) {
      stop = Stop::kBytes;
      break;
    }
    if (steady > 0) {
      const uint64_t word = Peek(data, s.position);
      uint32_t done = 0;
      if (word >> 62 == 0) {
        done = DecodeIdle(data, steady, &s, &out);
      } else if (word >> 61 == 0b010) {
        done = DecodeInWindow(data, safe_bits, steady, &s, &out);
      }
      n -= done;
      steady -= done;
      if (done > 0) continue;
    }
    const uint64_t before = s.t, delta = s.delta;
    if (!DecodeOne(data, &s) || static_cast<TimeMs>(s.t) <= static_cast<TimeMs>(before)) {
      stop = Stop::kDamage;
      break;
    }
    if (static_cast<TimeMs>(s.t) > out.maxt) {
      stop = Stop::kRange;
      break;
    }
    out.Put(s);
    --n;
    steady = s.delta == delta && steady > 0 ? steady - 1 : SteadySamples(s, out.maxt, n);
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
__attribute__((target("bmi,bmi2,lzcnt"))) Stop DecodeRunBmi(const char* data, uint64_t safe_bits,
                                                            uint32_t* left, DecodeState* state,
                                                            Output* output) {
  return DecodeRunOn(data, safe_bits, left, state, output);
}
bool HasBmi() {
  return __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
         __builtin_cpu_supports("lzcnt");
}
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

// Drops the samples before `mint` among those from `first` on.
void DropBefore(TimeMs mint, size_t first, SampleColumns* columns) {
  const auto begin = columns->t.begin() + static_cast<std::ptrdiff_t>(first);
  const std::ptrdiff_t n = std::lower_bound(begin, columns->t.end(), mint) - begin;
  columns->t.erase(begin, begin + n);
  const auto values = columns->v.begin() + static_cast<std::ptrdiff_t>(first);
  columns->v.erase(values, values + n);
}

absl::Status Damaged(const ChunkMeta& meta, std::string_view bytes, std::string_view what) {
  return absl::DataLossError(StrCat("XOR chunk of ", bytes.size(), " bytes and ", meta.count,
                                    " samples from ", meta.mint, " to ", meta.maxt, ": ", what));
}

}  // namespace

absl::Status DecodeXorChunk(const ChunkMeta& meta, std::string_view bytes, TimeRange range,
                            SampleColumns* append_to) {
  // A sample after the first takes at least two bits, so the size of the bytes bounds the
  // allocation.
  if (meta.count == 0 || bytes.size() < 8 || meta.count - 1 > (bytes.size() - 8) * 4) {
    return Damaged(meta, bytes, "the count does not fit the bytes");
  }
  if (range.empty() || !range.Overlaps(meta.range())) return absl::OkStatus();
  const size_t old_size = append_to->t.size();
  append_to->t.resize(old_size + meta.count + kBatch);
  append_to->v.resize(old_size + meta.count + kBatch);
  Output out{append_to->t.data() + old_size, append_to->v.data() + old_size, 0, range.maxt};
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
  if (kept > 0 && meta.mint < range.mint) DropBefore(range.mint, old_size, append_to);
  if (used_bits > bytes.size() * 8 || stop == Stop::kBytes) {
    return Damaged(meta, bytes, "the bits end too early");
  }
  if (stop == Stop::kDamage) return Damaged(meta, bytes, "the bits make no sense");
  if (!good) return Damaged(meta, bytes, "the last time is another");
  return absl::OkStatus();
}

}  // namespace hearth
