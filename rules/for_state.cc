#include "rules/for_state.h"

#include <array>
#include <cmath>
#include <memory>
#include <vector>

#include "model/matcher.h"
#include "model/status.h"
#include "rules/alert_series.h"

namespace hearth {
namespace {

// Seconds that a sample can hold and that fit milliseconds.
constexpr double kMaxSeconds = 1e12;

}  // namespace

absl::StatusOr<ForStates> ReadForStates(const Queryable& storage, std::string_view alertname,
                                        TimeRange range) {
  HEARTH_ASSIGN_OR_RETURN(const std::unique_ptr<Querier> querier, storage.NewQuerier(range));
  const std::array<SelectRequest, 1> requests = {
      SelectRequest{{Matcher::Equal(kMetricNameLabel, kAlertsForStateMetric),
                     Matcher::Equal(kAlertNameLabel, alertname)},
                    range}};
  HEARTH_ASSIGN_OR_RETURN(const auto sets, querier->Select(requests));
  const SeriesSet& set = *sets.front();
  ForStates states;
  SampleColumns columns;
  for (size_t i = 0; i < set.size(); ++i) {
    HEARTH_RETURN_IF_ERROR(set.Read(i, range, &columns));
    if (columns.v.empty() || !(std::abs(columns.v.back()) < kMaxSeconds)) continue;
    LabelsBuilder builder(set.labels(i));
    builder.Del(kMetricNameLabel);
    states[builder.Build()] = {FloorToSeconds(columns.t.back()) * 1000,
                               static_cast<TimeMs>(columns.v.back()) * 1000};
  }
  return states;
}

TimeMs RestoredActiveAt(const ForState& state, TimeMs ts, TimeMs for_ms, TimeMs grace_ms) {
  const TimeMs remaining = for_ms - (state.down_at_ms - state.active_at_ms);
  if (remaining <= 0) return state.active_at_ms;  // It fired; the next evaluation says so again.
  if (remaining < grace_ms) return ts + grace_ms - for_ms;
  return state.active_at_ms + (ts - state.down_at_ms);
}

}  // namespace hearth
