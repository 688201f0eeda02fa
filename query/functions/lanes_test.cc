// Every width against the serial definition, bit for bit, on random columns with NaN, infinities,
// zeros of both signs, huge and tiny values, and on windows that are regular, ragged or empty.
#include "query/functions/lanes.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "model/sample.h"
#include "query/functions/kahan.h"

namespace hearth::promql {
namespace {

// Of the widest registers.
constexpr size_t kLanesMax = 8;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

class Source {
 public:
  explicit Source(uint64_t seed) : random_(seed) {}

  size_t Pick(size_t n) { return random_() % n; }
  double Unit() { return static_cast<double>(random_() >> 11) * 0x1p-53; }
  // Finite, of any size, when `wild` is false.
  double Value(bool wild) {
    if (wild && Pick(20) == 0) {
      const double odd[] = {NAN, StaleNaN(), kInfinity, -kInfinity, 1.7e308, -1.7e308};
      return odd[Pick(std::size(odd))];
    }
    const double plain[] = {
        0.0,    -0.0,  Unit() * 100 - 50, std::floor(Unit() * 100), Unit() * 1e15, -Unit() * 1e-9,
        5e-324, Unit()};
    return plain[Pick(std::size(plain))];
  }
  std::vector<double> Column(size_t n, bool wild) {
    std::vector<double> column(n);
    for (double& v : column) v = Value(wild);
    return column;
  }

 private:
  std::mt19937_64 random_;
};

struct Case {
  std::vector<double> v;
  std::vector<uint32_t> begin, end;

