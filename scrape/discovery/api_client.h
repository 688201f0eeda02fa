// scrape/discovery/api_client.h
//
// What providers ask over HTTP: one API with one http_config, GET requests that wait for their
// answer, bounded in time and size.
//
// Thread safety: all methods may be called from any thread. Ownership: borrows the IO thread, which
// must outlive it.
#ifndef HEARTH_SCRAPE_DISCOVERY_API_CLIENT_H_
#define HEARTH_SCRAPE_DISCOVERY_API_CLIENT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "config/http_client_config.h"
#include "http/client.h"
#include "model/clock.h"
#include "scrape/discovery/json.h"

namespace hearth {

class ApiClient {
 public:
  struct Options {
    HttpClientConfig http;
    std::string base;         // "http://host:port" with a path or without; what paths are added to.
    std::string unix_socket;  // Instead of base's host; "" = none.
    http::Headers headers;    // Of every request.
    TimeMs timeout_ms = 60'000;                  // Less than a second counts as one.
    size_t answer_bytes_max = size_t{16} << 20;  // As sent and as inflated.
  };
  // kInvalidArgument: a TLS file that cannot be used.
  static absl::StatusOr<std::unique_ptr<ApiClient>> Create(http::IoThread* io, Options options);

  // Any status is an answer. Errors are those of http::Client; kCancelled after Cancel.
  absl::StatusOr<http::FetchResult> Get(const std::string& path);
  // All at once; answers in the order of paths.
  std::vector<absl::StatusOr<http::FetchResult>> GetAll(const std::vector<std::string>& paths);
  // The body of an answer with a status of 2xx.
  absl::StatusOr<Json> GetJson(const std::string& path);

  // Ends what runs and what comes later.
  void Cancel() { client_->Close(); }

 private:
  ApiClient(std::unique_ptr<http::Client> client, Options options)
      : options_(std::move(options)), client_(std::move(client)) {}

  absl::StatusOr<http::FetchRequest> MakeRequest(const std::string& path) const;

  const Options options_;
  const std::unique_ptr<http::Client> client_;
};

}  // namespace hearth

#endif  // HEARTH_SCRAPE_DISCOVERY_API_CLIENT_H_
