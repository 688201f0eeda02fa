#include "tools/bench/load.h"

#include <algorithm>
#include <utility>

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "model/status.h"
#include "model/text.h"
#include "tools/bench/trace_reader.h"

namespace hearth::bench {

namespace {

constexpr int64_t kStepsDefault = 100;

}  // namespace

void AddLoadFlags(CLI::App& app, LoadOptions* options) {
  app.add_option("--series", options->series.series, "Series of the model")
      ->check(CLI::Range(1, 100'000'000));
  app.add_option("--steps", options->times.steps,
                 "Samples of each series (100); of a recording: all unless given")
      ->check(CLI::PositiveNumber);
  app.add_option("--step-ms", options->times.step_ms, "Time between steps, ms (15000)")
      ->check(CLI::PositiveNumber);
  app.add_option("--start-ms", options->times.start_ms,
                 "Timestamp of the first step, ms; 0 = so that the last is just past")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--churn", options->series.churn, "Share of series replaced each step (0)")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--seed", options->series.seed, "Seed of the model (1)");
  app.add_option("--profile", options->profile, "mix, ints, floats or queries (mix)")
      ->check(CLI::IsMember({"mix", "ints", "floats", "queries"}));
  app.add_option("--trace", options->trace, "A recording in place of the model");
  app.add_option("--label", options->labels, "name=value added to every series; may repeat");
}

Load::Load(LoadOptions options)
    : options_(std::move(options)), model_(std::make_unique<SeriesModel>(options_.series)) {}

absl::StatusOr<Load> Load::Create(LoadOptions options) {
  for (const std::string& label : options.labels) {
    const size_t equals = label.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return absl::InvalidArgumentError(StrCat("--label ", label, ": want name=value"));
    }
    options.series.extra_labels.emplace_back(label.substr(0, equals), label.substr(equals + 1));
  }
  StepTimes& times = options.times;
  if (!options.trace.empty()) {
    HEARTH_ASSIGN_OR_RETURN(const int64_t rounds, CountTraceRounds(options.trace));
    times.steps = times.steps == 0 ? rounds : std::min<int64_t>(times.steps, rounds);
  }
  if (times.steps == 0) times.steps = kStepsDefault;
  if (times.start_ms == 0) {
    times.start_ms = SystemClock::Get().NowMs() - times.steps * times.step_ms;
  }
  options.series.profile = *ParseProfile(options.profile);
  return Load(std::move(options));
}

absl::StatusOr<std::vector<std::unique_ptr<BatchSource>>> Load::Sources(int count) const {
  std::vector<std::unique_ptr<BatchSource>> sources;
  if (!options_.trace.empty()) {
    if (count != 1) {
      return absl::InvalidArgumentError("--trace is read in order: it takes one connection");
    }
    HEARTH_ASSIGN_OR_RETURN(
        sources.emplace_back(),
        NewTraceSource(options_.trace, options_.series.extra_labels, options_.times));
    return sources;
  }
  if (count > options_.series.series) {
    return absl::InvalidArgumentError("--connections exceeds --series");
  }
  for (int i = 0; i < count; ++i) {
    const int64_t from = options_.series.series * i / count;
    const int64_t to = options_.series.series * (i + 1) / count;
    sources.push_back(NewModelSource(model_.get(), from, to, options_.times));
  }
  return sources;
}

}  // namespace hearth::bench
