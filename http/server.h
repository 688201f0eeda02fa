// http/server.h
//
// HTTP/1.1 server. One IO thread owns the sockets; a request is read whole, then its handler runs
// on a pool of workers (or on the IO thread itself when it is cheap), and the answer goes back
// through the IO thread. Requests of one connection are answered one after the other, so pipelined
// ones keep their order.
//
// Limits stand before memory: header size, body size by route (a declared length is refused before
// a byte is read, a chunked body when it grows past the limit), bodies together, connections (no
// more are accepted), requests that wait for a worker (503).
//
// Thread safety: Start once; Stop and the accessors from any thread but the server's own. The
// router and handlers are called from several threads at once.
#ifndef HEARTH_HTTP_SERVER_H_
#define HEARTH_HTTP_SERVER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "http/message.h"
#include "model/byte_account.h"
#include "model/clock.h"

namespace hearth::http {

struct ServerOptions {
  std::vector<std::string> listen_addresses = {
      "0.0.0.0:9090"};  // "host:port", ":port", "[v6]:port"; port 0 = any free one.
  TimeMs read_timeout_ms =
      5 * 60 * 1000;  // For one request to arrive; also how long a connection may idle.
  int connections_max = 512;
  size_t header_bytes_max = 1 << 20;
  int ingest_threads = 2;
  int query_threads = 4;
  int engine_threads = 64;  // Made when they are needed; most of them wait in the engine's queue.
  size_t queue_max = 1024;  // Requests waiting for a worker, for each of the pools.
  size_t gzip_bytes_min = 1400;  // Smaller answers are not worth compressing.
  size_t gzip_bytes_max =
      size_t{64} << 20;  // Larger ones would keep a worker long after their client has gone.
  // Large request bodies are charged here before memory is taken, and refused with 503 when there
  // is none. Borrowed; outlives the server; null = they are not.
  ByteAccount* bodies = nullptr;
};

// Where a handler runs. Writes, lookups and PromQL have workers of their own, so that none waits
// for another. Among requests that wait for a worker, clients (addresses) take turns.
enum class Lane { kInline, kIngest, kQuery, kEngine };

// What the router says of a request whose headers have arrived (body still empty).
struct Dispatch {
  Lane lane = Lane::kInline;
  size_t body_bytes_max = 0;  // 413 beyond.
  // Called once with the whole request.
  std::function<Response(const Request&)> handle;
};

// Called on the IO thread: must be quick. Never fails: what it does not know it dispatches to a
// handler that answers 404.
using Router = std::function<Dispatch(const Request& head)>;

class Server {
 public:
  // Binds all addresses and starts to serve. kUnavailable in Go's words: "listen tcp 0.0.0.0:9090:
  // bind: address already in use".
  static absl::StatusOr<std::unique_ptr<Server>> Start(ServerOptions options, Router router);
  // Stop(0) unless stopped.
  ~Server();

  // Accepts no more, closes idle connections and lets requests finish until `deadline_ms` (a length
  // of time) has passed; then sets their cancelled flags, closes their connections, and waits for
  // their handlers to return.
  void Stop(TimeMs deadline_ms);

  // The bound port of listen_addresses[i].
  int port(size_t i = 0) const;
  int connections() const;

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::http

#endif  // HEARTH_HTTP_SERVER_H_
