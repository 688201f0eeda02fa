// crashtest: kills a server under load, again and again, and compares what it answers afterwards
// with what it had acknowledged. docs/reliability.md has the figures.
//
//   crashtest --rounds 200 --seed 1
//   crashtest --power-cut --rounds 200
#include <filesystem>
#include <fstream>
#include <iostream>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "blackbox/server_process.h"
#include "blackbox/temp_dir.h"
#include "spdlog/fmt/fmt.h"
#include "tools/crashtest/rounds.h"

namespace hearth::crashtest {
namespace {

// `bazel run` starts in the runfiles; a test knows where its own are; else this is the workspace.
std::string DefaultBinary() {
  const std::string in_runfiles = "server/hearth_faulty";
  if (std::filesystem::exists(in_runfiles)) return in_runfiles;
  const std::string hearth = blackbox::HearthBinary();
  return hearth.substr(0, hearth.rfind('/')) + "/hearth_faulty";
}

void Print(const RoundsOptions& options, const Rounds& rounds) {
  const Totals& totals = rounds.totals();
  const Findings& f = totals.findings;
  const WriterCounts& w = rounds.writer_counts();
  const OperatorCounts& o = rounds.operator_counts();
  std::cout << fmt::format(
      "rounds {}{}, seed {}\n"
      "acknowledged samples  {}\n"
      "compared              {} (over all rounds)\n"
      "lost                  {}\n"
      "holes                 {}\n"
      "invented              {}\n"
      "repeated              {}\n"
      "risen after a delete  {}\n"
      "failed starts         {}\n"
      "failed queries        {}\n"
      "ended by itself       {}\n"
      "starts above 1.2 x    {} (worst {:.2f})\n"
      "slowest start         {:.2f} s\n",
      totals.rounds, options.power_cut ? " with power cuts" : "", options.seed,
      rounds.acknowledged(), f.checked, f.lost, f.holes, f.invented, f.repeated, f.risen,
      totals.failed_starts, totals.failed_reads, totals.died_by_itself, totals.fat_starts,
      totals.worst_memory_ratio, totals.slowest_start_s);
  if (options.power_cut) {
    std::cout << fmt::format(
        "missing as promised   {}\n"
        "un-synced data        {} bytes of {} files dropped, {} directory entries undone\n",
        f.forgiven, totals.cut_bytes, totals.cut_files, totals.undone_entries);
  }
  std::cout << fmt::format(
      "requests              {} acknowledged ({} with late samples), {} refused, {} unanswered, {} "
      "repeated, {} new series\n"
      "operator              {} deletes, {} snapshots, {} compactions, {} refused\n\n"
      "{:<28} {:>10} {:>8}\n",
      w.acknowledged, w.late, w.refused, w.unanswered, w.repeated, w.new_series, o.deletes,
      o.snapshots, o.compactions, o.refused, "point", "passed", "killed");
  const KillCounts passed = rounds.Passed();
  for (size_t i = 0; i < kKillPoints; ++i) {
    std::cout << fmt::format("{:<28} {:>10} {:>8}\n", KillPointNames()[i].name, passed[i],
                             totals.killed_at[i]);
  }
  std::cout << fmt::format("{:<28} {:>10} {:>8}\n", "random moment", "", totals.killed_at_random);
}

// Points that were never passed: the run did not test them.
int CountMissed(const Rounds& rounds) {
  int missed = 0;
  const KillCounts passed = rounds.Passed();
  for (size_t i = 0; i < kKillPoints; ++i) {
    if (passed[i] > 0) continue;
    std::cout << "never passed: " << KillPointNames()[i].name << "\n";
    ++missed;
  }
  return missed;
}

int Main(int argc, char** argv) {
  RoundsOptions options;
  options.binary = DefaultBinary();
  bool keep = false;
  bool every_point = false;
  CLI::App app("Kills a server under load and checks that nothing acknowledged is lost");
  app.add_option("--rounds", options.rounds, "How often to kill.")->capture_default_str();
  app.add_option("--seed", options.seed, "Of everything random.")->capture_default_str();
  app.add_flag("--power-cut", options.power_cut, "Drop at each kill what was not synced.");
  app.add_option("--series", options.series, "Series at a time.")->capture_default_str();
  app.add_option("--point", options.point, "Kill at this named point only.");
  app.add_option("--speed", options.speed, "Of the server's clock.")->capture_default_str();
  app.add_option("--round-ms", options.round_ms, "About how long a server lives.")
      ->capture_default_str();
  app.add_option("--binary", options.binary, "server/hearth_faulty.")->capture_default_str();
  app.add_option("--port", options.port, "To listen on; 0 = a free one.")->capture_default_str();
  app.add_option("--directory", options.directory, "Where to work; kept afterwards.");
  app.add_flag("--every-point", every_point, "Fail when a named point was never passed.");
  CLI11_PARSE(app, argc, argv);
  keep = !options.directory.empty();

  blackbox::TempDir directory;
  if (!keep) options.directory = directory.path();
  std::filesystem::create_directories(options.directory + "/data");
  std::ofstream(options.directory + "/prometheus.yml") << "";
  if (options.port == 0) options.port = blackbox::FreePort();
  const absl::Status armed = options.point.empty()
                                 ? absl::OkStatus()
                                 : ArmKillPoints((options.point + ":1").c_str(), nullptr);
  if (!armed.ok()) {
    std::cerr << "crashtest: " << armed.message() << "\n";
    return 2;
  }
  std::cout << "seed " << options.seed << ", in " << options.directory << "\n" << std::flush;
  Rounds rounds(options);
  const absl::Status status = rounds.Run();
  if (!status.ok()) std::cerr << "crashtest: " << status.message() << "\n";
  Print(options, rounds);
  const bool missed = every_point && CountMissed(rounds) > 0;
  return status.ok() && rounds.good() && !missed ? 0 : 1;
}

}  // namespace
}  // namespace hearth::crashtest

int main(int argc, char** argv) { return hearth::crashtest::Main(argc, argv); }
