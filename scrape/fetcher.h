// scrape/fetcher.h
//
// How a scrape gets its body: the seam between the scrape loops and the HTTP client. http_fetcher.h
// is the real one; tests answer by themselves.
//
// Thread safety: all methods may be called from any thread.
#ifndef HEARTH_SCRAPE_FETCHER_H_
#define HEARTH_SCRAPE_FETCHER_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "config/http_client_config.h"
#include "model/clock.h"

namespace hearth {

struct ScrapeRequest {
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  TimeMs timeout_ms = 0;      // Over the whole exchange.
  size_t body_bytes_max = 0;  // Of the body, compressed or not.
  bool follow_redirects = true;
};

struct ScrapeResponse {
  int status = 0;            // HTTP status code.
  std::string reason;        // "Not Found".
  std::string content_type;  // Of the answer, parameters included.
  std::string body;
  // Makes `body` plain when it came compressed; empty when it is already. Called on the thread that
  // parses. An error is the scrape's error.
  std::function<absl::Status(std::string* body)> inflate;
};

class Fetcher {
 public:
  using Done = std::function<void(absl::StatusOr<ScrapeResponse>)>;
  virtual ~Fetcher() = default;
  // Calls `done` exactly once, from any thread, perhaps before Fetch returns. kResourceExhausted:
  // the body is too large.
  virtual void Fetch(ScrapeRequest request, Done done) = 0;
};

class FetcherFactory {
 public:
  virtual ~FetcherFactory() = default;
  // A fetcher with the authentication and TLS of one scrape configuration. kInvalidArgument,
  // kNotFound: a file that it names cannot be used.
  virtual absl::StatusOr<std::shared_ptr<Fetcher>> Create(const HttpClientConfig& config) = 0;
};

}  // namespace hearth

#endif  // HEARTH_SCRAPE_FETCHER_H_
