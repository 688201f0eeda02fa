// tools/bench/load.h
//
// Which load: the flags that push and readback share, and the sources that they give. The same
// flags give the same samples.
//
// Thread safety: plain data; a Load belongs to one thread, its sources to one each.
#ifndef HEARTH_TOOLS_BENCH_LOAD_H_
#define HEARTH_TOOLS_BENCH_LOAD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "CLI/App.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/bench/batch_source.h"
#include "tools/bench/series.h"

namespace hearth::bench {

struct LoadOptions {
  SeriesOptions series;
  StepTimes times{0, 15'000, 0};  // steps and start_ms: 0 = not given.
  std::string profile = "mix";
  std::string trace;
  std::vector<std::string> labels;
};

// --series, --steps, --step-ms, --start-ms, --churn, --seed, --profile, --trace, --label.
void AddLoadFlags(CLI::App& app, LoadOptions* options);

class Load {
 public:
  // Fills in what was not given. kInvalidArgument for flags that contradict each other; for a
  // recording the errors of CountTraceRounds.
  static absl::StatusOr<Load> Create(LoadOptions options);

  // `count` sources with a part of the series each; of a recording one. They point into this
  // object. kInvalidArgument when there cannot be so many.
  absl::StatusOr<std::vector<std::unique_ptr<BatchSource>>> Sources(int count) const;

  const StepTimes& times() const { return options_.times; }
  // 0: not known before it was read.
  int64_t samples() const {
    return options_.trace.empty() ? options_.series.series * options_.times.steps : 0;
  }

 private:
  explicit Load(LoadOptions options);

  LoadOptions options_;
  std::unique_ptr<SeriesModel> model_;
};

}  // namespace hearth::bench

#endif  // HEARTH_TOOLS_BENCH_LOAD_H_
