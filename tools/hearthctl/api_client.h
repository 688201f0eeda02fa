// tools/hearthctl/api_client.h
//
// Asks the HTTP API of a server, Hearth's or Prometheus'.
//
// Thread safety: one caller.
#ifndef HEARTH_TOOLS_HEARTHCTL_API_CLIENT_H_
#define HEARTH_TOOLS_HEARTHCTL_API_CLIENT_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "http/client.h"
#include "http/io_thread.h"
#include "nlohmann/json.hpp"

namespace hearth::hearthctl {

class ApiClient {
 public:
  // `server` is a URL, or a host and port.
  explicit ApiClient(std::string server);

  // The answer of a GET, whose status is success: {"data": …, "warnings": …}. Errors: the client's;
  // kUnknown `bad_data: 1:2: parse error: …`, or the HTTP status.
  absl::StatusOr<nlohmann::json> Ask(
      std::string_view path, const std::vector<std::pair<std::string, std::string>>& parameters);

 private:
  std::string base_;
  http::IoThread io_;
  http::Client client_;
};

}  // namespace hearth::hearthctl

#endif  // HEARTH_TOOLS_HEARTHCTL_API_CLIENT_H_
