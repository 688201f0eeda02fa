#include "http/gzip.h"

#include <random>

#include "gtest/gtest.h"

namespace hearth::http {
namespace {

std::string Zip(std::string_view data, int level = 6) {
  std::string out;
  GzipCompress(data, level, &out);
  return out;
}

std::string Exposition(size_t lines) {
  std::string text;
  for (size_t i = 0; i < lines; ++i) {
    text += "node_cpu_seconds_total{cpu=\"" + std::to_string(i) + "\",mode=\"idle\"} 1.5\n";
  }
  return text;
}

TEST(GzipTest, RoundTripsAtEveryLevel) {
  const std::string text = Exposition(2000);
  for (const int level : {1, 6, 12}) {
    std::string out;
    ASSERT_TRUE(GzipDecompress(Zip(text, level), text.size(), &out).ok());
    EXPECT_EQ(out, text);
  }
  std::string out = "old";
  ASSERT_TRUE(GzipDecompress(Zip(""), 0, &out).ok());
  EXPECT_EQ(out, "");
}

TEST(GzipTest, InflatesSeveralMembers) {
  std::string out;
  ASSERT_TRUE(GzipDecompress(Zip(Exposition(500)) + Zip("b") + Zip("c"), 1 << 20, &out).ok());
  EXPECT_EQ(out, Exposition(500) + "bc");
}

TEST(GzipTest, StopsAtTheLimitWhateverTheBodyDeclares) {
  const std::string bomb = Zip(std::string(10 << 20, 'x'));
  std::string out;
  EXPECT_EQ(GzipDecompress(bomb, 1 << 20, &out).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_LE(out.capacity(), size_t{2} << 20);
  std::string liar =
      bomb;  // Says that it is one byte long; the checksum of lengths fails in the end.
  liar.replace(liar.size() - 4, 4, std::string("\1\0\0\0", 4));
  std::string other;
  EXPECT_EQ(GzipDecompress(liar, 1 << 20, &other).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_FALSE(GzipDecompress(liar, 64 << 20, &other).ok());
  std::string giant = Zip("x");  // Says 4 GiB: a few bytes cannot inflate to that.
  giant.replace(giant.size() - 4, 4, "\xff\xff\xff\xff");
  std::string small;
  EXPECT_EQ(GzipDecompress(giant, size_t{1} << 32, &small).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_LE(small.capacity(), size_t{64} << 10);
}

TEST(GzipTest, EveryTruncationFails) {
  const std::string zipped = Zip("hello, hello, hello");
  for (size_t n = 0; n < zipped.size(); ++n) {
    std::string out;
    EXPECT_EQ(GzipDecompress(zipped.substr(0, n), 1 << 20, &out).code(),
              absl::StatusCode::kInvalidArgument)
        << n << " bytes";
  }
}

TEST(GzipTest, FuzzedBodiesInflateWithinTheLimitOrFail) {
  const std::string zipped = Zip(Exposition(50));
  constexpr size_t kLimit = 1 << 16;
  for (uint32_t seed = 0; seed < 5000; ++seed) {
    std::mt19937 random(seed);
    std::string body = zipped;
    for (int edits = 1 + static_cast<int>(random() % 4); edits > 0; --edits) {
      body[random() % body.size()] = static_cast<char>(random());
    }
    if (random() % 4 == 0) body.resize(random() % body.size());
    std::string out;
    const absl::Status status = GzipDecompress(body, kLimit, &out);
    ASSERT_LE(out.size(), kLimit) << "seed " << seed;
    if (status.ok()) {
      ASSERT_EQ(out, Exposition(50)) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace hearth::http
