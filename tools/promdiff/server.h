// tools/promdiff/server.h
//
// A server under comparison: Hearth or Prometheus, started on a port of its own, written to and
// asked.
//
// Thread safety: one caller.
#ifndef HEARTH_TOOLS_PROMDIFF_SERVER_H_
#define HEARTH_TOOLS_PROMDIFF_SERVER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "blackbox/server_process.h"
#include "tools/promdiff/answer.h"
#include "tools/promdiff/data.h"
#include "tools/promdiff/grammar.h"

namespace hearth::promdiff {

class Server {
 public:
  struct Options {
    std::string binary;
    std::string directory;  // Made by Start; holds configuration, log and data.
    uint16_t port = 0;
    Dialect dialect = Dialect::kHearth;
  };
  explicit Server(Options options) : options_(std::move(options)) {}

  // Starts it over what its directory holds and waits until it is ready.
  absl::Status Start();
  // With a signal that lets it finish, or without.
  void Stop(bool kill);
  bool Running() const { return process_->process().Running(); }
  // What it wrote to its standard output and error.
  std::string Log() const { return process_->process().Output(); }
  absl::Status Push(const std::vector<DataSeries>& batch);
  absl::Status Post(const std::string& path);
  // With the result cache where that is on, or past it.
  Answer Ask(const Query& query, bool past_cache = false) const;
  // The answer to a text at a time, beside the queries.
  Answer AskText(const std::string& text, TimeMs at) const;

 private:
  const Options options_;
  std::unique_ptr<blackbox::ServerProcess> process_;
};

// What the peer does not know, found out by asking it for every function's and aggregation's own
// example.
PeerWords AskForWords(const Server& peer);

}  // namespace hearth::promdiff

#endif  // HEARTH_TOOLS_PROMDIFF_SERVER_H_
