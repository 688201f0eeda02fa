#include "blackbox/server_process.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "http/client.h"
#include "http/io_thread.h"

namespace hearth::blackbox {
namespace {

http::Client& SharedClient() {
  static auto* const io = new http::IoThread;
  static auto* const client = new http::Client(io);
  return *client;
}

}  // namespace

Answer Http(std::string_view method, const std::string& url, std::string_view body,
            const std::vector<std::string>& headers, milliseconds timeout) {
  http::FetchRequest request;
  request.method = std::string(method);
  request.url = url;
  request.body = std::string(body);
  request.timeout_ms = timeout.count();
  request.follow_redirects = false;
  for (const std::string& line : headers) {
    const size_t colon = line.find(": ");
    request.headers.Add(line.substr(0, colon), line.substr(colon + 2));
  }
  Answer answer;
  absl::StatusOr<http::FetchResult> result = SharedClient().FetchBlocking(std::move(request));
  if (!result.ok()) {
    answer.body = std::string(result.status().message());
    return answer;
  }
  answer.status = result->status;
  answer.body = std::move(result->body);
  for (const auto& [name, value] : result->headers) {
    std::string lower(name);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    answer.headers[lower] = std::string(value);
  }
  return answer;
}

std::string UrlEncode(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) || c == '-' || c == '_' || c == '.' || c == '~') {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15]);
    }
  }
  return out;
}

ServerProcess::ServerProcess(std::vector<std::string> argv, uint16_t port,
                             const std::string& output_path)
    : port_(port), process_(argv, output_path) {}

std::string ServerProcess::Url(std::string_view path_and_query) const {
  return "http://127.0.0.1:" + std::to_string(port_) + std::string(path_and_query);
}

bool ServerProcess::WaitUntilOk(std::string_view path, milliseconds deadline) {
  bool ok = false;
  WaitFor(deadline, [&] {
    ok = Http("GET", Url(path), "", {}, seconds(5)).status == 200;
    return ok || !process_.Running();
  });
  return ok;
}

nlohmann::json ServerProcess::Query(std::string_view promql, std::optional<double> time_s) const {
  std::string path = "/api/v1/query?query=" + UrlEncode(promql);
  if (time_s) path += "&time=" + std::to_string(*time_s);
  const nlohmann::json json = Get(path).Json();
  return json.is_object() && json.value("status", "") == "success" ? json.at("data")
                                                                   : nlohmann::json();
}

nlohmann::json ServerProcess::QueryRange(std::string_view promql, double start_s, double end_s,
                                         double step_s) const {
  const nlohmann::json json =
      Get("/api/v1/query_range?query=" + UrlEncode(promql) + "&start=" + std::to_string(start_s) +
          "&end=" + std::to_string(end_s) + "&step=" + std::to_string(step_s))
          .Json();
  return json.is_object() && json.value("status", "") == "success" ? json.at("data")
                                                                   : nlohmann::json();
}

std::optional<double> ServerProcess::Value(std::string_view promql,
                                           std::optional<double> time_s) const {
  const nlohmann::json data = Query(promql, time_s);
  if (!data.is_object() || !data.contains("result") || data["result"].empty()) return std::nullopt;
  const nlohmann::json& result = data["result"];
  const nlohmann::json& point = data["resultType"] == "scalar" ? result : result[0]["value"];
  return std::strtod(point[1].get<std::string>().c_str(), nullptr);
}

std::string HearthBinary() {
  const char* runfiles = std::getenv("TEST_SRCDIR");
  const char* workspace = std::getenv("TEST_WORKSPACE");
  if (runfiles == nullptr || workspace == nullptr) return "bazel-bin/server/hearth";
  return std::string(runfiles) + "/" + workspace + "/server/hearth";
}

std::unique_ptr<ServerProcess> StartHearth(const TempDir& directory, std::string_view config,
                                           const std::vector<std::string>& flags,
                                           std::string_view data_path) {
  const uint16_t port = FreePort();
  const std::string config_path = directory.Write("prometheus.yml", config);
  std::vector<std::string> argv = {HearthBinary(),
                                   "--config.file=" + config_path,
                                   "--storage.tsdb.path=" + directory.Path(data_path),
                                   "--web.listen-address=127.0.0.1:" + std::to_string(port),
                                   "--web.enable-remote-write-receiver",
                                   "--web.enable-lifecycle",
                                   "--web.enable-admin-api"};
  argv.insert(argv.end(), flags.begin(), flags.end());
  return std::make_unique<ServerProcess>(std::move(argv), port, directory.Path("hearth.log"));
}

}  // namespace hearth::blackbox
