#include "tools/promdiff/server.h"

#include <filesystem>
#include <fstream>

#include "blackbox/remote_write_sender.h"
#include "model/text.h"
#include "spdlog/fmt/fmt.h"

namespace hearth::promdiff {
namespace {

std::string Seconds(TimeMs t) { return fmt::format("{}.{:03}", t / 1000, t % 1000); }

// The data is years old and must not be.
constexpr char kRetention[] = "--storage.tsdb.retention.time=100y";
constexpr char kConfig[] = "storage: {tsdb: {out_of_order_time_window: 1h}}\n";

std::vector<std::string> Arguments(const Server::Options& options) {
  std::vector<std::string> argv = {options.binary,
                                   "--config.file=" + options.directory + "/prometheus.yml",
                                   "--storage.tsdb.path=" + options.directory + "/data",
                                   "--web.listen-address=127.0.0.1:" + std::to_string(options.port),
                                   "--web.enable-remote-write-receiver",
                                   "--web.enable-admin-api",
                                   "--log.level=error",
                                   kRetention};
  if (options.dialect == Dialect::kHearth) {
    argv.emplace_back(
        "--enable-feature=promql-experimental-functions,promql-extended-range-selectors,"
        "promql-binop-fill-modifiers");
  } else {
    // Prometheus 2 finds a sample that is exactly as old as the lookback, 3 does not.
    argv.emplace_back("--query.lookback-delta=4m59s999ms");
  }
  return argv;
}

}  // namespace

absl::Status Server::Start() {
  std::filesystem::create_directories(options_.directory + "/data");
  std::ofstream(options_.directory + "/prometheus.yml") << kConfig;
  process_ = std::make_unique<blackbox::ServerProcess>(Arguments(options_), options_.port,
                                                       options_.directory + "/log");
  if (process_->WaitUntilOk("/-/ready")) return absl::OkStatus();
  return absl::UnavailableError(StrCat("start ", options_.binary, " on port ", options_.port, ": ",
                                       process_->process().Output()));
}

void Server::Stop(bool kill) {
  if (kill) {
    process_->process().Kill();
  } else {
    process_->process().Terminate();
  }
}

absl::Status Server::Push(const std::vector<DataSeries>& batch) {
  std::vector<blackbox::TimeSeries> series;
  for (const DataSeries& one : batch) series.push_back({one.labels, one.samples});
  const blackbox::Answer answer = blackbox::SendRemoteWrite(*process_, series);
  if (answer.status / 100 == 2) return absl::OkStatus();
  return absl::UnavailableError(
      StrCat("remote write to ", options_.binary, ": ", answer.status, " ", answer.body));
}

absl::Status Server::Post(const std::string& path) {
  const blackbox::Answer answer = process_->Post(path);
  if (answer.status / 100 == 2) return absl::OkStatus();
  return absl::UnavailableError(StrCat("POST ", path, ": ", answer.status, " ", answer.body));
}

Answer Server::Ask(const Query& query, bool past_cache) const {
  const std::string text = Text(*query.expr, options_.dialect);
  if (query.instant()) return AskText(text, query.start_ms);
  return ParseAnswer(process_
                         ->Get(fmt::format("/api/v1/query_range?query={}&start={}&end={}&step={}{}",
                                           blackbox::UrlEncode(text), Seconds(query.start_ms),
                                           Seconds(query.end_ms), Seconds(query.step_ms),
                                           past_cache ? "&nocache=1" : ""))
                         .body);
}

Answer Server::AskText(const std::string& text, TimeMs at) const {
  return ParseAnswer(process_
                         ->Get(fmt::format("/api/v1/query?query={}&time={}",
                                           blackbox::UrlEncode(text), Seconds(at)))
                         .body);
}

PeerWords AskForWords(const Server& peer) {
  PeerWords words;
  const auto ask = [&](std::string_view name, std::string_view example) {
    // Every example is valid where the word is known; the data does not matter.
    const Answer answer = peer.AskText(std::string(example), 0);
    if (!answer.ok && answer.error_type == "bad_data") words.unknown.emplace(name);
  };
  for (const auto* spec : promql::AllFunctions()) ask(spec->name, spec->example);
  for (const auto* spec : promql::AllAggregations()) ask(spec->name, spec->example);
  words.version2 = peer.AskText("holt_winters(up[1h], 0.5, 0.5)", 0).ok;
  // Of floats it knows nothing there: buckets are looked at since 3.
  if (words.version2) words.unknown.emplace("histogram_fraction");
  return words;
}

}  // namespace hearth::promdiff
