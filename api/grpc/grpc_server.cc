#include "api/grpc/grpc_server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <utility>
#include <vector>

#include "api/grpc/query_message.h"
#include "model/mutex.h"
#include "model/text.h"
#include "proto/hearth/v1/query.grpc.pb.h"

namespace hearth {
namespace {

constexpr int64_t kStepsMax = 11'000;
constexpr int kMessageBytesMax = 32 << 20;
constexpr int kThreadsMax = 64;  // Calls that wait for the engine hold one each.

// The client's deadline as a timeout from now; nullopt when it set none.
std::optional<TimeMs> DeadlineOf(const ::grpc::ServerContext& context) {
  const auto deadline = context.deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) return std::nullopt;
  const auto left = deadline - std::chrono::system_clock::now();
  return std::max<TimeMs>(1, std::chrono::duration_cast<std::chrono::milliseconds>(left).count());
}

// Whether the client of a call has gone. gRPC's own question takes part in its polling, so one
// thread asks at a time.
class CallWatch {
 public:
  explicit CallWatch(const ::grpc::ServerContext* context) : context_(context) {}
  bool Gone() {
    if (gone_.load(std::memory_order_relaxed)) return true;
    if (!mu_.TryLock()) return false;
    const bool gone = context_->IsCancelled();
    mu_.Unlock();
    if (gone) gone_.store(true, std::memory_order_relaxed);
    return gone;
  }

 private:
  const ::grpc::ServerContext* const context_;
  std::atomic<bool> gone_{false};
  Mutex mu_;
};

// "10.0.0.1" of "ipv4:10.0.0.1:12345".
std::string ClientOf(const ::grpc::ServerContext& context) {
  const std::string peer = context.peer();
  const size_t colon = peer.find(':');
  const size_t begin = colon == std::string::npos ? 0 : colon + 1;
  return peer.substr(begin, std::max(peer.rfind(':'), begin) - begin);
}

class QueryService final : public v1::QueryService::Service {
 public:
  QueryService(const promql::Engine* engine, const Clock* clock) : engine_(engine), clock_(clock) {}

  ::grpc::Status InstantQuery(::grpc::ServerContext* context,
                              const v1::InstantQueryRequest* request,
                              v1::QueryResponse* response) override {
    promql::QueryRequest query;
    query.start_ms = request->time_ms() != 0 ? request->time_ms() : clock_->NowMs();
    query.end_ms = query.start_ms;
    return Execute(*context, *request, std::move(query), response);
  }

  ::grpc::Status RangeQuery(::grpc::ServerContext* context, const v1::RangeQueryRequest* request,
                            v1::QueryResponse* response) override {
    if (request->step_ms() <= 0) return Invalid("step_ms must be positive");
    if (request->end_ms() < request->start_ms()) return Invalid("end_ms is before start_ms");
    // The difference of any two int64 fits in uint64.
    const uint64_t length =
        static_cast<uint64_t>(request->end_ms()) - static_cast<uint64_t>(request->start_ms());
    if (length / static_cast<uint64_t>(request->step_ms()) > static_cast<uint64_t>(kStepsMax)) {
      return Invalid("exceeded maximum resolution of 11,000 points per timeseries");
    }
    promql::QueryRequest query;
    query.start_ms = request->start_ms();
    query.end_ms = request->end_ms();
    query.step_ms = request->step_ms();
    return Execute(*context, *request, std::move(query), response);
  }

 private:
  static ::grpc::Status Invalid(const char* why) {
    return ::grpc::Status(::grpc::StatusCode::INVALID_ARGUMENT, why);
  }

  template <typename Message>
  ::grpc::Status Execute(const ::grpc::ServerContext& context, const Message& message,
                         promql::QueryRequest query, v1::QueryResponse* response) {
    query.query = message.query();
    query.timeout_ms = DeadlineOf(context);
    if (message.timeout_ms() > 0) {
      query.timeout_ms =
          std::min<TimeMs>(message.timeout_ms(), query.timeout_ms.value_or(message.timeout_ms()));
    }
    if (message.lookback_delta_ms() > 0) query.lookback_delta_ms = message.lookback_delta_ms();
    CallWatch watch(&context);
    query.cancelled = [&watch] { return watch.Gone(); };
    query.client = ClientOf(context);
    const absl::StatusOr<promql::QueryResult> result = engine_->Execute(query);
    if (result.ok()) ToMessage(*result, response);
    return ToGrpcStatus(result.status());
  }

