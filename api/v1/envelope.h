// api/v1/envelope.h
//
// The frame of every API answer: {"status":"success","data":…,"warnings":[…],"infos":[…]} or
// {"status":"error","errorType":…,"error":…}, and the one table from absl codes to error types and
// HTTP statuses.
//
// Thread safety: an Envelope belongs to one thread; the functions are pure.
#ifndef HEARTH_API_V1_ENVELOPE_H_
#define HEARTH_API_V1_ENVELOPE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "api/v1/json_writer.h"
#include "http/message.h"

namespace hearth {

// A success in the making: the data is streamed into the body of the answer, which is never copied,
// or leaves piece by piece while it is written.
class Envelope {
 public:
  Envelope();
  // Writes exactly one value here before Finish.
  JsonWriter& data() { return json_; }
  // What has been written so far becomes *piece, and its room that of what is written next.
  void TakePiece(std::string* piece) {
    piece->swap(body_);
    body_.clear();
  }
  size_t bytes() const { return body_.size(); }
  // At most ten warnings and ten infos are told; a line says how many more there were.
  http::Response Finish(const std::vector<std::string>& warnings = {},
                        const std::vector<std::string>& infos = {});

 private:
  std::string body_;
  JsonWriter json_;
};

// With the Content-Type of JSON.
http::Response JsonResponse(int status, std::string body);

// A success without data.
http::Response EmptySuccess();

struct ErrorType {
  absl::StatusCode code;
  std::string_view name;  // "bad_data"
  int http_status;
};
// Codes that the table does not have are internal errors.
const ErrorType& ErrorTypeOf(absl::StatusCode code);

// `status` must not be OK.
http::Response ErrorResponse(const absl::Status& status);

}  // namespace hearth

#endif  // HEARTH_API_V1_ENVELOPE_H_
