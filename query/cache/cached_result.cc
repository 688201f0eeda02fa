#include "query/cache/cached_result.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "model/status.h"

namespace hearth::promql {

bool CachedResult::MayKeep(const EvaluatedSteps& result) {
  // With one step, what was evaluated once and what was at each step look alike.
  return result.grid.count >= 2 && result.record.samples.by_step() &&
         result.record.notes.attributed() && result.record.dropped_names.distinct() &&
         std::all_of(result.series.begin(), result.series.end(),
                     [](const ResultSeries& series) { return series.histograms.empty(); });
}

CachedResult::CachedResult(const EvaluatedSteps& result, uint64_t moment)
    : grid_(result.grid),
      looks_ahead_(result.looks_ahead),
      moment_(moment),
      record_(result.record) {
  series_.reserve(result.series.size());
  for (const ResultSeries& series : result.series) series_.push_back(Pack(series));
  bytes_ = CountBytes();
}

CachedResult::Series CachedResult::Pack(const ResultSeries& series) const {
  Series packed;
  packed.labels = series.labels;
  packed.v.reserve(series.floats.size());
  for (const Sample& sample : series.floats) {
    const auto step = static_cast<uint32_t>((sample.t - grid_.start) / grid_.step);
    if (packed.runs.empty() || packed.runs.back().first + packed.runs.back().count != step) {
      packed.runs.push_back({step, 0});
    }
    ++packed.runs.back().count;
    packed.v.push_back(sample.v);
  }
  packed.runs.shrink_to_fit();
  return packed;
}

void CachedResult::Unpack(const Series& series, const Steps& steps,
                          std::vector<Sample>* out) const {
  const size_t end = steps.first + steps.count;
  const double* v = series.v.data();
  for (const Run& run : series.runs) {
    const size_t run_end = size_t{run.first} + run.count;
    for (size_t step = std::max<size_t>(run.first, steps.first); step < std::min(run_end, end);
         ++step) {
      out->push_back({grid_.at(step), v[step - run.first]});
    }
    v += run.count;
  }
}

size_t CachedResult::CountBytes() const {
  size_t bytes = sizeof(*this) + record_.samples.bytes() + record_.notes.bytes() +
                 record_.dropped_names.bytes();
  for (const Series& series : series_) {
    bytes += sizeof(series) + series.labels.bytes().size() + series.runs.size() * sizeof(Run) +
             series.v.size() * sizeof(double);
  }
  return bytes;
}

CachedResult::Steps CachedResult::Holding(const Grid& wanted, TimeMs from) const {
  if (wanted.start < grid_.start || wanted.start > grid_.last()) return {};
  Steps steps;
  steps.first = static_cast<size_t>((wanted.start - grid_.start) / grid_.step);
  const size_t end = std::min(grid_.count, steps.first + wanted.count);
  // A step sees samples up to looks_ahead_ after it. Times are too small to overflow.
  const auto holds = [&](size_t step) { return grid_.at(step) + looks_ahead_ < from; };
  size_t low = steps.first, high = end;  // Steps below `low` hold, from `high` on none does.
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    holds(middle) ? low = middle + 1 : high = middle;
  }
  steps.count = low - steps.first;
  return steps;
}

std::vector<ResultSeries> CachedResult::JoinSeries(const Steps& steps,
                                                   std::vector<ResultSeries>* late) const {
  std::vector<ResultSeries> joined;
  joined.reserve(series_.size() + late->size());
  auto more = late->begin();
  for (const Series& series : series_) {
    while (more != late->end() && more->labels < series.labels)
      joined.push_back(std::move(*more++));
    const bool both = more != late->end() && more->labels == series.labels;
    const size_t more_points = both ? more->floats.size() : 0;
    std::vector<Sample> floats;
    floats.reserve(std::min(series.v.size(), steps.count) + more_points);
    Unpack(series, steps, &floats);
    if (both) {
      floats.insert(floats.end(), more->floats.begin(), more->floats.end());
      ++more;
    }
    if (floats.empty()) continue;
    ResultSeries& result = joined.emplace_back();
    result.labels = series.labels;
    result.floats = std::move(floats);
  }
  std::move(more, late->end(), std::back_inserter(joined));
  return joined;
}

absl::StatusOr<std::optional<EvaluatedSteps>> CachedResult::Join(const Steps& steps,
                                                                 EvaluatedSteps* late,
                                                                 ByteAccount* bytes) const {
  std::vector<ResultSeries> none;
  const SampleLedger* const late_samples = late == nullptr ? nullptr : &late->record.samples;
  std::optional<SampleLedger> samples =
      SampleLedger::Joined(record_.samples, steps.first, steps.count, late_samples);
  Annotations notes = record_.notes.From(at(steps.first));
  DroppedNames names = record_.dropped_names;
  bool fit = samples.has_value();
  if (late != nullptr) {
    notes.Merge(late->record.notes);
    fit = fit && notes.attributed() && names.Merge(late->record.dropped_names);
    for (const ResultSeries& series : late->series) fit = fit && series.histograms.empty();
  }
  if (!fit) return std::nullopt;
  size_t size = 0;
  for (const Series& series : series_) {
    size += sizeof(ResultSeries) + series.labels.bytes().size() +
            std::min(series.v.size(), steps.count) * sizeof(Sample);
  }
  HEARTH_RETURN_IF_ERROR(bytes->Charge(static_cast<int64_t>(size)));
  const Grid grid = {.start = at(steps.first),
                     .step = grid_.step,
                     .count = steps.count + (late == nullptr ? 0 : late->grid.count)};
  return EvaluatedSteps{.grid = grid,
                        .looks_ahead = looks_ahead_,
                        .series = JoinSeries(steps, late == nullptr ? &none : &late->series),
                        .record = {*std::move(samples), std::move(notes), std::move(names)}};
}

}  // namespace hearth::promql
