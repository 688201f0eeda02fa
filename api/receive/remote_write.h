// api/receive/remote_write.h
//
// The remote write 1.0 receiver: POST /api/v1/write, and the same for a message that came another
// way (gRPC). A known series costs a hash of its label bytes where they lie and a lookup; labels
// are decoded only for series that the storage does not know.
//
// Answers: 204; 400 for broken snappy or protobuf and for refused samples (the others are kept; the
// text names the first refusal and how many there were); 405; 415 for another media type or
// encoding; 429 at the series limit; 503 while storage is stopping, its disk is full, or memory is
// short; 500 otherwise. Without memory for new series the samples of known ones are kept and the
// answer is 503 all the same: every sender tries a 5xx again, whereas Prometheus' drops what a 429
// refuses. What was kept is a duplicate then. Series without a metric name or with invalid labels
// are skipped and counted, as Prometheus does.
//
// Thread safety: all methods may be called from any thread.
#ifndef HEARTH_API_RECEIVE_REMOTE_WRITE_H_
#define HEARTH_API_RECEIVE_REMOTE_WRITE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "http/message.h"
#include "metrics/registry.h"
#include "model/byte_account.h"
#include "tsdb/storage.h"

namespace hearth {

struct RemoteWriteOptions {
  size_t body_bytes_max = size_t{32} << 20;  // Compressed.
  size_t message_bytes_max = size_t{32}
                             << 20;  // As snappy declares it, checked before memory is taken.
  size_t samples_max =
      4'000'000;  // In one message. Bounds what a message of empty samples can make of its bytes.
  ByteAccount* work = nullptr;  // What messages take is charged here. Borrowed; null = nowhere.
};

class RemoteWrite {
 public:
  // `storage` and `registry` are borrowed and outlive this object.
  RemoteWrite(Appendable* storage, metrics::Registry* registry, RemoteWriteOptions options = {});

  http::Response Handle(const http::Request& request);

  struct Outcome {
    CommitResult committed;
    uint64_t invalid_label_samples = 0;  // Skipped.
    uint64_t series_without_memory = 0;  // New ones, whose samples were left out.
    // OK; kInvalidArgument naming the first refused sample and the number of refused ones;
    // kUnavailable when there was no memory for new series.
    absl::Status refusal;
  };
  // Writes one WriteRequest message (not compressed). The Status is not OK when nothing was
  // written: kInvalidArgument (malformed), kResourceExhausted (series limit), kUnavailable,
  // kAborted (no memory for the message), kInternal.
  absl::StatusOr<Outcome> Write(std::string_view message);

  const RemoteWriteOptions& options() const { return options_; }

 private:
  absl::Status Append(std::string_view message, Appender* appender, Outcome* outcome);
  http::Response Answer(std::string_view body);

  Appendable* const storage_;
  const RemoteWriteOptions options_;
  metrics::Counter* const invalid_labels_;
  metrics::Counter* const samples_in_;
  metrics::Counter* const samples_refused_;
  metrics::Counter* const series_refused_;
};

// Replaces *out by the message that `body`, a snappy block, holds. kInvalidArgument: broken, or
// declares more than `bytes_max`; no memory is taken for what is declared before that check.
absl::Status DecodeSnappy(std::string_view body, size_t bytes_max, std::string* out);

// What a failed Write is over HTTP: 400, 429, 503 or 500.
int RemoteWriteHttpStatus(const absl::Status& status);

}  // namespace hearth

#endif  // HEARTH_API_RECEIVE_REMOTE_WRITE_H_
