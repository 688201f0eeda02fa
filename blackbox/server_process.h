// blackbox/server_process.h
//
// A running server of a test and its HTTP side: Hearth itself, or a peer with Prometheus' API.
// Answers are parsed JSON.
//
// Thread safety: none; one test owns it.
#ifndef HEARTH_BLACKBOX_SERVER_PROCESS_H_
#define HEARTH_BLACKBOX_SERVER_PROCESS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "blackbox/process.h"
#include "blackbox/temp_dir.h"
#include "nlohmann/json.hpp"

namespace hearth::blackbox {

struct Answer {
  int status = 0;  // 0: no answer; `body` then says why.
  std::string body;
  std::map<std::string, std::string> headers;  // Names in lower case.
  nlohmann::json Json() const {
    return nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  }
};

// One request to 127.0.0.1. `headers` are whole lines ("Content-Type: x").
Answer Http(std::string_view method, const std::string& url, std::string_view body = "",
            const std::vector<std::string>& headers = {}, milliseconds timeout = seconds(60));

std::string UrlEncode(std::string_view text);

// A server with Prometheus' HTTP API on a port of its own.
class ServerProcess {
 public:
  // Starts argv; the server listens on `port`.
  ServerProcess(std::vector<std::string> argv, uint16_t port, const std::string& output_path);

  uint16_t port() const { return port_; }
  Process& process() { return process_; }
  std::string Url(std::string_view path_and_query) const;
  Answer Get(std::string_view path_and_query) const { return Http("GET", Url(path_and_query)); }
  Answer Post(std::string_view path, std::string_view body = "",
              const std::vector<std::string>& headers = {}) const {
    return Http("POST", Url(path), body, headers);
  }
  // True once GET `path` answers 200 within the deadline and the process lives.
  bool WaitUntilOk(std::string_view path, milliseconds deadline = seconds(30));

  // Instant query; `data` of the answer, or a null value when the status is not success.
  nlohmann::json Query(std::string_view promql, std::optional<double> time_s = std::nullopt) const;
  nlohmann::json QueryRange(std::string_view promql, double start_s, double end_s,
                            double step_s) const;
  // The value of the first series of an instant query's result, or nothing.
  std::optional<double> Value(std::string_view promql,
                              std::optional<double> time_s = std::nullopt) const;

 private:
  const uint16_t port_;
  Process process_;
};

// The binary under test, from the test's runfiles.
std::string HearthBinary();

// Starts Hearth with `config` (YAML) and its data below `directory`, on a free port, plus `flags`.
// The remote write receiver, the lifecycle API and the admin API are on.
std::unique_ptr<ServerProcess> StartHearth(const TempDir& directory, std::string_view config = "",
                                           const std::vector<std::string>& flags = {},
                                           std::string_view data_path = "data");

}  // namespace hearth::blackbox

#endif  // HEARTH_BLACKBOX_SERVER_PROCESS_H_
