#include "tsdb/head/matched_values.h"

#include <gtest/gtest.h>

namespace hearth {
namespace {

Fingerprint Key(int i) { return FingerprintOf(std::string(1, static_cast<char>(i))); }

TEST(MatchedValuesTest, FindsWhatWasKeptLast) {
  MatchedValues values(10'000);
  EXPECT_EQ(values.Find(Key(1)), nullptr);
  values.Keep(Key(1), {.version = 1, .pairs = {1, 2}});
  values.Keep(Key(1), {.version = 2, .pairs = {3}});
  ASSERT_NE(values.Find(Key(1)), nullptr);
  EXPECT_EQ(values.Find(Key(1))->version, 2u);
  EXPECT_EQ(values.Find(Key(1))->pairs, std::vector<uint32_t>{3});
}

TEST(MatchedValuesTest, StaysWithinItsBound) {
  MatchedValues values(10'000);
  for (int i = 1; i <= 10; ++i) values.Keep(Key(i), {.postings = Postings(500)});
  EXPECT_LE(values.bytes(), 10'000u);
  EXPECT_NE(values.Find(Key(10)), nullptr);
  EXPECT_EQ(values.Find(Key(1)), nullptr);
  values.Keep(Key(11), {.postings = Postings(2'000)});
  EXPECT_EQ(values.Find(Key(11)), nullptr) << "more than half";
  EXPECT_NE(values.Find(Key(10)), nullptr);
  values.SetMax(0);
  EXPECT_EQ(values.bytes(), 0u);
  EXPECT_EQ(values.Find(Key(10)), nullptr);
}

}  // namespace
}  // namespace hearth