  const promql::Engine* const engine_;
  const Clock* const clock_;
};

// The raw form of the method: requests arrive as bytes.
class WriteService final
    : public v1::WriteService::WithRawCallbackMethod_Write<v1::WriteService::Service> {
 public:
  explicit WriteService(RemoteWrite* remote_write) : remote_write_(remote_write) {}

  ::grpc::ServerUnaryReactor* Write(::grpc::CallbackServerContext* context,
                                    const ::grpc::ByteBuffer* request,
                                    ::grpc::ByteBuffer* response) override {
    ::grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(WriteBytes(*request, response));
    return reactor;
  }

 private:
  ::grpc::Status WriteBytes(const ::grpc::ByteBuffer& request, ::grpc::ByteBuffer* response) {
    if (remote_write_ == nullptr) {
      return ::grpc::Status(::grpc::StatusCode::FAILED_PRECONDITION,
                            "remote write receiver needs to be enabled with "
                            "--web.enable-remote-write-receiver");
    }
    ::grpc::Slice slice;
    if (!request.DumpToSingleSlice(&slice).ok()) {
      return ::grpc::Status(::grpc::StatusCode::INTERNAL, "request bytes cannot be read");
    }
    const std::string_view message(reinterpret_cast<const char*>(slice.begin()), slice.size());
    const absl::StatusOr<RemoteWrite::Outcome> outcome = remote_write_->Write(message);
    if (!outcome.ok()) return ToGrpcStatus(outcome.status());
    if (!outcome->refusal.ok()) return ToGrpcStatus(outcome->refusal);
    v1::WriteResponse answer;
    answer.set_samples_written(static_cast<int64_t>(outcome->committed.accepted()));
    const ::grpc::Slice bytes(answer.SerializeAsString());
    *response = ::grpc::ByteBuffer(&bytes, 1);
    return ::grpc::Status::OK;
  }

  RemoteWrite* const remote_write_;
};

// Plugins are process-wide and must be installed before the first builder.
void InstallPlugins() {
  static std::once_flag once;
  std::call_once(once, [] {
    ::grpc::EnableDefaultHealthCheckService(true);
    ::grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  });
}

}  // namespace

class GrpcServer::Impl {
 public:
  Impl(const promql::Engine* engine, RemoteWrite* remote_write, const Clock* clock)
      : query_(engine, clock), write_(remote_write) {}

  absl::Status Listen(const std::string& address) {
    InstallPlugins();
    ::grpc::ServerBuilder builder;
    builder.AddListeningPort(address, ::grpc::InsecureServerCredentials(), &port_);
    // Two servers on one port would share its connections silently.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.SetMaxReceiveMessageSize(kMessageBytesMax);
    builder.SetResourceQuota(::grpc::ResourceQuota("hearth").SetMaxThreads(kThreadsMax));
    builder.SetSyncServerOption(::grpc::ServerBuilder::NUM_CQS, 1);
    builder.RegisterService(&query_);
    builder.RegisterService(&write_);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port_ == 0) {
      return absl::UnavailableError(
          StrCat("listen tcp ", address, ": gRPC cannot bind the address"));
    }
    return absl::OkStatus();
  }

  void Stop(TimeMs deadline_ms) {
    if (server_ == nullptr) return;
    server_->Shutdown(std::chrono::system_clock::now() + std::chrono::milliseconds(deadline_ms));
    server_->Wait();
  }

  int port() const { return port_; }

 private:
  QueryService query_;
  WriteService write_;
  int port_ = 0;
  std::unique_ptr<::grpc::Server> server_;
};

GrpcServer::GrpcServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

GrpcServer::~GrpcServer() { Stop(0); }

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Start(const std::string& address,
                                                              const promql::Engine* engine,
                                                              RemoteWrite* remote_write,
                                                              const Clock* clock) {
  auto impl = std::make_unique<Impl>(engine, remote_write, clock);
  if (const absl::Status status = impl->Listen(address); !status.ok()) return status;
  return std::unique_ptr<GrpcServer>(new GrpcServer(std::move(impl)));
}

void GrpcServer::Stop(TimeMs deadline_ms) { impl_->Stop(deadline_ms); }
int GrpcServer::port() const { return impl_->port(); }

}  // namespace hearth
