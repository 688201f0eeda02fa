#include "query/functions/column.h"

#include <iterator>
#include <utility>

namespace hearth::promql {

bool StepColumn::Add(StepColumn* other) {
  for (size_t step = 0; step < other->steps(); ++step) {
    if (!other->ok[step]) continue;
    if (ok[step]) return false;
    Set(step, other->v[step]);
  }
  if (histograms.empty() && other->histograms.empty()) return true;
  std::vector<StepHistogram> both;
  both.reserve(histograms.size() + other->histograms.size());
  std::merge(std::make_move_iterator(histograms.begin()), std::make_move_iterator(histograms.end()),
             std::make_move_iterator(other->histograms.begin()),
             std::make_move_iterator(other->histograms.end()), std::back_inserter(both),
             [](const StepHistogram& a, const StepHistogram& b) { return a.step < b.step; });
  histograms = std::move(both);
  for (size_t i = 0; i < histograms.size(); ++i) {
    const size_t step = histograms[i].step;
    if (ok[step] || (i > 0 && histograms[i - 1].step == step)) return false;
  }
  return true;
}

}  // namespace hearth::promql
