// compliance: asks Hearth and an installed Prometheus the queries of Prometheus' compliance
// project, over the same bytes, and compares. Each query runs as an instant query and as a range
// query of ten minutes.
//
// Exit code: 0 when none is rejected that should pass, none accepted that should fail, nine in ten
// of the others have an answer, and none differs but those whose meaning changed in Prometheus 3; 1
// otherwise; 2 when the run itself fails. Without the queries or without Prometheus it says so and
// exits 0.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "blackbox/remote_write_sender.h"
#include "blackbox/server_process.h"
#include "blackbox/temp_dir.h"
#include "model/text.h"
#include "tools/compliance/answers.h"
#include "tools/compliance/demo_data.h"
#include "tools/compliance/query_set.h"

namespace hearth::compliance {
namespace {

using blackbox::ServerProcess;
using nlohmann::json;

constexpr TimeMs kMinuteMs = 60'000;
constexpr TimeMs kDataMs = 150 * kMinuteMs;
constexpr TimeMs kRangeMs = 10 * kMinuteMs;
constexpr TimeMs kStepMs = 10'000;
// Steps lie three seconds behind a multiple of ten, where the steps of subqueries are: these too
// then stay off the edges of ranges.
constexpr TimeMs kStepPhaseMs = 3'000;

// Queries that Prometheus 3 answers otherwise than Prometheus 2, or must not refuse any more.
struct Changed {
  std::string_view query;
  std::string_view why;
};
constexpr Changed kChanged[] = {
    {"label_replace(demo_num_cpus, \"~invalid\", \"\", \"src\", \"(.*)\")",
     "any UTF-8 text is a label name in Prometheus 3"},
    {"label_join(demo_num_cpus, \"~invalid\", \"-\", \"instance\")",
     "any UTF-8 text is a label name in Prometheus 3"},
};

const Changed* FindChanged(const std::string& query) {
  const auto* const it = std::find_if(std::begin(kChanged), std::end(kChanged),
                                      [&](const Changed& row) { return row.query == query; });
  return it == std::end(kChanged) ? nullptr : it;
}

struct Totals {
  int queries = 0, should_fail = 0, with_data = 0, equal = 0, differ = 0, changed = 0;
  int wrongly_rejected = 0, wrongly_accepted = 0;
};

std::string Seconds(TimeMs t) { return std::to_string(static_cast<double>(t) / 1000); }

class Comparison {
 public:
  Comparison(const ServerProcess& prometheus, const ServerProcess& hearth, TimeMs at)
      : prometheus_(prometheus), hearth_(hearth), at_(at) {}

  void Run(const Query& query) {
    ++totals_.queries;
    const std::string text = blackbox::UrlEncode(query.text);
    const std::string paths[] = {"/api/v1/query?query=" + text + "&time=" + Seconds(at_),
                                 "/api/v1/query_range?query=" + text +
                                     "&start=" + Seconds(at_ - kRangeMs) + "&end=" + Seconds(at_) +
                                     "&step=" + Seconds(kStepMs)};
    bool data = false, rejected = false;
    std::string difference;
    for (const std::string& path : paths) {
      const json expected = prometheus_.Get(path).Json(), got = hearth_.Get(path).Json();
      data |= HasData(got);
      rejected |= !Succeeded(got);
      if (difference.empty()) difference = Difference(expected, got);
    }
    Judge(query, data, rejected, difference);
  }

  const Totals& totals() const { return totals_; }

 private:
  void Judge(const Query& query, bool data, bool rejected, const std::string& difference) {
    if (const Changed* changed = FindChanged(query.text)) {
      ++totals_.changed;
      std::cout << "changed in Prometheus 3: " << query.text << "\n    " << changed->why << "\n";
      return;
    }
    totals_.should_fail += query.should_fail ? 1 : 0;
    totals_.with_data += data ? 1 : 0;
    if (query.should_fail && !rejected) {
      ++totals_.wrongly_accepted;
      std::cout << "accepted, but should fail: " << query.text << "\n";
    }
    if (!query.should_fail && rejected) {
      ++totals_.wrongly_rejected;
      std::cout << "rejected, but should pass: " << query.text << "\n";
    }
    ++(difference.empty() ? totals_.equal : totals_.differ);
    if (!difference.empty()) {
      std::cout << "differs: " << query.text << "\n    " << difference << "\n";
    }
  }

