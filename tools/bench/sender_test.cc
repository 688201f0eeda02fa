#include "tools/bench/sender.h"

#include <snappy.h>

#include <memory>
#include <sstream>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "http/server.h"
#include "proto/remote_write.pb.h"

namespace hearth::bench {
namespace {

// A receiver that answers as scripted (then 204) and keeps what it accepted.
class SenderTest : public testing::Test {
 protected:
  SenderTest() {
    http::ServerOptions options;
    options.listen_addresses = {"127.0.0.1:0"};
    auto server = http::Server::Start(options, [this](const http::Request&) {
      return http::Dispatch{http::Lane::kIngest, 1 << 20,
                            [this](const http::Request& request) { return Answer(request); }};
    });
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  ~SenderTest() override { server_.reset(); }

  http::Response Answer(const http::Request& request) {
    MutexLock lock(&mu_);
    if (!script_.empty()) {
      const int status = script_.back();
      script_.pop_back();
      return http::Response::Text(status, "as scripted");
    }
    EXPECT_EQ(request.headers.Get("Content-Encoding"), "snappy");
    std::string message;
    EXPECT_TRUE(snappy::Uncompress(request.body.data(), request.body.size(), &message));
    prometheus::WriteRequest write;
    EXPECT_TRUE(write.ParseFromString(message));
    accepted_ += write.timeseries_size();
    return http::Response::Text(204, "");
  }

  void Push(std::string url, TimeMs timeout_ms, TurnGate* gate = nullptr) {
    const SeriesModel model({.series = 10});
    const auto source = NewModelSource(&model, 0, 10, {1000, 1000, 3});
    Sender sender(&client_, source.get(), {url, 4, 0, timeout_ms, gate}, &totals_);
    sender.Run();
  }
  std::string Url() const {
    return "http://127.0.0.1:" + std::to_string(server_->port()) + "/api/v1/write";
  }

  Mutex mu_;
  std::vector<int> script_ GUARDED_BY(mu_);
  int accepted_ GUARDED_BY(mu_) = 0;
  std::unique_ptr<http::Server> server_;
  http::IoThread io_;
  http::Client client_{&io_};
  PushTotals totals_;
};

TEST_F(SenderTest, PostsEveryStepInBatches) {
  Push(Url(), 30'000);
  MutexLock lock(&mu_);
  EXPECT_EQ(accepted_, 30);
  EXPECT_EQ(totals_.samples, 30);
  EXPECT_EQ(totals_.requests, 9);
  EXPECT_EQ(totals_.failed, 0);
  EXPECT_EQ(totals_.newest_ms, 3000);
  EXPECT_GT(totals_.body_bytes, 30 * 20);
  EXPECT_EQ(totals_.first_error(), "");
}

TEST_F(SenderTest, TriesAgainWhatMayBeTemporary) {
  {
    MutexLock lock(&mu_);
    script_ = {503, 429, 500};
  }
  Push(Url(), 30'000);
  EXPECT_EQ(totals_.samples, 30);
  EXPECT_EQ(totals_.retries, 3);
  EXPECT_EQ(totals_.failed, 0);
}

TEST_F(SenderTest, ARefusedBatchFailsAlone) {
  {
    MutexLock lock(&mu_);
    script_ = {400};
  }
  Push(Url(), 30'000);
  EXPECT_EQ(totals_.samples, 26);
  EXPECT_EQ(totals_.failed, 4);
  EXPECT_EQ(totals_.retries, 0);
  EXPECT_EQ(totals_.first_error(), "server returned HTTP status 400 Bad Request: as scripted");
}

TEST_F(SenderTest, SendsInTurnsWhatItSendsWithoutThem) {
  std::istringstream in("\n\n\n\n");
  std::ostringstream out;
  TurnGate gate(8, &in, &out);
  Push(Url(), 30'000, &gate);
  EXPECT_EQ(totals_.samples, 30);
  EXPECT_EQ(totals_.requests, 9);
  EXPECT_FALSE(totals_.stop);
  EXPECT_EQ(out.str(),
            "{\"acknowledged\":0}\n{\"acknowledged\":8}\n"
            "{\"acknowledged\":18}\n{\"acknowledged\":24}\n");
}

TEST_F(SenderTest, StopsWhenNobodyGivesTurns) {
  std::istringstream in("\n");
  std::ostringstream out;
  TurnGate gate(8, &in, &out);
  Push(Url(), 30'000, &gate);
  EXPECT_TRUE(totals_.stop);
  EXPECT_EQ(totals_.samples, 8);
  EXPECT_EQ(totals_.first_error(), "standard input ended before the push did");
}

TEST_F(SenderTest, StopsWhenTheServerIsGone) {
  const std::string url = Url();
  server_.reset();
  Push(url, 100);
  EXPECT_TRUE(totals_.stop);
  EXPECT_EQ(totals_.samples, 0);
  EXPECT_EQ(totals_.failed, 4);
  EXPECT_THAT(totals_.first_error(), testing::HasSubstr("connection refused"));
}

}  // namespace
}  // namespace hearth::bench
