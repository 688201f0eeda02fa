// promdiff: random data and random PromQL, Hearth beside a Prometheus; and what must hold without
// one. docs/conformance.md has the figures.
//
//   promdiff --seconds 300 --seed 1
#include <filesystem>
#include <iostream>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "blackbox/process.h"
#include "blackbox/server_process.h"
#include "blackbox/temp_dir.h"
#include "spdlog/fmt/fmt.h"
#include "tools/promdiff/run.h"

namespace hearth::promdiff {
namespace {

double Percent(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

void Print(const RunOptions& options, const Run& run) {
  const Totals& t = run.totals();
  std::string explained;
  for (const auto& [name, count] : t.explained)
    explained += fmt::format("  {:<50} {}\n", name, count);
  std::cout << fmt::format(
      "seed {}\n"
      "rounds                     {}\n"
      "expressions                {}\n"
      "answers not empty          {} ({:.1f} % of {} valid ones; {} ended in an error)\n"
      "compared with the peer     {}\n"
      "range steps with instants  {}\n"
      "one thread with many       {}\n"
      "result cache on and off    {}\n"
      "after kill, flush, restart {}\n"
      "explained differences      {}\n{}"
      "failures                   {}\n\n"
      "how often each was generated\n{}",
      options.seed, t.rounds, t.expressions, t.non_empty, Percent(t.non_empty, t.valid), t.valid,
      t.refused, t.with_peer, t.steps, t.threads, t.cached, t.states,
      t.explained.empty() ? "none" : "", explained, t.failures, run.tally().Table());
  std::string unknown, close;
  for (const std::string& name : run.words().unknown) unknown += " " + name;
  for (const Trait& trait : AllTraits()) {
    if (trait.result != Trait::Result::kExact) close += fmt::format(" {}", trait.name);
  }
  std::cout << "unknown to the peer:" << unknown << "\nwithin 1e-9 of the peer:" << close << "\n";
}

int Main(int argc, char** argv) {
  RunOptions options;
  options.hearth = blackbox::HearthBinary();
  options.prometheus = blackbox::FindProgram("prometheus");
  bool without_peer = false;
  CLI::App app("Compares answers to random PromQL with a Prometheus, and with themselves");
  app.add_option("--seconds", options.seconds, "How long to ask.")->capture_default_str();
  app.add_option("--seed", options.seed, "Of everything random.")->capture_default_str();
  app.add_option("--round", options.first_round, "Begin with this round.")->capture_default_str();
  app.add_option("--binary", options.hearth, "server/hearth.")->capture_default_str();
  app.add_option("--prometheus", options.prometheus, "The peer; on the PATH otherwise.")
      ->capture_default_str();
  app.add_flag("--without-peer", without_peer, "Properties that need no peer alone.");
  app.add_option("--port", options.port, "Of Hearth, the peer has the next; 0 = free ones.")
      ->capture_default_str();
  app.add_option("--directory", options.directory, "Where to work; kept afterwards.");
  app.add_option("--failures", options.max_failures, "Stop after so many.")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  const std::vector<std::string> without_rule = Grammar::WithoutRule();
  for (const std::string& name : without_rule) std::cout << "no rule generates " << name << "\n";
  if (!without_rule.empty()) return 1;
  if (without_peer) options.prometheus.clear();
  if (!without_peer && options.prometheus.empty()) {
    std::cout << "skipped: prometheus is not installed\n";
    return 0;
  }
  const blackbox::TempDir temporary;
  if (options.directory.empty()) options.directory = temporary.path();
  std::filesystem::create_directories(options.directory);
  options.peer_port =
      options.port == 0 ? blackbox::FreePort() : static_cast<uint16_t>(options.port + 1);
  if (options.port == 0) options.port = blackbox::FreePort();
  Run run(options, &std::cout);
  const absl::Status status = run.Go();
  if (!status.ok()) std::cerr << "promdiff: " << status.message() << "\n";
  Print(options, run);
  const std::vector<std::string> missing = run.tally().Missing();
  for (const std::string& name : missing) std::cout << "never generated: " << name << "\n";
  return status.ok() && missing.empty() && run.totals().failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace hearth::promdiff

int main(int argc, char** argv) { return hearth::promdiff::Main(argc, argv); }
