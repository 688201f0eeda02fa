#include "api/v1/query_stats.h"

#include <utility>

namespace hearth {

void WriteQueryStats(const promql::QueryStats& stats, const promql::QueryRequest& request,
                     JsonWriter* json) {
  const promql::QueryTimings& timings = stats.timings;
  const std::pair<const char*, double> rows[] = {
      {"evalTotalTime", timings.eval_s},
      {"resultSortTime", timings.result_sort_s.value_or(0)},
      {"queryPreparationTime", timings.prepare_s.value_or(0)},
      {"innerEvalTime", timings.inner_eval_s.value_or(0)},
      {"execQueueTime", timings.queue_s},
      {"execTotalTime", timings.total_s},
  };
  json->BeginObject().Key("timings").BeginObject();
  for (const auto& [name, seconds] : rows) json->Key(name).Number(seconds);
  json->EndObject().Key("samples").BeginObject();
  if (!stats.reads_by_step.empty()) {
    json->Key("totalQueryableSamplesPerStep").BeginArray();
    TimeMs t = request.start_ms;
    for (const int64_t reads : stats.reads_by_step) {
      json->BeginArray().Number(static_cast<double>(t) / 1000).Int(reads).EndArray();
      t += request.step_ms;
    }
    json->EndArray();
  }
  json->Key("totalQueryableSamples").Int(stats.samples_read);
  json->Key("peakSamples").Int(stats.peak_samples).EndObject().EndObject();
}

}  // namespace hearth
