// push: sends a load by remote write and says what it took. README.md lists the flags.
#include <chrono>
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
#include "model/status.h"
#include "model/text.h"
#include "nlohmann/json.hpp"
#include "tools/bench/sender.h"
#include "tools/bench/trace_reader.h"
#include "tools/bench/turn_gate.h"

namespace hearth::bench {
namespace {

struct PushFlags {
  std::string url;
  SeriesOptions series;
  StepTimes times{0, 15'000, 0};  // steps: 0 = not given.
  SenderOptions sender;
  int connections = 1;
  double rate = 0;
  double timeout_s = 30;
  int64_t turn_samples = 0;  // 0 = not in turns.
  std::string profile = "mix";
  std::string trace;
  std::vector<std::string> labels;
  bool json_only = false;
};

constexpr int64_t kStepsDefault = 100;

void AddFlags(CLI::App& app, PushFlags* flags) {
  app.add_option("--url", flags->url, "Where to post, e.g. http://127.0.0.1:9090/api/v1/write")
      ->required();
  app.add_option("--series", flags->series.series, "Series of the model")
      ->check(CLI::Range(1, 100'000'000));
  app.add_option("--steps", flags->times.steps,
                 "Samples of each series (100); of a recording: all unless given")
      ->check(CLI::PositiveNumber);
  app.add_option("--step-ms", flags->times.step_ms, "Time between steps, ms (15000)")
      ->check(CLI::PositiveNumber);
  app.add_option("--start-ms", flags->times.start_ms,
                 "Timestamp of the first step, ms; 0 = so that the last is just past")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--batch", flags->sender.batch, "Series a request (2000)")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--connections", flags->connections, "Connections, each with its series (1)")
      ->check(CLI::Range(1, 64));
  app.add_option("--rate", flags->rate, "Samples a second; 0 = as fast as possible")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--churn", flags->series.churn, "Share of series replaced each step (0)")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--seed", flags->series.seed, "Seed of the model (1)");
  app.add_option("--profile", flags->profile, "mix, ints, floats or queries (mix)")
      ->check(CLI::IsMember({"mix", "ints", "floats", "queries"}));
  app.add_option("--trace", flags->trace, "A recording to send in place of the model");
  app.add_option("--label", flags->labels, "name=value added to every series; may repeat");
  app.add_option("--timeout", flags->timeout_s, "Seconds for a request with all its tries (30)")
      ->check(CLI::PositiveNumber);
  app.add_option("--turn-samples", flags->turn_samples,
                 "Halt after each so many samples until a line is read; 0 = never")
      ->check(CLI::NonNegativeNumber);
  app.add_flag("--json", flags->json_only, "No progress on standard error");
}

absl::Status Complete(PushFlags* flags) {
  for (const std::string& label : flags->labels) {
    const size_t equals = label.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return absl::InvalidArgumentError(StrCat("--label ", label, ": want name=value"));
    }
    flags->series.extra_labels.emplace_back(label.substr(0, equals), label.substr(equals + 1));
  }
  if (!flags->trace.empty()) {
    if (flags->connections != 1) {
      return absl::InvalidArgumentError("--trace is read in order: it takes one connection");
    }
    HEARTH_ASSIGN_OR_RETURN(const int64_t rounds, CountTraceRounds(flags->trace));
    flags->times.steps =
        flags->times.steps == 0 ? rounds : std::min<int64_t>(flags->times.steps, rounds);
  }
  if (flags->times.steps == 0) flags->times.steps = kStepsDefault;
  if (flags->turn_samples > 0 && flags->connections != 1) {
    return absl::InvalidArgumentError("--turn-samples is counted on one connection");
  }
  if (flags->connections > flags->series.series) {
    return absl::InvalidArgumentError("--connections exceeds --series");
  }
  if (flags->times.start_ms == 0) {
    flags->times.start_ms = SystemClock::Get().NowMs() - flags->times.steps * flags->times.step_ms;
  }
  flags->series.profile = *ParseProfile(flags->profile);
  flags->sender.url = flags->url;
  flags->sender.rate = flags->rate / flags->connections;
  flags->sender.timeout_ms = static_cast<TimeMs>(flags->timeout_s * 1000);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::unique_ptr<BatchSource>>> MakeSources(const PushFlags& flags,
                                                                      const SeriesModel& model) {
  std::vector<std::unique_ptr<BatchSource>> sources;
  if (!flags.trace.empty()) {
    HEARTH_ASSIGN_OR_RETURN(sources.emplace_back(),
                            NewTraceSource(flags.trace, flags.series.extra_labels, flags.times));
    return sources;
  }
  for (int i = 0; i < flags.connections; ++i) {
    const int64_t from = flags.series.series * i / flags.connections;
    const int64_t to = flags.series.series * (i + 1) / flags.connections;
    sources.push_back(NewModelSource(&model, from, to, flags.times));
  }
  return sources;
}

// Runs the senders; says every second how far they are. Returns the seconds it took.
double Push(const PushFlags& flags, const std::vector<std::unique_ptr<BatchSource>>& sources,
            PushTotals* totals) {
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
      if (flags.trace.empty()) {
        const auto all = static_cast<double>(flags.series.series * flags.times.steps);
        std::cerr << absl::StrFormat(", %.0f %%", 100 * static_cast<double>(sent) / all);
      }
      std::cerr << "\n";
    }
  }
  const double took = seconds();
  for (std::thread& thread : threads) thread.join();
  return took;
}

void Report(const PushTotals& totals, double seconds) {
  const nlohmann::ordered_json report = {
      {"samples", totals.samples.load()},
      {"requests", totals.requests.load()},
      {"retries", totals.retries.load()},
      {"failed", totals.failed.load()},
      {"seconds", seconds},
      {"body_bytes", totals.body_bytes.load()},
      {"newest_ms", totals.newest_ms.load()},
      {"first_error", totals.first_error()},
  };
  std::cout << report.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << std::endl;
}

int Main(PushFlags flags) {
  if (const absl::Status status = Complete(&flags); !status.ok()) {
    std::cerr << "push: " << status.message() << "\n";
    return 1;
  }
  const SeriesModel model(flags.series);
  const auto sources = MakeSources(flags, model);
  if (!sources.ok()) {
    std::cerr << "push: " << sources.status().message() << "\n";
    return 1;
  }
  std::optional<TurnGate> gate;
  if (flags.turn_samples > 0) {
    flags.sender.gate = &gate.emplace(flags.turn_samples, &std::cin, &std::cout);
  }
  PushTotals totals;
  double seconds = Push(flags, *sources, &totals);
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
