// A gRPC client made from our .proto gets the same numbers as HTTP.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "blackbox/remote_write_sender.h"
#include "blackbox/server_process.h"
#include "proto/hearth/v1/query.grpc.pb.h"

namespace hearth::blackbox {
namespace {

class GrpcTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string address = "127.0.0.1:" + std::to_string(FreePort());
    server_ = StartHearth(directory_, "", {"--grpc.listen-address=" + address});
    ASSERT_TRUE(server_->WaitUntilOk("/-/ready")) << server_->process().Output();
    channel_ = grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
    query_ = v1::QueryService::NewStub(channel_);
    now_ = std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
               .count();
    std::vector<TimeSeries> series;
    for (int i = 0; i < 5; ++i) {
      TimeSeries one{{{"__name__", "requests_total"}, {"instance", std::to_string(i)}}, {}};
      for (int k = 0; k < 20; ++k)
        one.samples.push_back({now_ - (19 - k) * 15'000, 0.1 * k * (i + 1)});
      series.push_back(std::move(one));
    }
    ASSERT_EQ(SendRemoteWrite(*server_, series).status, 204);
  }
  TempDir directory_;
  std::unique_ptr<ServerProcess> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::QueryService::Stub> query_;
  TimeMs now_ = 0;
};

std::string InstanceOf(const v1::Series& series) {
  for (const auto& label : series.labels()) {
    if (label.name() == "instance") return label.value();
  }
  return "";
}

TEST_F(GrpcTest, InstantQueryEqualsHttp) {
  v1::InstantQueryRequest request;
  request.set_query("rate(requests_total[2m])");
  request.set_time_ms(now_);
  v1::QueryResponse response;
  grpc::ClientContext context;
  const grpc::Status status = query_->InstantQuery(&context, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(response.series_size(), 5);
  for (const v1::Series& series : response.series()) {
    const std::optional<double> http =
        server_->Value("rate(requests_total{instance=\"" + InstanceOf(series) + "\"}[2m])",
                       static_cast<double>(now_) / 1000);
    EXPECT_EQ(series.values(0), http);
  }
}

TEST_F(GrpcTest, RangeQueryEqualsHttp) {
  v1::RangeQueryRequest request;
  request.set_query("sum(requests_total)");
  request.set_start_ms(now_ / 1000 * 1000 - 240'000);
  request.set_end_ms(now_ / 1000 * 1000);
  request.set_step_ms(30'000);
  v1::QueryResponse response;
  grpc::ClientContext context;
  const grpc::Status status = query_->RangeQuery(&context, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(response.series_size(), 1);
  const double end = static_cast<double>(now_ / 1000);
  const nlohmann::json http = server_->QueryRange("sum(requests_total)", end - 240, end, 30);
  const nlohmann::json& values = http["result"][0]["values"];
  ASSERT_EQ(values.size(), static_cast<size_t>(response.series(0).values_size()));
  for (int i = 0; i < response.series(0).values_size(); ++i) {
    EXPECT_EQ(std::strtod(values[static_cast<size_t>(i)][1].get<std::string>().c_str(), nullptr),
              response.series(0).values(i));
  }
}

TEST_F(GrpcTest, ACallThatIsCancelledEndsItsQuery) {
  // Many seconds when it is let.
  v1::InstantQueryRequest request;
  request.set_query("sum(stddev_over_time((requests_total + 1)[4m:1ms])) + " +
                    std::string("sum(quantile_over_time(0.5, (requests_total * 2)[40000s:1ms]))"));
  request.set_time_ms(now_);
  const auto queries = [this] {
    return server_->Get("/metrics").body.find("\nprometheus_engine_queries 1\n") !=
           std::string::npos;
  };
  v1::QueryResponse response;
  grpc::ClientContext context;
  grpc::Status status;
  std::thread call([&] { status = query_->InstantQuery(&context, request, &response); });
  const bool began = WaitFor(seconds(30), queries);
  context.TryCancel();
  call.join();
  const double cpu = server_->process().CpuSeconds();
  EXPECT_TRUE(began);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(WaitFor(seconds(30), [&] { return !queries(); }));
  EXPECT_LT(server_->process().CpuSeconds() - cpu, 2.0);
}

TEST_F(GrpcTest, WritesAndNamesErrors) {
  const std::unique_ptr<v1::WriteService::Stub> writer = v1::WriteService::NewStub(channel_);
  prometheus::WriteRequest write;
  auto* const series = write.add_timeseries();
  auto* const name = series->add_labels();
  name->set_name("__name__");
  name->set_value("written_by_grpc");
  auto* const sample = series->add_samples();
  sample->set_value(42);
  sample->set_timestamp(now_);
  v1::WriteResponse written;
  grpc::ClientContext write_context;
  const grpc::Status status = writer->Write(&write_context, write, &written);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(written.samples_written(), 1);
  EXPECT_EQ(server_->Value("written_by_grpc"), 42.0);

  v1::InstantQueryRequest bad;
  bad.set_query("sum(");
  v1::QueryResponse response;
  grpc::ClientContext context;
  const grpc::Status error = query_->InstantQuery(&context, bad, &response);
  EXPECT_EQ(error.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(error.error_message(), testing::HasSubstr("1:5: parse error: "));
}

}  // namespace
}  // namespace hearth::blackbox
