// api/grpc/query_message.h
//
// Engine results as messages of proto/hearth/v1/query.proto, and statuses as gRPC's.
//
// Thread safety: pure functions.
#ifndef HEARTH_API_GRPC_QUERY_MESSAGE_H_
#define HEARTH_API_GRPC_QUERY_MESSAGE_H_

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "proto/hearth/v1/query.pb.h"
#include "query/engine.h"

namespace hearth {

void ToMessage(const promql::QueryResult& result, hearth::v1::QueryResponse* response);

// The codes of absl and of gRPC are the same numbers.
::grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace hearth

#endif  // HEARTH_API_GRPC_QUERY_MESSAGE_H_
