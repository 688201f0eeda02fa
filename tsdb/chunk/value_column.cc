#include "tsdb/chunk/value_column.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "model/sample.h"
#include "tsdb/chunk/value_layout.h"

namespace hearth {

namespace {

using value_layout::kDecimals;
using value_layout::kExceptions;
using value_layout::kOne;
using value_layout::kOrdered;
using value_layout::kPowersOfTen;
using value_layout::kRunBits;
using value_layout::kRuns;

constexpr double kExactIntegerMax = 9007199254740992.0;  // 2^53
// The scale is given up when as many of the first values have none.
constexpr size_t kHopeless = 8;

int64_t OrderedBits(double v) {
  const auto bits = std::bit_cast<int64_t>(v);
  return bits ^ static_cast<int64_t>(static_cast<uint64_t>(bits >> 63) >> 1);
}

// Whether v == m / 10^scale to the last bit, for the m that comes into question.
bool HasScale(double v, size_t scale, int64_t* m) {
  const double scaled = v * kPowersOfTen[scale];
  if (!(std::abs(scaled) <= kExactIntegerMax)) return false;
  const double rounded = std::nearbyint(scaled);
  *m = static_cast<int64_t>(rounded);
  return SameBits(static_cast<double>(*m) / kPowersOfTen[scale], v);
}

// Values as integers over 10^scale; the exceptions have the integer before them.
struct Decimals {
  size_t scale = 0;
  std::vector<int64_t> m;
  std::vector<uint32_t> exceptions;  // Their indexes.
};

// The smallest scale that all values have which have any; false when too many have none.
bool FindScale(std::span<const double> v, size_t* scale) {
  size_t without = 0;
  for (size_t i = 0; i < v.size(); ++i) {
    int64_t m = 0;
    if (HasScale(v[i], *scale, &m)) continue;
    size_t larger = *scale + 1;
    while (larger < kPowersOfTen.size() && !HasScale(v[i], larger, &m)) ++larger;
    if (larger < kPowersOfTen.size()) {
      *scale = larger;
    } else if (++without >= kHopeless && without > i / 4) {
      return false;
    }
  }
  return without <= v.size() / 4;
}

bool ToDecimals(std::span<const double> v, Decimals* decimals) {
  if (!FindScale(v, &decimals->scale)) return false;
  decimals->m.resize(v.size());
  int64_t before = 0;
  for (size_t i = 0; i < v.size(); ++i) {
    if (!HasScale(v[i], decimals->scale, &decimals->m[i])) {
      decimals->exceptions.push_back(static_cast<uint32_t>(i));
      decimals->m[i] = before;
    }
    before = decimals->m[i];
  }
  // What comes before the first integer repeats that.
  size_t first = 0;
  while (first < decimals->exceptions.size() && decimals->exceptions[first] == first) ++first;
  if (first < v.size()) std::fill_n(decimals->m.begin(), first, decimals->m[first]);
  return decimals->exceptions.size() <= v.size() / 4;
}

void PutRaw(double v, std::string* out) {
  char bytes[8];
  std::memcpy(bytes, &v, 8);
  out->append(bytes, 8);
}

// Returns the content's kind and flags.
uint8_t PutContent(std::span<const double> v, std::string* out) {
  Decimals decimals;
  const bool scaled = ToDecimals(v, &decimals);
  if (scaled) {
    out->push_back(static_cast<char>(decimals.scale));
    if (!decimals.exceptions.empty()) {
      PutVarint(decimals.exceptions.size(), out);
      uint32_t next = 0;
      for (const uint32_t at : decimals.exceptions) {
        PutVarint(at - next, out);
        next = at + 1;
        PutRaw(v[at], out);
      }
    }
    EncodeInts(decimals.m, out);
    return kDecimals | (decimals.exceptions.empty() ? 0 : kExceptions);
  }
  if (v.size() == 1) {
    PutRaw(v[0], out);
    return kOne;
  }
  std::vector<int64_t> bits(v.size());
  std::transform(v.begin(), v.end(), bits.begin(), &OrderedBits);
  EncodeInts(bits, out);
  return kOrdered;
}

// The first values of the runs of equal ones, and the runs' lengths as they are written: as a bit a
// value, or as numbers, whichever is smaller.
struct Runs {
  std::vector<double> values;
  std::string bytes;
  uint8_t flags = kRuns;
};

Runs FindRuns(std::span<const double> v) {
  Runs runs;
  std::string bits((v.size() + 7) / 8, '\0');
  size_t begin = 0;
  for (size_t i = 0; i < v.size(); ++i) {
    if (i > 0 && SameBits(v[i], v[i - 1])) continue;
    if (i > 0) PutVarint(i - begin - 1, &runs.bytes);
    begin = i;
    runs.values.push_back(v[i]);
    bits[i / 8] = static_cast<char>(bits[i / 8] | 1 << i % 8);
  }
  if (bits.size() < runs.bytes.size()) {
    runs.bytes = bits;
    runs.flags |= kRunBits;
  }
  return runs;
}

}  // namespace

void EncodeValues(std::span<const double> v, std::string* out) {
  const size_t begin = out->size();
  const Runs runs = FindRuns(v);
  const size_t repeats = v.size() - runs.values.size();
  if (repeats == 0 || repeats < v.size() / 16) {
    out->push_back('\0');
    (*out)[begin] = static_cast<char>(PutContent(v, out));
    return;
  }
  out->push_back('\0');
  PutVarint(runs.values.size(), out);
  out->append(runs.bytes);
  const uint8_t content = PutContent(runs.values, out);
  (*out)[begin] = static_cast<char>(content | runs.flags);
  if (repeats > v.size() / 2) return;
  // With few repeats it may be better to keep them.
  std::string whole(1, '\0');
  whole[0] = static_cast<char>(PutContent(v, &whole));
  if (whole.size() >= out->size() - begin) return;
  out->resize(begin);
  out->append(whole);
}

}  // namespace hearth
