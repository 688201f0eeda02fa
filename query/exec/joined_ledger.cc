// The ledger of a query from those of its earlier and its later steps.
#include <algorithm>
#include <numeric>

#include "query/exec/sample_ledger.h"

namespace hearth::promql {
namespace {

// Appends `count` steps from `first` on. Steps that are not there have counted nothing.
template <typename T>
void AppendSteps(const std::vector<T>& from, size_t first, size_t count, std::vector<T>* to) {
  const size_t begin = std::min(first, from.size()), end = std::min(first + count, from.size());
  const size_t size = to->size();
  to->insert(to->end(), from.begin() + static_cast<std::ptrdiff_t>(begin),
             from.begin() + static_cast<std::ptrdiff_t>(end));
  to->resize(size + count);
}

}  // namespace

std::optional<SampleLedger::Node> SampleLedger::JoinedNode(const SampleLedger& early,
                                                           const Node& node, size_t first,
                                                           size_t count, const SampleLedger* late,
                                                           const Node* more) {
  if (more != nullptr && (more->rule != node.rule || more->reads != node.reads ||
                          more->inputs != node.inputs || more->scalar != node.scalar)) {
    return std::nullopt;
  }
  Node joined = node;
  joined.finished = false;
  joined.peak = joined.kept = 0;
  // What is evaluated once counts the same whatever the steps.
  if (node.steps == 1) {
    return more == nullptr || more->steps == 1 ? std::optional(std::move(joined)) : std::nullopt;
  }
  const size_t more_steps = more == nullptr ? 0 : more->steps;
  if (node.steps != early.steps_ || (late != nullptr && more_steps != late->steps_)) {
    return std::nullopt;
  }
  joined.steps = count + more_steps;
  joined.present.clear();
  joined.window_steps.clear();
  joined.window_max.clear();
  AppendSteps(node.present, first, count, &joined.present);
  AppendSteps(node.window_steps, first, count, &joined.window_steps);
  AppendSteps(node.window_max, first, count, &joined.window_max);
  if (more != nullptr) {
    AppendSteps(more->present, 0, more_steps, &joined.present);
    AppendSteps(more->window_steps, 0, more_steps, &joined.window_steps);
    AppendSteps(more->window_max, 0, more_steps, &joined.window_max);
  }
  joined.total = joined.scalar
                     ? static_cast<int64_t>(joined.steps)
                     : std::accumulate(joined.present.begin(), joined.present.end(), int64_t{0});
  joined.in_windows =
      std::accumulate(joined.window_steps.begin(), joined.window_steps.end(), int64_t{0});
  joined.largest_window = *std::max_element(joined.window_max.begin(), joined.window_max.end());
  joined.last_window = joined.window_max.back();
  return joined;
}

std::optional<SampleLedger> SampleLedger::Joined(const SampleLedger& early, size_t first,
                                                 size_t count, const SampleLedger* late) {
  if (late != nullptr && late->nodes_.size() != early.nodes_.size()) return std::nullopt;
  SampleLedger joined(early.max_, count + (late == nullptr ? 0 : late->steps_), /*by_step=*/true);
  for (size_t i = 0; i < early.nodes_.size(); ++i) {
    std::optional<Node> node = JoinedNode(early, early.nodes_[i], first, count, late,
                                          late == nullptr ? nullptr : &late->nodes_[i]);
    if (!node) return std::nullopt;
    joined.nodes_.push_back(*std::move(node));
  }
  return joined;
}

}  // namespace hearth::promql