  const ServerProcess& prometheus_;
  const ServerProcess& hearth_;
  const TimeMs at_;
  Totals totals_;
};

int Report(const Totals& totals) {
  const int others = totals.queries - totals.should_fail - totals.changed;
  const double share = others == 0 ? 0 : 100.0 * totals.with_data / others;
  std::cout << totals.queries << " queries: " << totals.equal << " equal, " << totals.differ
            << " differ, " << totals.changed << " changed in Prometheus 3; "
            << totals.wrongly_rejected << " rejected that should pass, " << totals.wrongly_accepted
            << " accepted that should fail, " << totals.with_data << " of " << others
            << " with data (" << static_cast<int>(share) << " %)\n";
  const bool good = totals.differ == 0 && totals.wrongly_rejected == 0 &&
                    totals.wrongly_accepted == 0 && share >= 90;
  return good ? 0 : 1;
}

std::unique_ptr<ServerProcess> StartPrometheus(const blackbox::TempDir& directory) {
  const uint16_t port = blackbox::FreePort();
  const std::string config = directory.Write("peer.yml", "global: {}\n");
  return std::make_unique<ServerProcess>(
      std::vector<std::string>{blackbox::FindProgram("prometheus"), "--config.file=" + config,
                               "--storage.tsdb.path=" + directory.Path("peer"),
                               "--web.listen-address=127.0.0.1:" + std::to_string(port),
                               "--web.enable-remote-write-receiver",
                               "--enable-feature=promql-negative-offset,promql-at-modifier"},
      port, directory.Path("peer.log"));
}

bool Push(const ServerProcess& server, const std::vector<std::string>& bodies) {
  for (const std::string& body : bodies) {
    const blackbox::Answer answer = blackbox::SendRemoteWrite(server, body);
    if (answer.status == 200 || answer.status == 204) continue;
    std::cerr << "compliance: remote write answered " << answer.status << ": " << answer.body
              << "\n";
    return false;
  }
  return true;
}

int Run(const std::vector<Query>& queries) {
  const blackbox::TempDir directory;
  const auto prometheus = StartPrometheus(directory);
  const auto hearth = blackbox::StartHearth(directory);
  for (ServerProcess* server : {prometheus.get(), hearth.get()}) {
    if (server->WaitUntilOk("/-/ready")) continue;
    std::cerr << "compliance: a server did not start:\n" << server->process().Output();
    return 2;
  }
  const TimeMs now = std::chrono::duration_cast<std::chrono::milliseconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count();
  const TimeMs end = now / kStepMs * kStepMs - kStepMs + kStepPhaseMs;
  const std::vector<std::string> bodies = DemoData(end, kDataMs).WriteRequests();
  if (!Push(*prometheus, bodies) || !Push(*hearth, bodies)) return 2;
  // Negative offsets look ten minutes ahead.
  Comparison comparison(*prometheus, *hearth, end - 11 * kMinuteMs);
  for (const Query& query : queries) comparison.Run(query);
  return Report(comparison.totals());
}

std::string DefaultQueries() {
  const char* const shared = std::getenv("HEARTH_SHARED");
  return StrCat(shared == nullptr ? "." : shared,
                "/conformance/compliance/promql/promql-test-queries.yml");
}

int ReadAndRun(const std::string& path) {
  if (!std::filesystem::is_regular_file(path)) {
    std::cout << "skipped: no compliance queries at " << path << " ($HEARTH_SHARED, --queries)\n";
    return 0;
  }
  if (blackbox::FindProgram("prometheus").empty()) {
    std::cout << "skipped: prometheus (package prometheus) is not installed\n";
    return 0;
  }
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  const absl::StatusOr<std::vector<Query>> queries = ExpandQueries(text.str());
  if (!queries.ok()) {
    std::cerr << "compliance: " << path << ": " << queries.status().message() << "\n";
    return 2;
  }
  return Run(*queries);
}

}  // namespace
}  // namespace hearth::compliance

int main(int argc, char** argv) {
  CLI::App app("Asks Hearth and Prometheus the compliance queries and compares");
  std::string queries = hearth::compliance::DefaultQueries();
  app.add_option("--queries", queries, "The templates (promql-test-queries.yml).");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  return hearth::compliance::ReadAndRun(queries);
}
