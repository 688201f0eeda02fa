#include "query/exec/sample_ledger.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace hearth::promql {

absl::Status TooManySamples() {
  return absl::ResourceExhaustedError(
      "query processing would load too many samples into memory in query execution");
}

int64_t SamplesOf(const Histogram& histogram) {
  constexpr size_t kTimeBytes = 8, kFieldBytes = 168, kItemBytes = 8, kSampleBytes = 16;
  const size_t items = histogram.positive_spans.size() + histogram.negative_spans.size() +
                       histogram.positive_buckets.size() + histogram.negative_buckets.size() +
                       histogram.custom_values.size();
  return static_cast<int64_t>((kTimeBytes + kFieldBytes + items * kItemBytes) / kSampleBytes);
}

void Tally::Begin(size_t steps) {
  recent_.assign(steps, 0);
  present_.assign(steps, 0);
}

void Tally::AddBytes(const uint8_t* from, size_t n, uint8_t* to) {
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    uint64_t a, b;
    std::memcpy(&a, from + i, sizeof(a));
    std::memcpy(&b, to + i, sizeof(b));
    b += a;
    std::memcpy(to + i, &b, sizeof(b));
  }
  for (; i < n; ++i) to[i] = static_cast<uint8_t>(to[i] + from[i]);
}

void Tally::Flush() {
  for (size_t step = 0; step < recent_.size(); ++step) {
    present_[step] += recent_[step];
    total_ += recent_[step];
  }
  std::fill(recent_.begin(), recent_.end(), uint8_t{0});
  columns_ = 0;
}

void Tally::CountHistogram(size_t step, const Histogram& histogram) {
  const int64_t samples = SamplesOf(histogram);
  present_[step] += static_cast<uint32_t>(samples);
  total_ += samples;
}

void Tally::CountWindowSteps(std::span<const uint32_t> begin, std::span<const uint32_t> end) {
  window_steps_.resize(begin.size());
  window_max_.resize(begin.size());
  for (size_t step = 0; step < begin.size(); ++step) {
    const uint32_t samples = end[step] - begin[step];
    window_steps_[step] += samples;
    window_max_[step] = std::max(window_max_[step], samples);
  }
}

CountNode SampleLedger::Add(CountRule rule, ReadRule reads, size_t steps,
                            std::vector<CountNode> inputs) {
  Node& node = nodes_.emplace_back();
  node.rule = rule;
  node.reads = reads;
  node.steps = steps;
  node.inputs = std::move(inputs);
  return static_cast<CountNode>(nodes_.size() - 1);
}

CountNode SampleLedger::AddScalar(CountRule rule, size_t steps, std::vector<CountNode> inputs) {
  const CountNode id = Add(rule, ReadRule::kNothing, steps, std::move(inputs));
  nodes_[id].scalar = true;
  nodes_[id].total = static_cast<int64_t>(steps);
  return id;
}

absl::Status SampleLedger::CountLeaf(CountNode node, int64_t n) {
  nodes_[node].total += n;
  return nodes_[node].total > max_ ? TooManySamples() : absl::OkStatus();
}

void SampleLedger::Absorb(CountNode id, Tally* tally) {
  tally->Flush();
  Node& node = nodes_[id];
  node.present.resize(std::max(node.present.size(), tally->present_.size()));
  for (size_t step = 0; step < tally->present_.size(); ++step) {
    node.present[step] += tally->present_[step];
  }
  node.total += tally->total_;
  node.in_windows += tally->in_windows_;
  node.largest_window = std::max(node.largest_window, tally->largest_window_);
  node.last_window = std::max(node.last_window, tally->last_window_);
  node.window_steps.resize(std::max(node.window_steps.size(), tally->window_steps_.size()));
  node.window_max.resize(node.window_steps.size());
  for (size_t step = 0; step < tally->window_steps_.size(); ++step) {
    node.window_steps[step] += tally->window_steps_[step];
    node.window_max[step] = std::max(node.window_max[step], tally->window_max_[step]);
  }
}

absl::Status SampleLedger::CheckSeen(const Tally& tally) const {
  return tally.total_ > max_ ? TooManySamples() : absl::OkStatus();
}

