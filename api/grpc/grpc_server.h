// api/grpc/grpc_server.h
//
// hearth.v1 (proto/hearth/v1/query.proto) over gRPC, with reflection and the standard health
// service. Queries go to the engine itself, writes to the remote write receiver itself: their bytes
// are walked where gRPC left them, no message object is made.
//
// A call's deadline becomes the query's timeout, and a call that its client cancels, or whose
// connection goes, ends its query.
//
// Thread safety: all methods may be called from any thread.
#ifndef HEARTH_API_GRPC_GRPC_SERVER_H_
#define HEARTH_API_GRPC_GRPC_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "api/receive/remote_write.h"
#include "model/clock.h"
#include "query/engine.h"

namespace hearth {

class GrpcServer {
 public:
  // `address`: "host:port", port 0 = any free one. `remote_write` null = writes are switched off
  // (FAILED_PRECONDITION). All pointers are borrowed and outlive the server. kUnavailable when the
  // address cannot be had.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Start(const std::string& address,
                                                           const promql::Engine* engine,
                                                           RemoteWrite* remote_write,
                                                           const Clock* clock);
  // Stop(0) unless stopped.
  ~GrpcServer();

  // Accepts no more and lets calls finish until `deadline_ms` (a length of time) has passed; then
  // they are cancelled.
  void Stop(TimeMs deadline_ms);
  int port() const;

 private:
  class Impl;
  explicit GrpcServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth

#endif  // HEARTH_API_GRPC_GRPC_SERVER_H_
