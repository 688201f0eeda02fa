// tools/bench/batch_source.h
//
// Where a sender gets its samples from: the model's steps, or a recording. Each sender has a source
// of its own, and no series is in two of them, so samples of a series stay in order.
//
// Thread safety: a source belongs to one thread.
#ifndef HEARTH_TOOLS_BENCH_BATCH_SOURCE_H_
#define HEARTH_TOOLS_BENCH_BATCH_SOURCE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/clock.h"
#include "tools/bench/series.h"
#include "tools/bench/write_body.h"

namespace hearth::bench {

class BatchSource {
 public:
  virtual ~BatchSource() = default;
  // Adds up to `samples_max` samples of one step to an empty body; none at the end.
  virtual absl::Status Next(int samples_max, WriteBody* body) = 0;
};

struct StepTimes {
  TimeMs start_ms = 0;  // Of the first step.
  TimeMs step_ms = 15'000;
  int64_t steps = 0;
};

// Series [from, to) of the model. Borrows the model. Building the slice takes about two
// microseconds a series.
std::unique_ptr<BatchSource> NewModelSource(const SeriesModel* model, int64_t from, int64_t to,
                                            StepTimes times);

// The recording, each round of scrapes one step, at most times.steps of them. Labels job and
// instance say the target, as a scrape would: labels of these names move to exported_<name>.
// `extra_labels` replace labels of the same name. Errors of Next: those of TraceReader;
// kInvalidArgument for a body that is no exposition.
absl::StatusOr<std::unique_ptr<BatchSource>> NewTraceSource(
    const std::string& path, std::vector<std::pair<std::string, std::string>> extra_labels,
    StepTimes times);

}  // namespace hearth::bench

#endif  // HEARTH_TOOLS_BENCH_BATCH_SOURCE_H_