absl::Status SampleLedger::Finish(CountNode id) {
  FinishNode(&nodes_[id]);
  peak_ = std::max(peak_, nodes_[id].peak);
  return peak_ > max_ ? TooManySamples() : absl::OkStatus();
}

absl::Status SampleLedger::FinishAll() {
  for (CountNode id = 0; id < nodes_.size(); ++id) Finish(id).IgnoreError();
  return peak_ > max_ ? TooManySamples() : absl::OkStatus();
}

size_t SampleLedger::bytes() const {
  size_t bytes = sizeof(*this);
  for (const Node& node : nodes_) {
    bytes += sizeof(node) + node.inputs.size() * sizeof(CountNode) +
             (node.present.size() + node.window_max.size()) * sizeof(uint32_t) +
             node.window_steps.size() * sizeof(int64_t);
  }
  return bytes;
}

// By how much the windows of the series that comes last exceed the values that came of it.
int64_t SampleLedger::WindowExcess(const Node& node) {
  const int64_t valued = std::count_if(node.present.begin(), node.present.end(),
                                       [](uint32_t present) { return present > 0; });
  return std::max<int64_t>(node.largest_window - valued, node.last_window);
}

// With `held` of inputs, the values of one step of all inputs are copied, and results grow.
int64_t SampleLedger::SteppedPeak(const Node& node, int64_t held) const {
  int64_t peak = 0, results = 0;
  for (size_t step = 0; step < node.steps; ++step) {
    int64_t copied = node.rule == CountRule::kTimes ? node.at(step) : 0;
    for (const CountNode input : node.inputs) copied += nodes_[input].at(step);
    peak = std::max(peak, held + results + copied + node.at(step));
    results += node.at(step);
  }
  return peak;
}

void SampleLedger::FinishNode(Node* node) {
  if (node->finished) return;
  node->finished = true;
  int64_t held = 0;
  for (const CountNode id : node->inputs) {
    FinishNode(&nodes_[id]);
    node->peak = std::max(node->peak, held + nodes_[id].peak);
    held += nodes_[id].kept;
  }
  const Node* const first = node->inputs.empty() ? nullptr : &nodes_[node->inputs[0]];
  node->kept = node->total;
  switch (node->rule) {
    case CountRule::kFree:
      node->present.clear();
      node->kept = node->total = 0;
      break;
    case CountRule::kLeaf:
    case CountRule::kFolded:
      break;
    case CountRule::kStepped:
    case CountRule::kTimes:
      node->peak = std::max(node->peak, SteppedPeak(*node, held));
      break;
    case CountRule::kInPlace:
      node->kept = held;
      break;
    case CountRule::kRepeated:
      node->kept = held + node->total - first->total;
      break;
    case CountRule::kWindows: {
      // A subquery comes first; what it gave is let go, scalar arguments are not.
      const int64_t points = first != nullptr && !first->scalar ? first->kept : 0;
      node->peak = std::max(node->peak, held + node->total + WindowExcess(*node));
      node->kept = held - points + node->total;
      break;
    }
  }
  node->peak = std::max(node->peak, node->kept);
}

int64_t SampleLedger::Reads(const Node& node) const {
  return node.reads == ReadRule::kNothing   ? 0
         : node.reads == ReadRule::kResults ? node.total
                                            : node.in_windows;
}

// What does not change from step to step was evaluated once, and counts at every step.
int64_t SampleLedger::TotalReads() const {
  int64_t total = 0;
  for (const Node& node : nodes_) {
    const bool once = node.steps == 1 && steps_ > 1;
    total += Reads(node) * (once ? static_cast<int64_t>(steps_) : 1);
  }
  return total;
}

std::vector<int64_t> SampleLedger::ReadsByStep() const {
  if (steps_ == 1) return {TotalReads()};
  std::vector<int64_t> reads(steps_, 0);
  for (const Node& node : nodes_) {
    if (node.reads == ReadRule::kNothing) continue;
    for (size_t step = 0; step < steps_; ++step) {
      if (node.steps == 1) {
        reads[step] += Reads(node);
      } else if (node.reads == ReadRule::kResults) {
        reads[step] += node.at(step);
      } else if (step < node.window_steps.size()) {
        reads[step] += node.window_steps[step];
      }
    }
  }
  return reads;
}

}  // namespace hearth::promql
