// push: sends a load by remote write and says what it took. README.md lists the flags.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/str_format.h"
#include "model/text.h"
#include "nlohmann/json.hpp"
#include "tools/bench/load.h"
#include "tools/bench/sender.h"
#include "tools/bench/turn_gate.h"

namespace hearth::bench {
namespace {

struct PushFlags {
  std::string url;
  LoadOptions load;
  SenderOptions sender;
  int connections = 1;
  double rate = 0;
  double timeout_s = 30;
  int64_t turn_samples = 0;  // 0 = not in turns.
  bool json_only = false;
};

void AddFlags(CLI::App& app, PushFlags* flags) {
  app.add_option("--url", flags->url, "Where to post, e.g. http://127.0.0.1:9090/api/v1/write")
      ->required();
  AddLoadFlags(app, &flags->load);
  app.add_option("--batch", flags->sender.batch, "Series a request (2000)")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--connections", flags->connections, "Connections, each with its series (1)")
      ->check(CLI::Range(1, 64));
  app.add_option("--rate", flags->rate, "Samples a second; 0 = as fast as possible")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--timeout", flags->timeout_s, "Seconds for a request with all its tries (30)")
      ->check(CLI::PositiveNumber);
  app.add_option("--turn-samples", flags->turn_samples,
                 "Halt after each so many samples until a line is read; 0 = never")
      ->check(CLI::NonNegativeNumber);
  app.add_flag("--json", flags->json_only, "No progress on standard error");
}

absl::Status Complete(PushFlags* flags) {
  if (flags->turn_samples > 0 && flags->connections != 1) {
    return absl::InvalidArgumentError("--turn-samples is counted on one connection");
  }
  flags->sender.url = flags->url;
  flags->sender.rate = flags->rate / flags->connections;
  flags->sender.timeout_ms = static_cast<TimeMs>(flags->timeout_s * 1000);
  return absl::OkStatus();
}

// Runs the senders; says every second how far they are. Returns the seconds it took.
// `expected`: samples of the whole load, 0 = unknown.
double Push(const PushFlags& flags, const std::vector<std::unique_ptr<BatchSource>>& sources,
            int64_t expected, PushTotals* totals) {
  http::IoThread io;
  http::Client client(&io, nullptr, {.idle_per_host_max = flags.connections});
  Mutex mu;
  CondVar ended;
  size_t running = sources.size();
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  std::vector<std::thread> threads;
  for (const auto& source : sources) {
    threads.emplace_back([&, source = source.get()] {
      Sender(&client, source, flags.sender, totals).Run();
      MutexLock lock(&mu);
      --running;
      ended.Signal();
    });
  }
  {
    MutexLock lock(&mu);
    double reported = 0;
    while (running > 0) {
      ended.WaitFor(&mu, std::chrono::milliseconds(250));
      if (flags.json_only || seconds() < reported + 1) continue;
      reported = seconds();
      const int64_t sent = totals->samples;
      std::cerr << absl::StrFormat("push: %d samples, %.0f/s", sent,
                                   static_cast<double>(sent) / reported);
      if (expected > 0) {
        std::cerr << absl::StrFormat(
            ", %.0f %%", 100 * static_cast<double>(sent) / static_cast<double>(expected));
      }
      std::cerr << "\n";
    }
  }
  const double took = seconds();
  for (std::thread& thread : threads) thread.join();
  return took;
}

// The wall time that a share of the requests did not exceed, in milliseconds.
double WallMs(const std::vector<double>& walls, double share) {
  if (walls.empty()) return 0;
  const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(walls.size())));
  return walls[std::max<size_t>(rank, 1) - 1] * 1000;
}

void Report(const PushTotals& totals, double seconds) {
  const std::vector<double> walls = totals.Walls();
  const nlohmann::ordered_json report = {
      {"samples", totals.samples.load()},
      {"requests", totals.requests.load()},
      {"retries", totals.retries.load()},
      {"failed", totals.failed.load()},
      {"seconds", seconds},
      {"body_bytes", totals.body_bytes.load()},
      {"newest_ms", totals.newest_ms.load()},
      {"wall_ms",
       {{"median", WallMs(walls, 0.5)}, {"p99", WallMs(walls, 0.99)}, {"max", WallMs(walls, 1)}}},
      {"first_error", totals.first_error()},
  };
  std::cout << report.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << std::endl;
}

int Fail(const absl::Status& status) {
  std::cerr << "push: " << status.message() << "\n";
  return 1;
}

int Main(PushFlags flags) {
  if (const absl::Status status = Complete(&flags); !status.ok()) return Fail(status);
  const absl::StatusOr<Load> load = Load::Create(flags.load);
  if (!load.ok()) return Fail(load.status());
  const auto sources = load->Sources(flags.connections);
  if (!sources.ok()) return Fail(sources.status());
  std::optional<TurnGate> gate;
  if (flags.turn_samples > 0) {
    flags.sender.gate = &gate.emplace(flags.turn_samples, &std::cin, &std::cout);
  }
  PushTotals totals;
  double seconds = Push(flags, *sources, load->samples(), &totals);
  if (gate) seconds -= std::chrono::duration<double>(gate->waited()).count();
  Report(totals, seconds);
  return totals.failed == 0 && !totals.stop ? 0 : 1;
}

}  // namespace
}  // namespace hearth::bench

int main(int argc, char** argv) {
  CLI::App app("Sends a deterministic load by remote write");
  hearth::bench::PushFlags flags;
  hearth::bench::AddFlags(app, &flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
    return 0;
  } catch (const CLI::ParseError& error) {
    std::cerr << "push: " << error.what() << " (try --help)\n";
    return 1;
  }
  return hearth::bench::Main(std::move(flags));
}
