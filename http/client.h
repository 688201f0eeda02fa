// http/client.h
//
// HTTP/1.1 client over Asio: keep-alive, TLS, proxies, redirects, gzip, and a deadline over the
// whole exchange. Made for a scraper with thousands of targets: one IO thread serves all of them, a
// fetch costs no thread.
//
//   Client client(&io_thread, *std::move(tls));
//   client.Fetch({.url = "http://127.0.0.1:9100/metrics", .timeout_ms = 10'000},
//                [](absl::StatusOr<FetchResult> result) { … });
//
// Errors read as in Prometheus' lastError:
//   kUnavailable       Get "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused
//   kDeadlineExceeded  Get "http://127.0.0.1:9100/metrics": context deadline exceeded
//   kResourceExhausted body size limit exceeded
//   kInvalidArgument   the URL is wrong; kCancelled: the client was destroyed.
// A status other than 2xx is not an error of the fetch; see ExpectOk.
//
// Thread safety: all methods may be called from any thread. Ownership: borrows the IoThread, which
// must outlive it.
#ifndef HEARTH_HTTP_CLIENT_H_
#define HEARTH_HTTP_CLIENT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "http/authorizer.h"
#include "http/io_thread.h"
#include "http/message.h"
#include "http/proxy.h"
#include "http/tls.h"
#include "model/clock.h"

namespace hearth::http {

struct ClientOptions {
  int idle_per_host_max = 2;  // Connections kept for the next request to the same host and port.
  TimeMs idle_timeout_ms = 5 * 60 * 1000;  // Idle for longer: closed.
  size_t header_bytes_max = 1 << 20;       // Of an answer.
  int redirects_max = 10;
  std::shared_ptr<const Proxy> proxy;  // Null = every URL is asked directly.
};

struct FetchRequest {
  std::string method = "GET";
  std::string url;
  std::string unix_socket;  // Path of a socket to connect to instead of the URL's host; "" = none.
  Headers headers;          // Host, Content-Length and Connection are the client's to set.
  std::string body;
  TimeMs timeout_ms = 0;                     // From the call to the last byte of the answer; > 0.
  size_t body_bytes_max = size_t{64} << 20;  // Of the answer, as sent and as inflated.
  bool follow_redirects = true;
  // False leaves a gzip body as it came; the receiver calls DecodeBody on a thread of its own.
  // (Inflating is the dearest part of a scrape, and there is one IO thread.)
  bool decode_body = true;
  std::string body_buffer;  // Its capacity is reused for the answer.
};

struct FetchResult {
  int status = 0;
  Headers headers;
  std::string body;            // Inflated unless decode_body was false.
  size_t body_wire_bytes = 0;  // As transferred.
  std::string url;             // The last one, after redirects.
};

// Inflates a body with `Content-Encoding: gzip`, reusing *scratch, and removes the header. No-op
// for other bodies. kResourceExhausted "body size limit exceeded"; kInvalidArgument for a broken
// body or an encoding that is not gzip.
absl::Status DecodeBody(size_t body_bytes_max, FetchResult* result, std::string* scratch);

// OK for 200 to 299, else kUnknown "server returned HTTP status 500 Internal Server Error".
absl::Status ExpectOk(const FetchResult& result);

class Client {
 public:
  using Callback = std::function<void(absl::StatusOr<FetchResult>)>;

  // `tls` decides for https URLs; null = the system's CA certificates. `authorizer` gives each
  // request its Authorization header; null = the caller's. When it says that a value was used
  // before and that one is refused (401), the request is sent once more with another.
  explicit Client(IoThread* io, std::shared_ptr<const TlsContext> tls = nullptr,
                  ClientOptions options = {}, std::unique_ptr<Authorizer> authorizer = nullptr);
  ~Client();  // Close.
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Calls `done` exactly once, on the IO thread, never before Fetch returns. `done` must not block.
  void Fetch(FetchRequest request, Callback done);
  // The same, waiting for the answer; inflates on the calling thread. Not from the IO thread.
  absl::StatusOr<FetchResult> FetchBlocking(FetchRequest request);
  // Ends running fetches with kCancelled, later ones likewise, and waits for their callbacks. Not
  // from the IO thread.
  void Close();

 private:
  class Impl;
  const std::unique_ptr<Authorizer> authorizer_;  // Not the Impl's: that may die on the IO thread.
  const std::shared_ptr<Impl> impl_;
};

}  // namespace hearth::http

#endif  // HEARTH_HTTP_CLIENT_H_
