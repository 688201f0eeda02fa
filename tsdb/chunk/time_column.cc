#include "tsdb/chunk/time_column.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

#include "model/text.h"

namespace hearth {

namespace {

// Wraps, for damaged bytes may say anything.
TimeMs Plus(TimeMs a, uint64_t b) { return static_cast<TimeMs>(static_cast<uint64_t>(a) + b); }
uint64_t Distance(TimeMs from, TimeMs to) {
  return static_cast<uint64_t>(to) - static_cast<uint64_t>(from);
}

// The middle one of the distances between neighbours.
uint64_t UsualStep(std::span<const TimeMs> t) {
  std::vector<uint64_t> steps(t.size() - 1);
  for (size_t i = 1; i < t.size(); ++i) steps[i - 1] = Distance(t[i - 1], t[i]);
  const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
  std::nth_element(steps.begin(), middle, steps.end());
  return *middle;
}

}  // namespace

bool OnSchedule(std::span<const TimeMs> t) {
  for (size_t i = 2; i < t.size(); ++i) {
    if (Distance(t[i - 1], t[i]) != Distance(t[0], t[1])) return false;
  }
  return true;
}

bool FillSchedule(TimeMs mint, TimeMs maxt, std::span<TimeMs> t) {
  if (t.size() == 1) {
    t[0] = mint;
    return mint == maxt;
  }
  if (t.empty() || mint >= maxt) return false;
  const uint64_t span = Distance(mint, maxt);
  const uint64_t step = span / (t.size() - 1);
  if (step == 0 || step * (t.size() - 1) != span) return false;
  for (size_t i = 0; i < t.size(); ++i) t[i] = Plus(mint, i * step);
  return true;
}

void EncodeTimes(std::span<const TimeMs> t, std::string* out) {
  // Distances from a schedule; without one (step 0), from the first time.
  std::string packed[2];
  std::vector<int64_t> x(t.size());
  const uint64_t steps[2] = {UsualStep(t), 0};
  for (int i = 0; i < 2; ++i) {
    for (size_t k = 0; k < t.size(); ++k) {
      x[k] = static_cast<int64_t>(Distance(t[0], t[k]) - k * steps[i]);
    }
    PutVarint(steps[i], &packed[i]);
    EncodeInts(x, &packed[i]);
  }
  out->append(packed[packed[1].size() < packed[0].size() ? 1 : 0]);
}

absl::Status DecodeTimes(std::string_view bytes, TimeMs mint, TimeMs maxt, std::span<TimeMs> t,
                         const ColumnKernels& kernels) {
  const auto damaged = [&](std::string_view what) {
    return absl::DataLossError(StrCat("column of ", t.size(), " times from ", mint, " to ", maxt,
                                      " in ", bytes.size(), " bytes: ", what));
  };
  if (t.size() < 2 || t.size() > kColumnSamplesMax) return damaged("impossible number");
  VarintReader reader(bytes);
  const uint64_t step = reader.Varint();
  if (!DecodeInts(&reader, t.size(), t.data(), kernels) || !reader.ok() || !reader.rest().empty()) {
    return damaged("malformed");
  }
  for (size_t i = 0; i < t.size(); ++i) {
    t[i] = Plus(Plus(mint, i * step), static_cast<uint64_t>(t[i]));
  }
  const bool ascending = std::adjacent_find(t.begin(), t.end(), std::greater_equal<>()) == t.end();
  if (!ascending || t.front() != mint || t.back() != maxt) return damaged("impossible times");
  return absl::OkStatus();
}

}  // namespace hearth
