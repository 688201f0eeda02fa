#include "tools/bench/page_server.h"

#include <chrono>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "http/client.h"

namespace hearth::bench {
namespace {

class PageServerTest : public testing::Test {
 protected:
  void Start(TimeMs move_ms) {
    auto server = PageServer::Start({"127.0.0.1:0", 2, 100, 1, move_ms});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  http::FetchResult Get(const std::string& path, bool gzip = false) {
    http::FetchRequest request;
    request.url = "http://127.0.0.1:" + std::to_string(server_->port()) + path;
    request.timeout_ms = 30'000;
    request.headers.Add("Accept-Encoding", gzip ? "gzip" : "identity");
    auto result = client_.FetchBlocking(request);
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *std::move(result) : http::FetchResult();
  }

  std::unique_ptr<PageServer> server_;
  http::IoThread io_;
  http::Client client_{&io_};
};

TEST_F(PageServerTest, ServesEachTargetItsOwnPage) {
  Start(3'600'000);
  const http::FetchResult first = Get("/t/0/metrics");
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.headers.Get("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(first.body, testing::StartsWith("# HELP bench_idle_0 "));
  EXPECT_NE(first.body, Get("/t/1/metrics").body);
  EXPECT_EQ(first.body, Get("/t/0/metrics").body);
  EXPECT_EQ(server_->scrapes(), 3);
}

TEST_F(PageServerTest, CompressesOnRequest) {
  Start(3'600'000);
  const http::FetchResult plain = Get("/t/0/metrics");
  const http::FetchResult packed = Get("/t/0/metrics", true);
  EXPECT_EQ(packed.body, plain.body);
  EXPECT_LT(packed.body_wire_bytes, plain.body_wire_bytes / 3);
}

TEST_F(PageServerTest, RefusesOtherPaths) {
  Start(3'600'000);
  for (const char* path : {"/", "/t/2/metrics", "/t/metrics", "/t//metrics", "/t/-1/metrics",
                           "/t/0x/metrics", "/t/4294967296/metrics"}) {
    EXPECT_EQ(Get(path).status, 404) << path;
  }
}

TEST_F(PageServerTest, ValuesMoveWithTheClock) {
  Start(5);
  const std::string first = Get("/t/0/metrics").body;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  bool moved = false;
  while (!moved && std::chrono::steady_clock::now() < deadline) {
    moved = Get("/t/0/metrics").body != first;
  }
  EXPECT_TRUE(moved);
}

TEST_F(PageServerTest, NamesATakenPort) {
  Start(3'600'000);
  const std::string taken = "127.0.0.1:" + std::to_string(server_->port());
  const auto second = PageServer::Start({taken, 1, 10, 1, 1000});
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace hearth::bench
