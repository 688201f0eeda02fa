// Aggregations that fold, and count_values.
#include <array>
#include <map>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "model/float_text.h"
#include "model/status.h"
#include "model/text.h"
#include "query/exec/aggregate.h"
#include "query/exec/blocking.h"
#include "query/exec/grouping.h"

namespace hearth::promql {
namespace {

class Fold : public Materialised {
 public:
  Fold(const AggregateExpr& aggregate, VectorPtr child)
      : Materialised(child->grid()),
        aggregate_(aggregate),
        kernel_(aggregate.aggregation->kernel.fold),
        child_(std::move(child)) {}

  absl::Status PrepareSeries(QueryContext* ctx) override {
    HEARTH_RETURN_IF_ERROR(child_->Prepare(ctx));
    HEARTH_RETURN_IF_ERROR(grouping_.Build(child_->series(), aggregate_, &bytes_));
    series_ = grouping_.groups();
    node_ = ctx->samples.Add(CountRule::kFolded, ReadRule::kNothing, steps(), {child_->node()});
    // A shard has states for the groups that it meets.
    std::array<std::vector<States>, kShards> states;
    std::vector<ByteCharge> charges;
    for (size_t shard = 0; shard < kShards; ++shard) charges.emplace_back(&ctx->bytes);
    const size_t state_bytes = kernel_.state_bytes * steps();
    HEARTH_RETURN_IF_ERROR(
        ForEachColumn(*child_, ctx, [&](size_t shard, size_t i, Worker*, StepColumn* column) {
          if (states[shard].empty()) {
            HEARTH_RETURN_IF_ERROR(charges[shard].Add(series_.size() * sizeof(States)));
            states[shard].resize(series_.size());
          }
          States& group = states[shard][grouping_.group_of(i)];
          if (group.empty()) {
            HEARTH_RETURN_IF_ERROR(charges[shard].Add(state_bytes));
            group.resize(state_bytes / sizeof(double), 0);
          }
          kernel_.add(*column, group.data());
          return absl::OkStatus();
        }));
    HEARTH_RETURN_IF_ERROR(bytes_.Add(ColumnBytes(series_.size(), steps())));
    columns_.resize(series_.size());
    for (size_t g = 0; g < series_.size(); ++g) {
      if ((g & 63) == 0) HEARTH_RETURN_IF_ERROR(ctx->limits.Check("expression evaluation"));
      Finish(g, &states);
    }
    return absl::OkStatus();
  }

 private:
  using States = std::vector<double>;

  void Finish(size_t group, std::array<std::vector<States>, kShards>* states) {
    columns_[group].Reset(steps());
    States merged;
    for (std::vector<States>& shard : *states) {
      if (shard.empty() || shard[group].empty()) continue;
      if (merged.empty()) {
        merged = std::move(shard[group]);
      } else {
        kernel_.merge(shard[group].data(), steps(), merged.data());
      }
      States().swap(shard[group]);
    }
    if (!merged.empty()) kernel_.finish(merged.data(), &columns_[group]);
  }

  const AggregateExpr& aggregate_;
  const FoldKernel& kernel_;
  const VectorPtr child_;
  Grouping grouping_;
};

class CountValues : public Materialised {
 public:
  CountValues(const AggregateExpr& aggregate, VectorPtr child)
      : Materialised(child->grid()), aggregate_(aggregate), child_(std::move(child)) {}

  absl::Status PrepareSeries(QueryContext* ctx) override {
    const std::string& label = As<StringLiteral>(WithoutParens(*aggregate_.param)).value;
    if (label.empty() || !IsValidUtf8(label)) {
      std::string quoted;
      AppendQuoted(label, &quoted);
      return absl::FailedPreconditionError(StrCat("invalid label name ", quoted));
    }
    HEARTH_RETURN_IF_ERROR(child_->Prepare(ctx));
    HEARTH_RETURN_IF_ERROR(grouping_.Build(child_->series(), aggregate_, &bytes_));
    node_ = ctx->samples.Add(CountRule::kStepped, ReadRule::kNothing, steps(), {child_->node()});
    std::vector<StepColumn> inputs;
    ByteCharge charge(&ctx->bytes);
    HEARTH_RETURN_IF_ERROR(Materialise(*child_, ctx, &inputs, &charge));
    // The label is set before the series are grouped, so that `without` may take it away again.
    std::string kept;
    GroupLabels(Labels{{label, "x"}}, aggregate_.grouping, aggregate_.without, &kept);
    const bool shows_value = !aggregate_.without || !kept.empty();
    // Ordered by fingerprint, which is the order of the output.
    std::map<hearth::Fingerprint, std::pair<SeriesMeta, StepColumn>> outputs;
    uint32_t ticks = 0;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const SeriesMeta& group = grouping_.groups()[grouping_.group_of(i)];
      for (size_t step = 0; step < steps(); ++step) {
        if ((ticks++ & 1023) == 0) {
          HEARTH_RETURN_IF_ERROR(ctx->limits.Check("expression evaluation"));
        }
        if (!inputs[i].ok[step]) continue;
        LabelsBuilder labels_of(group.labels);
        if (shows_value) labels_of.Set(label, FixedFloatText(inputs[i].v[step]));
        const Labels labels = labels_of.Build();
        const hearth::Fingerprint fingerprint = labels.Fingerprint();
        auto [it, is_new] = outputs.try_emplace(fingerprint);
        auto& [meta, column] = it->second;
        if (is_new) {
          HEARTH_RETURN_IF_ERROR(
              bytes_.Add(ColumnBytes(1, steps()) + labels.bytes().size() + kOutputBytes));
          meta = {arena_.Add(labels), fingerprint, group.drop_name};
          column.Reset(steps());
        }
        column.Set(step, column.ok[step] ? column.v[step] + 1 : 1);
      }
    }
    for (auto& [fingerprint, output] : outputs) {
      series_.push_back(output.first);
      columns_.push_back(std::move(output.second));
    }
    return absl::OkStatus();
  }

 private:
  // Of an output in the map and in the lists.
  static constexpr size_t kOutputBytes = 200;

  const AggregateExpr& aggregate_;
  const VectorPtr child_;
  Grouping grouping_;
  LabelArena arena_;
};

}  // namespace

VectorPtr NewFold(const AggregateExpr& aggregate, VectorPtr child) {
  return std::make_unique<Fold>(aggregate, std::move(child));
}
VectorPtr NewCountValues(const AggregateExpr& aggregate, VectorPtr child) {
  return std::make_unique<CountValues>(aggregate, std::move(child));
}

}  // namespace hearth::promql
