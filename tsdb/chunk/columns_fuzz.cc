// The bytes of a column that claims any number of values or times: every kernel says the same of
// them, and what they decode to survives another encoding.
#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>

#include "tools/fuzz/fuzz.h"
#include "tsdb/chunk/time_column.h"
#include "tsdb/chunk/value_column.h"

namespace hearth {
namespace {

// What it is 1, number 2, mint 8, maxt 8; then the column.
constexpr size_t kHeaderBytes = 19;
enum Kind : uint8_t { kValues, kTimes, kRawValues, kKinds };

std::string Input(Kind kind, size_t n, TimeMs mint, TimeMs maxt, const std::string& column) {
  std::string input(kHeaderBytes, '\0');
  input[0] = static_cast<char>(kind);
  const auto number = static_cast<uint16_t>(n);
  std::memcpy(input.data() + 1, &number, 2);
  std::memcpy(input.data() + 3, &mint, 8);
  std::memcpy(input.data() + 11, &maxt, 8);
  return input + column;
}

std::string ValuesInput(const std::vector<double>& v) {
  std::string column;
  EncodeValues(v, &column);
  return Input(kValues, v.size(), 0, 0, column);
}

bool SameValues(const std::vector<double>& a, const std::vector<double>& b) {
  return a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0;
}

void Reencode(const std::vector<double>& v) {
  std::string bytes;
  EncodeValues(v, &bytes);
  std::vector<double> back(v.size());
  if (!DecodeValues(bytes, back).ok() || !SameValues(v, back)) std::abort();
}

void TryValues(std::string_view bytes, size_t n) {
  std::vector<double> first(n), other(n);
  const bool good = DecodeValues(bytes, first, AllColumnKernels()[0]).ok();
  for (const ColumnKernels& kernels : AllColumnKernels()) {
    if (DecodeValues(bytes, other, kernels).ok() != good) std::abort();
    if (good && !SameValues(first, other)) std::abort();
  }
  if (good) Reencode(first);
}

void TryTimes(std::string_view bytes, size_t n, TimeMs mint, TimeMs maxt) {
  std::vector<TimeMs> first(n), other(n);
  const bool good = DecodeTimes(bytes, mint, maxt, first, AllColumnKernels()[0]).ok();
  for (const ColumnKernels& kernels : AllColumnKernels()) {
    if (DecodeTimes(bytes, mint, maxt, other, kernels).ok() != good) std::abort();
    if (good && first != other) std::abort();
  }
  if (!good) return;
  std::string again;
  EncodeTimes(first, &again);
  if (!DecodeTimes(again, mint, maxt, other).ok() || first != other) std::abort();
}

// The bytes are the values themselves.
void TryRawValues(std::string_view bytes) {
  std::vector<double> v(std::min(bytes.size() / 8, kColumnSamplesMax));
  if (v.empty()) return;
  std::memcpy(v.data(), bytes.data(), v.size() * 8);
  Reencode(v);
}

void TryInput(const uint8_t* data, size_t size) {
  uint16_t n = 0;
  TimeMs mint = 0, maxt = 0;
  std::memcpy(&n, data + 1, 2);
  std::memcpy(&mint, data + 3, 8);
  std::memcpy(&maxt, data + 11, 8);
  const std::string_view bytes(reinterpret_cast<const char*>(data) + kHeaderBytes,
                               size - kHeaderBytes);
  switch (data[0] % kKinds) {
    case kValues:
      return TryValues(bytes, n);
    case kTimes:
      return TryTimes(bytes, n, mint, maxt);
    default:
      return TryRawValues(bytes);
  }
}

}  // namespace

std::vector<std::string> fuzz::Corpus() {
  std::vector<double> counter, gauge, wild, rare;
  std::vector<TimeMs> jitter;
  for (int i = 0; i < 200; ++i) {
    counter.push_back(1e6 + i * 7 + i % 3);
    gauge.push_back((i * i % 17) / 10.0);
    wild.push_back(1.0 / (i - 50.5));
    rare.push_back(i < 100 ? 0.5 : std::bit_cast<double>(uint64_t{0x7ff0000000000002}));
    jitter.push_back(1'700'000'000'000 + i * 15'000 + i * i % 5);
  }
  std::string times;
  EncodeTimes(jitter, &times);
  const std::string raw(reinterpret_cast<const char*>(wild.data()), 160);
  return {ValuesInput(counter),
          ValuesInput(gauge),
          ValuesInput(wild),
          ValuesInput(rare),
          Input(kTimes, jitter.size(), jitter.front(), jitter.back(), times),
          Input(kRawValues, 0, 0, 0, raw)};
}

}  // namespace hearth

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size >= hearth::kHeaderBytes) hearth::TryInput(data, size);
  return 0;
}
