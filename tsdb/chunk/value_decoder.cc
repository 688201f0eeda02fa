#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include "model/text.h"
#include "tsdb/chunk/value_column.h"
#include "tsdb/chunk/value_layout.h"

namespace hearth {

namespace {

using value_layout::kContentMask;
using value_layout::kDecimals;
using value_layout::kExceptions;
using value_layout::kKnownBits;
using value_layout::kOne;
using value_layout::kOrdered;
using value_layout::kPowersOfTen;
using value_layout::kRunBits;
using value_layout::kRuns;

double RawValue(std::string_view bytes) {
  double v = 0;
  std::memcpy(&v, bytes.data(), 8);
  return v;
}

// Moves the values of `runs` to where their runs lie and fills these, from the last one backwards:
// runs[i] never lies behind its run. `begins`: of the runs, ascending, the first 0.
void Spread(std::span<const uint16_t> begins, std::span<double> out) {
  size_t end = out.size();
  for (size_t run = begins.size(); run-- > 0;) {
    const double value = out[run];
    for (size_t i = begins[run]; i < end; ++i) out[i] = value;
    end = begins[run];
  }
}

// The decoder of one column. Its room is of a fixed size, which kColumnSamplesMax bounds.
class Decoder {
 public:
  Decoder(std::string_view bytes, const ColumnKernels& kernels)
      : reader_(bytes), kernels_(kernels) {}

  bool Decode(std::span<double> out) {
    const uint8_t kind = reader_.Byte();
    if (!reader_.ok() || (kind & ~kKnownBits) != 0) return false;
    if ((kind & kRuns) == 0) return (kind & kRunBits) == 0 && Content(kind, out) && AtEnd();
    const uint64_t runs = reader_.Varint();
    if (runs == 0 || runs > out.size()) return false;
    const bool sound =
        (kind & kRunBits) != 0 ? RunsFromBits(runs, out.size()) : RunsFromLengths(runs, out.size());
    if (!sound || !Content(kind, out.first(runs)) || !AtEnd()) return false;
    Spread(std::span<const uint16_t>(begins_, runs), out);
    return true;
  }

 private:
  bool AtEnd() const { return reader_.ok() && reader_.rest().empty(); }

  bool RunsFromLengths(size_t runs, size_t n) {
    uint64_t begin = 0;
    begins_[0] = 0;
    for (size_t run = 1; run < runs; ++run) {
      const uint64_t more = reader_.Varint();
      if (more >= n) return false;
      begin += more + 1;
      if (begin >= n) return false;
      begins_[run] = static_cast<uint16_t>(begin);
    }
    return reader_.ok();
  }

  bool RunsFromBits(size_t runs, size_t n) {
    const std::string_view bits = reader_.Bytes((n + 7) / 8);
    if (!reader_.ok()) return false;
    size_t run = 0;
    for (size_t at = 0; at < bits.size(); at += 8) {
      uint64_t word = 0;
      std::memcpy(&word, bits.data() + at, std::min<size_t>(8, bits.size() - at));
      for (; word != 0; word &= word - 1) {
        const size_t begin = at * 8 + static_cast<size_t>(std::countr_zero(word));
        if (run == runs || begin >= n) return false;
        begins_[run++] = static_cast<uint16_t>(begin);
      }
    }
    return run == runs && begins_[0] == 0;
  }

  bool Content(uint8_t kind, std::span<double> out) {
    switch (kind & kContentMask) {
      case kDecimals:
        return DecimalContent(kind, out);
      case kOrdered:
        if ((kind & kExceptions) != 0 || !DecodeInts(&reader_, out.size(), numbers_, kernels_)) {
          return false;
        }
        kernels_.from_ordered(numbers_, out.size(), out.data());
        return true;
      case kOne: {
        const std::string_view bytes = reader_.Bytes(8);
        if (!reader_.ok() || out.size() != 1 || (kind & kExceptions) != 0) return false;
        out[0] = RawValue(bytes);
        return true;
      }
      default:
        return false;
    }
  }

  bool DecimalContent(uint8_t kind, std::span<double> out) {
    const uint8_t scale = reader_.Byte();
    if (!reader_.ok() || scale >= kPowersOfTen.size()) return false;
    std::string_view exceptions = reader_.rest();
    if ((kind & kExceptions) != 0 && !ForEachException(&reader_, out.size(), [](size_t, double) {}))
      return false;
    if (!DecodeInts(&reader_, out.size(), numbers_, kernels_)) return false;
    kernels_.divide(numbers_, out.size(), kPowersOfTen[scale], out.data());
    if ((kind & kExceptions) == 0) return true;
    VarintReader again(exceptions);
    return ForEachException(&again, out.size(), [&](size_t i, double v) { out[i] = v; });
  }

  template <typename Fn>
  static bool ForEachException(VarintReader* reader, size_t n, Fn fn) {
    const uint64_t count = reader->Varint();
    uint64_t next = 0;
    for (uint64_t i = 0; i < count; ++i) {
      const uint64_t skipped = reader->Varint();
      const std::string_view bytes = reader->Bytes(8);
      if (!reader->ok() || skipped >= n || next + skipped >= n) return false;
      fn(static_cast<size_t>(next + skipped), RawValue(bytes));
      next += skipped + 1;
    }
    return reader->ok();
  }

  VarintReader reader_;
  const ColumnKernels& kernels_;
  uint16_t begins_[kColumnSamplesMax];
  int64_t numbers_[kColumnSamplesMax];
};

}  // namespace

absl::Status DecodeValues(std::string_view bytes, std::span<double> out,
                          const ColumnKernels& kernels) {
  const bool possible = !out.empty() && out.size() <= kColumnSamplesMax;
  if (possible && Decoder(bytes, kernels).Decode(out)) return absl::OkStatus();
  return absl::DataLossError(
      StrCat("column of ", out.size(), " values in ", bytes.size(), " bytes is malformed"));
}

}  // namespace hearth