  ValueWindows windows() const {
    return {v.data(), v.size(), begin.data(), end.data(), begin.size()};
  }
  std::span<const double> window(size_t i) const {
    return std::span(v).subspan(begin[i], end[i] - begin[i]);
  }
};

Case RandomCase(Source* source, bool wild) {
  Case c;
  c.v = source->Column(1 + source->Pick(300), wild);
  const size_t steps = source->Pick(70);
  const size_t n = c.v.size(), stride = source->Pick(4), length = source->Pick(60);
  const bool ragged = source->Pick(2) == 0;
  size_t end = source->Pick(n + 1);
  for (size_t i = 0; i < steps; ++i) {
    c.end.push_back(static_cast<uint32_t>(end));
    c.begin.push_back(static_cast<uint32_t>(end < length ? 0 : end - length));
    if (i > 0) c.begin.back() = std::max(c.begin.back(), c.begin[i - 1]);
    end = std::min(n, end + (ragged ? source->Pick(5) : stride));
  }
  return c;
}

::testing::AssertionResult Same(double got, double expected) {
  if (SameBits(got, expected) || (std::isnan(got) && std::isnan(expected))) {
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure() << got << " instead of " << expected;
}

// Runs `test(lanes, source, wild)` for each width and many seeds.
template <typename Test>
void ForEachWidth(Test test) {
  for (const LaneKernels& lanes : AllLanes()) {
    for (uint64_t seed = 1; seed <= 200; ++seed) {
      SCOPED_TRACE(std::string(lanes.name) + " seed " + std::to_string(seed));
      Source source(seed);
      test(lanes, &source, seed % 2 == 0);
      if (testing::Test::HasFailure()) return;
    }
  }
}

TEST(LanesTest, SumsAreThoseOfSerialAdditionWhereFinite) {
  ForEachWidth([](const LaneKernels& lanes, Source* source, bool wild) {
    const Case c = RandomCase(source, wild);
    std::vector<double> sum(c.begin.size()), compensation(c.begin.size()),
        buffer(LaneBufferSize(c.v.size()));
    lanes.sums(c.windows(), buffer.data(), sum.data(), compensation.data());
    for (size_t i = 0; i < sum.size(); ++i) {
      double s = 0, k = 0;
      for (double x : c.window(i)) KahanAdd(x, &s, &k);
      const bool overflowed = !std::isfinite(s);
      EXPECT_EQ(std::isfinite(sum[i]), !overflowed);
      if (overflowed) continue;
      EXPECT_TRUE(Same(sum[i], s)) << "step " << i;
      EXPECT_TRUE(Same(compensation[i], k)) << "step " << i;
    }
  });
}

TEST(LanesTest, MeansDivideSumAndCompensation) {
  ForEachWidth([](const LaneKernels& lanes, Source* source, bool wild) {
    const size_t n = source->Pick(20);
    const std::vector<double> sum = source->Column(n, wild), c = source->Column(n, false);
    std::vector<double> count(n), out(n);
    for (double& samples : count) samples = static_cast<double>(1 + source->Pick(50));
    lanes.means(sum.data(), c.data(), count.data(), n, out.data());
    for (size_t i = 0; i < n; ++i) {
      EXPECT_TRUE(Same(out[i], sum[i] / count[i] + c[i] / count[i])) << "step " << i;
    }
  });
}

TEST(LanesTest, VariancesAreThoseOfWelfordWhereFinite) {
  ForEachWidth([](const LaneKernels& lanes, Source* source, bool wild) {
    const Case c = RandomCase(source, wild);
    std::vector<double> variances(c.begin.size()), buffer(LaneBufferSize(c.v.size()));
    lanes.variances(c.windows(), buffer.data(), variances.data());
    for (size_t i = 0; i < variances.size(); ++i) {
      if (c.begin[i] == c.end[i] || !std::isfinite(variances[i])) continue;
      double count = 0, mean = 0, c_mean = 0, aux = 0, c_aux = 0;
      for (double x : c.window(i)) {
        ++count;
        const double delta = x - (mean + c_mean);
        KahanAdd(delta / count, &mean, &c_mean);
        KahanAdd(delta * (x - (mean + c_mean)), &aux, &c_aux);
      }
      EXPECT_TRUE(Same(variances[i], (aux + c_aux) / count)) << "step " << i;
    }
    // The kernel may only give up where something is not finite on the way.
    if (wild) return;
    for (size_t i = 0; i < variances.size(); ++i) {
      if (c.begin[i] < c.end[i]) {
        EXPECT_TRUE(std::isfinite(variances[i]));
      }
    }
  });
}

TEST(LanesTest, ExtrapolationIsTheScalarFormula) {
  ForEachWidth([](const LaneKernels& lanes, Source* source, bool wild) {
    const size_t n = source->Pick(50);
    const std::vector<double> change = source->Column(n, wild), first = source->Column(n, wild),
                              sampled = source->Column(n, false), start = source->Column(n, false),
                              end = source->Column(n, false);
    const double range = source->Pick(2) == 0 ? 0 : 300;
    for (const bool counter : {false, true}) {
      std::vector<double> out(n);
      lanes.extrapolate(change.data(), counter ? first.data() : nullptr,
                        {sampled.data(), start.data(), end.data()}, n, range, out.data());
      for (size_t i = 0; i < n; ++i) {
        double to_start = start[i];
        if (counter && change[i] > 0 && first[i] >= 0) {
          const double to_zero = sampled[i] * (first[i] / change[i]);
          if (to_zero < to_start) to_start = to_zero;
        }
        double factor = (sampled[i] + to_start + end[i]) / sampled[i];
        if (range != 0) factor /= range;
        EXPECT_TRUE(Same(out[i], change[i] * factor)) << "step " << i;
      }
    }
  });
}

TEST(LanesTest, TheBetterOfTwoIsTheFirstWhenEqual) {
  ForEachWidth([](const LaneKernels& lanes, Source* source, bool wild) {
    const size_t n = source->Pick(50);
    const std::vector<double> a = source->Column(n, wild), b = source->Column(n, wild);
    std::vector<double> larger(n), smaller(n);
    lanes.larger(a.data(), b.data(), n, larger.data());
    lanes.smaller(a.data(), b.data(), n, smaller.data());
    for (size_t i = 0; i < n; ++i) {
      EXPECT_TRUE(SameBits(larger[i], b[i] > a[i] ? b[i] : a[i])) << "step " << i;
      EXPECT_TRUE(SameBits(smaller[i], b[i] < a[i] ? b[i] : a[i])) << "step " << i;
    }
  });
}

TEST(LanesTest, AFallIsSeenWhereverItIs) {
  ForEachWidth([](const LaneKernels& lanes, Source* source, bool wild) {
    std::vector<double> v(1 + source->Pick(30));
    for (size_t i = 0; i < v.size(); ++i) v[i] = static_cast<double>(i / 2);
    EXPECT_FALSE(lanes.falls(v.data(), v.size()));
    const size_t at = source->Pick(v.size());
    v[at] = wild ? NAN : -1;
    EXPECT_EQ(lanes.falls(v.data(), v.size()), !wild && at > 0);
  });
}

TEST(LanesTest, BitsAreFoundWhereverTheyAre) {
  ForEachWidth([](const LaneKernels& lanes, Source* source, bool wild) {
    std::vector<double> v(source->Pick(30), wild ? NAN : 1.5);
    EXPECT_FALSE(lanes.has(v.data(), v.size(), kStaleNaNBits));
    if (v.empty()) return;
    v[source->Pick(v.size())] = StaleNaN();
    EXPECT_TRUE(lanes.has(v.data(), v.size(), kStaleNaNBits));
  });
}

TEST(LanesTest, FoldedSumsAreCompensated) {
  ForEachWidth([](const LaneKernels& lanes, Source* source, bool wild) {
    const size_t n = source->Pick(20);
    std::vector<double> count(n), sum(n), c(n), expected(n), expected_c(n);
    for (int series = 1; series <= 6; ++series) {
      const std::vector<double> v = source->Column(n, wild);
      lanes.add_to_sums(v.data(), n, count.data(), sum.data(), c.data());
      for (size_t i = 0; i < n; ++i) {
        KahanAdd(v[i], &expected[i], &expected_c[i]);
        EXPECT_EQ(count[i], series);
        EXPECT_TRUE(Same(sum[i], expected[i])) << "step " << i;
        EXPECT_TRUE(Same(c[i], expected_c[i])) << "step " << i;
      }
    }
  });
}

TEST(LanesTest, FoldedMeansStopBeforeWhatIsNotFinite) {
  ForEachWidth([](const LaneKernels& lanes, Source* source, bool wild) {
    const size_t n = source->Pick(20);
    const std::vector<double> v = source->Column(n, wild), start = source->Column(n, false);
    std::vector<double> count(n, 1), sum = start, c(n), is_mean(n);
    if (n > 0 && source->Pick(3) == 0) is_mean[source->Pick(n)] = 1;
    const size_t done =
        lanes.add_to_means(v.data(), n, count.data(), sum.data(), c.data(), is_mean.data());
    ASSERT_LE(done, n);
    for (size_t i = 0; i < n; ++i) {
      double expected = start[i], expected_c = 0;
      if (i < done) KahanAdd(v[i], &expected, &expected_c);
      EXPECT_TRUE(std::isfinite(expected) && (i >= done || is_mean[i] == 0)) << "step " << i;
      EXPECT_EQ(count[i], i < done ? 2 : 1);
      EXPECT_TRUE(Same(sum[i], expected)) << "step " << i;
      EXPECT_TRUE(Same(c[i], expected_c)) << "step " << i;
    }
    const bool clean = std::all_of(v.begin(), v.end(), [](double x) { return std::isfinite(x); }) &&
                       std::count(is_mean.begin(), is_mean.end(), 1) == 0 && !wild;
    if (clean) {
      EXPECT_GT(done + kLanesMax, n) << "only a remainder is left";
    }
  });
}

TEST(LanesTest, MergedSumsAreThoseOfSerialMerging) {
  ForEachWidth([](const LaneKernels& lanes, Source* source, bool wild) {
    const size_t n = source->Pick(40);
    struct State {
      std::vector<double> count, sum, c;
    };
    const auto fold = [&](int series) {
      State s{std::vector<double>(n), std::vector<double>(n), std::vector<double>(n)};
      for (int k = 0; k < series; ++k) {
        for (size_t i = 0; i < n; ++i) {
          if (source->Pick(3) == 0) continue;
          ++s.count[i];
          KahanAdd(source->Value(wild) + 0.0, &s.sum[i], &s.c[i]);
        }
      }
      return s;
    };
    const State from = fold(2), before = fold(2);
    State into = before;
    const size_t done = lanes.merge_sums(from.count.data(), from.sum.data(), from.c.data(), n,
                                         into.count.data(), into.sum.data(), into.c.data());
    ASSERT_LE(done, n);
    for (size_t i = 0; i < n; ++i) {
      State expected = before;
      if (i < done && before.count[i] == 0) {
        expected = from;
      } else if (i < done && from.count[i] != 0) {
        KahanAdd(from.sum[i], &expected.sum[i], &expected.c[i]);
        expected.c[i] += from.c[i];
        expected.count[i] += from.count[i];
      }
      EXPECT_TRUE(i >= done || std::isfinite(into.sum[i]));
      EXPECT_EQ(into.count[i], expected.count[i]) << "step " << i;
      EXPECT_TRUE(Same(into.sum[i], expected.sum[i])) << "step " << i;
      EXPECT_TRUE(Same(into.c[i], expected.c[i])) << "step " << i;
    }
    if (!wild) {
      EXPECT_GT(done + kLanesMax, n) << "only a remainder is left";
    }
  });
}

TEST(LanesTest, MergedExtremesAreThoseOfAllValues) {
  ForEachWidth([](const LaneKernels& lanes, Source* source, bool wild) {
    const size_t n = source->Pick(40);
    std::vector<double> count(n), from_count(n);
    const std::vector<double> value = source->Column(n, wild), from = source->Column(n, wild);
    for (size_t i = 0; i < n; ++i) {
      count[i] = static_cast<double>(source->Pick(3));
      from_count[i] = static_cast<double>(source->Pick(3));
    }
    const std::vector<double> before = count;
    std::vector<double> count2 = count, smallest = value, largest = value;
    lanes.merge_maxima(from_count.data(), from.data(), n, count.data(), largest.data());
    lanes.merge_minima(from_count.data(), from.data(), n, count2.data(), smallest.data());
    for (size_t i = 0; i < n; ++i) {
      double most = value[i], least = value[i];
      const bool empty = before[i] == 0;
      if (from_count[i] != 0 && (empty || from[i] > most || std::isnan(most))) most = from[i];
      if (from_count[i] != 0 && (empty || from[i] < least || std::isnan(least))) least = from[i];
      EXPECT_EQ(count[i], before[i] + from_count[i]);
      EXPECT_EQ(count2[i], count[i]);
      EXPECT_TRUE(SameBits(largest[i], most)) << "step " << i;
      EXPECT_TRUE(SameBits(smallest[i], least)) << "step " << i;
    }
  });
}

TEST(LanesTest, SumsOfWindowsThatBeginWithTheSeriesAreThoseOfSerialAddition) {
  ForEachWidth([](const LaneKernels& lanes, Source* source, bool wild) {
    Case c;
    c.v = source->Column(1 + source->Pick(400), wild);
    const size_t stride = 1 + source->Pick(kLaneStrideMax + 2), length = 1 + source->Pick(200);
    for (size_t end = source->Pick(3); end <= c.v.size(); end += stride) {
      c.begin.push_back(static_cast<uint32_t>(end < length ? 0 : end - length));
      c.end.push_back(static_cast<uint32_t>(end));
    }
    std::vector<double> sum(c.begin.size()), compensation(c.begin.size()),
        buffer(LaneBufferSize(c.v.size()));
    lanes.sums(c.windows(), buffer.data(), sum.data(), compensation.data());
    for (size_t i = 0; i < sum.size(); ++i) {
      double s = 0, k = 0;
      for (double x : c.window(i)) KahanAdd(x, &s, &k);
      EXPECT_EQ(std::isfinite(sum[i]), std::isfinite(s));
      if (!std::isfinite(s)) continue;
      EXPECT_TRUE(SameBits(sum[i], s)) << "step " << i;
      EXPECT_TRUE(SameBits(compensation[i], k)) << "step " << i;
    }
  });
}

TEST(LanesTest, FoldedExtremesSkipNaN) {
  ForEachWidth([](const LaneKernels& lanes, Source* source, bool wild) {
    const size_t n = source->Pick(20);
    std::vector<double> count(n), largest(n), count2(n), smallest(n), expected(n), expected2(n);
    for (int series = 1; series <= 6; ++series) {
      const std::vector<double> v = source->Column(n, wild);
      lanes.add_to_maxima(v.data(), n, count.data(), largest.data());
      lanes.add_to_minima(v.data(), n, count2.data(), smallest.data());
      for (size_t i = 0; i < n; ++i) {
        if (series == 1 || v[i] > expected[i] || std::isnan(expected[i])) expected[i] = v[i];
        if (series == 1 || v[i] < expected2[i] || std::isnan(expected2[i])) expected2[i] = v[i];
        EXPECT_EQ(count[i], series);
        EXPECT_EQ(count2[i], series);
        EXPECT_TRUE(SameBits(largest[i], expected[i])) << "step " << i;
        EXPECT_TRUE(SameBits(smallest[i], expected2[i])) << "step " << i;
      }
    }
  });
}

}  // namespace
}  // namespace hearth::promql
