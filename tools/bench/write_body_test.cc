#include "tools/bench/write_body.h"

#include <snappy.h>

#include "gtest/gtest.h"
#include "proto/remote_write.pb.h"

namespace hearth::bench {
namespace {

TEST(WriteBodyTest, IsARemoteWriteRequest) {
  WriteBody body;
  body.Add(Labels({{"__name__", "stale"}}), {1, 1});
  body.Clear();
  const Labels up({{"__name__", "up"}, {"job", std::string(300, 'x')}});
  body.Add(up, {1'700'000'000'123, 0.5});
  body.Add(Labels({{"__name__", "old"}}), {-5, -1});
  EXPECT_EQ(body.samples(), 2);
  EXPECT_EQ(body.newest_ms(), 1'700'000'000'123);
  const std::string compressed = body.Compress();
  std::string message;
  ASSERT_TRUE(snappy::Uncompress(compressed.data(), compressed.size(), &message));
  EXPECT_EQ(message, body.message());
  prometheus::WriteRequest request;
  ASSERT_TRUE(request.ParseFromString(message));
  ASSERT_EQ(request.timeseries_size(), 2);
  EXPECT_EQ(request.timeseries(0).labels(1).value(), std::string(300, 'x'));
  EXPECT_EQ(request.timeseries(0).samples(0).value(), 0.5);
  EXPECT_EQ(request.timeseries(0).samples(0).timestamp(), 1'700'000'000'123);
  EXPECT_EQ(request.timeseries(1).labels(0).value(), "old");
  EXPECT_EQ(request.timeseries(1).samples(0).timestamp(), -5);
}

}  // namespace
}  // namespace hearth::bench
