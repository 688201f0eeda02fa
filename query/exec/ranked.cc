// Aggregations that need all values of a step at once: topk, bottomk, limitk, limit_ratio,
// quantile.
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "model/status.h"
#include "model/text.h"
#include "query/exec/aggregate.h"
#include "query/exec/blocking.h"
#include "query/exec/grouping.h"
#include "query/functions/quantile.h"
#include "query/parse/literals.h"

namespace hearth::promql {
namespace {

class Ranked : public Materialised {
 public:
  Ranked(const AggregateExpr& aggregate, VectorPtr child, ScalarPtr param)
      : Materialised(child->grid()),
        aggregate_(aggregate),
        kernel_(aggregate.aggregation->kernel),
        child_(std::move(child)),
        param_(std::move(param)) {}

  absl::Status PrepareSeries(QueryContext* ctx) override {
    HEARTH_RETURN_IF_ERROR(param_->Prepare(ctx));
    HEARTH_RETURN_IF_ERROR(CheckParameter(ctx));
    HEARTH_RETURN_IF_ERROR(child_->Prepare(ctx));
    HEARTH_RETURN_IF_ERROR(grouping_.Build(child_->series(), aggregate_, &bytes_));
    members_.resize(grouping_.groups().size());
    for (size_t i = 0; i < child_->series().size(); ++i) {
      members_[grouping_.group_of(i)].push_back(static_cast<uint32_t>(i));
    }
    node_ = ctx->samples.Add(CountRule::kFolded, ReadRule::kNothing, steps(),
                             {param_->node(), child_->node()});
    HEARTH_RETURN_IF_ERROR(Materialise(*child_, ctx, &columns_, &bytes_));
    if (kernel_.shape == AggregationShape::kQuantile) return ComputeQuantiles(ctx);
    series_ = child_->series();
    for (const std::vector<uint32_t>& group : members_) {
      for (size_t step = 0; step < steps(); ++step) {
        if ((step & 63) == 0) HEARTH_RETURN_IF_ERROR(ctx->limits.Check("expression evaluation"));
        Choose(group, step);
      }
    }
    return absl::OkStatus();
  }

  std::vector<uint32_t> DisplayOrder() const override {
    if (kernel_.shape != AggregationShape::kRank || steps() != 1) {
      return VectorOperator::DisplayOrder();
    }
    std::vector<uint32_t> order;
    for (const std::vector<uint32_t>& group : members_) {
      const size_t begin = order.size();
      for (uint32_t i : group) {
        if (columns_[i].ok[0]) order.push_back(i);
      }
      std::stable_sort(order.begin() + static_cast<std::ptrdiff_t>(begin), order.end(),
                       [&](uint32_t a, uint32_t b) { return Before(a, b, 0); });
    }
    return order;
  }

 private:
  absl::Status CheckParameter(QueryContext* ctx) const {
    const PositionRange pos = aggregate_.param->pos;
    const bool ratio = kernel_.shape == AggregationShape::kRatio;
    for (double p : param_->values()) {
      if (kernel_.shape == AggregationShape::kQuantile) {
        if (!(p >= 0 && p <= 1)) ctx->notes.InvalidQuantile(p, pos);
        continue;
      }
      if (std::isnan(p)) {
        return absl::FailedPreconditionError(ratio ? "Ratio value is NaN"
                                                   : "Parameter value is NaN");
      }
      if (ratio) {
        if (std::fabs(p) > 1) ctx->notes.InvalidRatio(p, p > 0 ? 1 : -1, pos);
      } else if (std::fabs(p) >= 9223372036854775808.0) {
        return absl::FailedPreconditionError(
            StrCat("Scalar value ", ShortNumberText(p), " overflows int64"));
      }
    }
    return absl::OkStatus();
  }

  // Rank order of two present values; NaN comes last.
  bool Before(uint32_t a, uint32_t b, size_t step) const {
    const double x = columns_[a].v[step], y = columns_[b].v[step];
    if (std::isnan(x) || std::isnan(y)) return !std::isnan(x) && std::isnan(y);
    return kernel_.largest ? x > y : x < y;
  }

  // Clears what is not chosen at `step`. Ties go to the series that comes first.
  void Choose(const std::vector<uint32_t>& group, size_t step) {
    if (kernel_.shape == AggregationShape::kRatio) {
      for (uint32_t i : group) {
        if (!InRatio(series_[i].fingerprint, param_->values()[step])) columns_[i].ok[step] = 0;
      }
      return;
    }
    chosen_.clear();
    for (uint32_t i : group) {
      if (columns_[i].ok[step]) chosen_.push_back(i);
    }
    const double k = param_->values()[step];
    const size_t keep = k < 1 ? 0 : static_cast<size_t>(std::min(k, 1e15));
    if (keep >= chosen_.size()) return;
    if (kernel_.shape == AggregationShape::kRank && keep > 0) {
      std::partial_sort(chosen_.begin(), chosen_.begin() + static_cast<std::ptrdiff_t>(keep),
                        chosen_.end(), [&](uint32_t a, uint32_t b) {
                          if (Before(a, b, step)) return true;
                          return !Before(b, a, step) && a < b;
                        });
    }
    for (size_t n = keep; n < chosen_.size(); ++n) columns_[chosen_[n]].ok[step] = 0;
  }

  // A series' place in [0, 1) comes of its labels; a negative ratio takes the other end, so r and r
  // - 1 share nothing.
  static bool InRatio(const hearth::Fingerprint& fingerprint, double ratio) {
    const double place = static_cast<double>(fingerprint.lo >> 11) * 0x1p-53;
    return ratio >= 0 ? place < ratio : place >= 1 + std::max(ratio, -1.0);
  }

  absl::Status ComputeQuantiles(QueryContext* ctx) {
    const std::vector<StepColumn> inputs = std::move(columns_);
    series_ = grouping_.groups();
    columns_.clear();
    HEARTH_RETURN_IF_ERROR(bytes_.Add(ColumnBytes(series_.size(), steps())));
    columns_.resize(series_.size());
    // A few steps at a time, so that each input is read in runs.
    std::array<std::vector<double>, kStepsAtOnce> values;
    for (size_t g = 0; g < members_.size(); ++g) {
      columns_[g].Reset(steps());
      for (size_t first = 0; first < steps(); first += kStepsAtOnce) {
        HEARTH_RETURN_IF_ERROR(ctx->limits.Check("expression evaluation"));
        const size_t count = std::min(kStepsAtOnce, steps() - first);
        for (size_t k = 0; k < count; ++k) values[k].clear();
        for (uint32_t i : members_[g]) {
          for (size_t k = 0; k < count; ++k) {
            if (inputs[i].ok[first + k]) values[k].push_back(inputs[i].v[first + k]);
          }
        }
        for (size_t k = 0; k < count; ++k) {
          if (values[k].empty()) continue;
          columns_[g].Set(first + k, Quantile(param_->values()[first + k], values[k]));
        }
      }
    }
    return absl::OkStatus();
  }

  static constexpr size_t kStepsAtOnce = 8;

  const AggregateExpr& aggregate_;
  const AggregationKernel& kernel_;
  const VectorPtr child_;
  const ScalarPtr param_;
  Grouping grouping_;
  std::vector<std::vector<uint32_t>> members_;  // Of each group.
  std::vector<uint32_t> chosen_;                // Buffer of Choose.
};

}  // namespace

VectorPtr NewRanked(const AggregateExpr& aggregate, VectorPtr child, ScalarPtr param) {
  return std::make_unique<Ranked>(aggregate, std::move(child), std::move(param));
}

}  // namespace hearth::promql
