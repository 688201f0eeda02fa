#include "api/grpc/grpc_server.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/fake_clock.h"
#include "proto/hearth/v1/query.grpc.pb.h"
#include "tsdb/fake_storage.h"

namespace hearth {
namespace {

using ::testing::HasSubstr;

constexpr TimeMs kNow = 1'000'000;

class GrpcServerTest : public testing::Test {
 protected:
  GrpcServerTest() { Start(&remote_write_); }

  void Start(RemoteWrite* remote_write) {
    server_ = *GrpcServer::Start("127.0.0.1:0", &engine_, remote_write, &clock_);
    channel_ = ::grpc::CreateChannel("127.0.0.1:" + std::to_string(server_->port()),
                                     ::grpc::InsecureChannelCredentials());
    query_ = v1::QueryService::NewStub(channel_);
    write_ = v1::WriteService::NewStub(channel_);
  }

  ::grpc::Status Write(const prometheus::WriteRequest& request, v1::WriteResponse* response) {
    ::grpc::ClientContext context;
    return write_->Write(&context, request, response);
  }
  ::grpc::Status Instant(const std::string& query, v1::QueryResponse* response) {
    ::grpc::ClientContext context;
    v1::InstantQueryRequest request;
    request.set_query(query);
    return query_->InstantQuery(&context, request, response);
  }

  static prometheus::WriteRequest Up(TimeMs t, double v) {
    prometheus::WriteRequest request;
    prometheus::TimeSeries* const series = request.add_timeseries();
    for (const auto& [name, value] : {std::pair("__name__", "up"), std::pair("job", "a")}) {
      prometheus::Label* const label = series->add_labels();
      label->set_name(name);
      label->set_value(value);
    }
    prometheus::Sample* const sample = series->add_samples();
    sample->set_timestamp(t);
    sample->set_value(v);
    return request;
  }

  FakeStorage storage_;
  FakeClock clock_{kNow};
  metrics::Registry registry_;
  RemoteWrite remote_write_{&storage_, &registry_};
  promql::Engine engine_{&storage_, &clock_, {}};
  std::unique_ptr<GrpcServer> server_;
  std::shared_ptr<::grpc::Channel> channel_;
  std::unique_ptr<v1::QueryService::Stub> query_;
  std::unique_ptr<v1::WriteService::Stub> write_;
};

TEST_F(GrpcServerTest, WritesAndReadsBack) {
  v1::WriteResponse written;
  const ::grpc::Status status = Write(Up(kNow - 1000, 7), &written);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(written.samples_written(), 1);
  v1::QueryResponse response;
  ASSERT_TRUE(Instant("up", &response).ok());
  EXPECT_EQ(response.result_type(), v1::QueryResponse::RESULT_TYPE_VECTOR);
  ASSERT_EQ(response.series_size(), 1);
  EXPECT_EQ(response.series(0).labels(1).value(), "a");
  EXPECT_EQ(response.series(0).timestamps_ms(0), kNow);
  EXPECT_EQ(response.series(0).values(0), 7);
}

TEST_F(GrpcServerTest, RangeQueriesAnswerAMatrix) {
  storage_.Put(Labels{{"__name__", "up"}}, 1000, 1.0);
  storage_.Put(Labels{{"__name__", "up"}}, 2000, 2.0);
  ::grpc::ClientContext context;
  v1::RangeQueryRequest request;
  request.set_query("up * 2");
  request.set_start_ms(1000);
  request.set_end_ms(3000);
  request.set_step_ms(1000);
  v1::QueryResponse response;
  const ::grpc::Status status = query_->RangeQuery(&context, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.result_type(), v1::QueryResponse::RESULT_TYPE_MATRIX);
  ASSERT_EQ(response.series_size(), 1);
  EXPECT_THAT(response.series(0).values(), testing::ElementsAre(2, 4, 4));
  EXPECT_THAT(response.series(0).timestamps_ms(), testing::ElementsAre(1000, 2000, 3000));
}

TEST_F(GrpcServerTest, ScalarsAndStringsHaveTheirTypes) {
  v1::QueryResponse response;
  ASSERT_TRUE(Instant("1 + 1", &response).ok());
  EXPECT_EQ(response.result_type(), v1::QueryResponse::RESULT_TYPE_SCALAR);
  EXPECT_EQ(response.scalar(), 2);
  ASSERT_TRUE(Instant("'x'", &response).ok());
  EXPECT_EQ(response.string(), "x");
}

TEST_F(GrpcServerTest, ErrorsKeepTheirCodes) {
  v1::QueryResponse response;
  const ::grpc::Status broken = Instant("sum(", &response);
  EXPECT_EQ(broken.error_code(), ::grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(broken.error_message(), HasSubstr("parse error"));
  v1::RangeQueryRequest request;
  request.set_query("up");
  request.set_end_ms(11'001);
  request.set_step_ms(1);
  ::grpc::ClientContext context;
  const ::grpc::Status fine = query_->RangeQuery(&context, request, &response);
  EXPECT_EQ(fine.error_code(), ::grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(fine.error_message(), HasSubstr("11,000"));
}

TEST_F(GrpcServerTest, RefusedSamplesFailTheWrite) {
  v1::WriteResponse written;
  ASSERT_TRUE(Write(Up(2000, 1), &written).ok());
  const ::grpc::Status status = Write(Up(1000, 1), &written);
  EXPECT_EQ(status.error_code(), ::grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(),
              HasSubstr("out of order sample: series up{job=\"a\"} at 1000 ms"));
}

TEST_F(GrpcServerTest, MalformedWritesAreRefused) {
  ::grpc::GenericStub generic(channel_);
  ::grpc::CompletionQueue queue;
  ::grpc::ClientContext context;
  const ::grpc::Slice rubbish("\x0a\x7f rubbish");
  const auto call = generic.PrepareUnaryCall(&context, "/hearth.v1.WriteService/Write",
                                             ::grpc::ByteBuffer(&rubbish, 1), &queue);
  call->StartCall();
  ::grpc::ByteBuffer response;
  ::grpc::Status status;
  call->Finish(&response, &status, nullptr);
  void* tag;
  bool ok;
  ASSERT_TRUE(queue.Next(&tag, &ok));
  EXPECT_EQ(status.error_code(), ::grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("malformed field"));
}

TEST_F(GrpcServerTest, WritesNeedTheReceiver) {
  Start(nullptr);
  v1::WriteResponse written;
  EXPECT_EQ(Write(Up(1000, 1), &written).error_code(), ::grpc::StatusCode::FAILED_PRECONDITION);
}

TEST_F(GrpcServerTest, ATakenPortIsAnError) {
  const std::string address = "127.0.0.1:" + std::to_string(server_->port());
  const auto second = GrpcServer::Start(address, &engine_, nullptr, &clock_);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(GrpcServerTest, HealthAndReflectionAreServed) {
  for (const char* method : {"/grpc.health.v1.Health/Check",
                             "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"}) {
    ::grpc::GenericStub generic(channel_);
    ::grpc::CompletionQueue queue;
    ::grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    const ::grpc::Slice empty("");
    const auto call =
        generic.PrepareUnaryCall(&context, method, ::grpc::ByteBuffer(&empty, 1), &queue);
    call->StartCall();
    ::grpc::ByteBuffer response;
    ::grpc::Status status;
    call->Finish(&response, &status, nullptr);
    void* tag;
    bool ok;
    ASSERT_TRUE(queue.Next(&tag, &ok));
    EXPECT_TRUE(status.ok()) << method << ": " << status.error_message();
  }
}

}  // namespace
}  // namespace hearth
