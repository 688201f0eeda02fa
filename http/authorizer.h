// http/authorizer.h
//
// Who says what the Authorization header of a client's requests is, when that has to be asked for.
//
// Thread safety: made and destroyed on any other, called on the client's IO thread only.
#ifndef HEARTH_HTTP_AUTHORIZER_H_
#define HEARTH_HTTP_AUTHORIZER_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"

namespace hearth::http {

class Authorizer {
 public:
  struct Authorization {
    std::string value;        // Of the header.
    bool from_cache = false;  // It has been used before, so that a refusal may be of its age.
  };
  using Done = std::function<void(absl::StatusOr<Authorization>)>;

  virtual ~Authorizer() = default;
  // Calls `done` once, perhaps before it returns. An error is the request's.
  virtual void Authorize(Done done) = 0;
  // A server has answered 401 to `value`.
  virtual void Refused(const std::string& value) = 0;
};

}  // namespace hearth::http

#endif  // HEARTH_HTTP_AUTHORIZER_H_
