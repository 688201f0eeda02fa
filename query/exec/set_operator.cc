// and, or, unless.
#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "model/status.h"
#include "query/exec/binary.h"
#include "query/exec/blocking.h"
#include "query/exec/grouping.h"
#include "query/exec/series_map.h"

namespace hearth::promql {
namespace {

class SetOperator : public VectorOperator {
 public:
  SetOperator(const BinaryExpr& expr, VectorPtr lhs, VectorPtr rhs)
      : VectorOperator(lhs->grid()), expr_(expr), lhs_(std::move(lhs)), rhs_(std::move(rhs)) {}

  absl::Status PrepareSeries(QueryContext* ctx) override {
    HEARTH_RETURN_IF_ERROR(lhs_->Prepare(ctx));
    HEARTH_RETURN_IF_ERROR(rhs_->Prepare(ctx));
    node_ = ctx->samples.Add(CountRule::kStepped, ReadRule::kNothing, steps(),
                             {lhs_->node(), rhs_->node()});
    HEARTH_RETURN_IF_ERROR(Materialise(*lhs_, ctx, &columns_, &bytes_));
    std::vector<StepColumn> right;
    ByteCharge charge(&ctx->bytes);
    ByteCharge& right_charge = expr_.op == BinaryOp::kOr ? bytes_ : charge;
    HEARTH_RETURN_IF_ERROR(Materialise(*rhs_, ctx, &right, &right_charge));
    const size_t signatures =
        expr_.op == BinaryOp::kOr ? lhs_->series().size() : rhs_->series().size();
    HEARTH_RETURN_IF_ERROR(charge.Add(signatures * (steps() + kSignatureBytes)));
    HEARTH_RETURN_IF_ERROR(ctx->limits.Check("expression evaluation"));
    std::vector<SeriesMeta> outputs = lhs_->series();
    if (expr_.op == BinaryOp::kOr) {
      const Presence left_present = PresenceOf(*lhs_, columns_);
      Mask(*rhs_, left_present, /*keep=*/false, &right);
      outputs.insert(outputs.end(), rhs_->series().begin(), rhs_->series().end());
      std::move(right.begin(), right.end(), std::back_inserter(columns_));
    } else {
      const Presence right_present = PresenceOf(*rhs_, right);
      Mask(*lhs_, right_present, /*keep=*/expr_.op == BinaryOp::kAnd, &columns_);
    }
    map_.Build(std::move(outputs), &series_);
    return ctx->limits.Check("expression evaluation");
  }

  absl::Status ComputeColumn(size_t i, Worker*, StepColumn* out) const override {
    return map_.Column(i, out, [&](size_t input, StepColumn* column) {
      *column = columns_[input];
      return absl::OkStatus();
    });
  }
  // The left side's values before those of the right. Where a series is listed on both sides, the
  // one with the value counts: which series are listed without one depends on where they are
  // stored.
  std::vector<uint32_t> DisplayOrder() const override {
    std::vector<uint32_t> order = lhs_->DisplayOrder();
    if (expr_.op == BinaryOp::kOr) {
      for (uint32_t i : rhs_->DisplayOrder()) {
        order.push_back(i + static_cast<uint32_t>(lhs_->series().size()));
      }
    }
    std::stable_partition(order.begin(), order.end(), [this](uint32_t i) {
      const std::vector<uint8_t>& ok = columns_[i].ok;
      return std::find(ok.begin(), ok.end(), 1) != ok.end();
    });
    return map_.OutputOrder(order);
  }

 private:
  // Of an entry of Presence, without its steps.
  static constexpr size_t kSignatureBytes = 96;
  // For each signature: at which steps some series has a value.
  using Presence = absl::flat_hash_map<hearth::Fingerprint, std::vector<uint8_t>>;

  Presence PresenceOf(const VectorOperator& op, const std::vector<StepColumn>& columns) const {
    Presence presence;
    for (size_t i = 0; i < columns.size(); ++i) {
      std::vector<uint8_t>& steps =
          presence[MatchSignature(op.series()[i].labels, *expr_.matching)];
      if (steps.empty()) {
        steps = columns[i].ok;
        continue;
      }
      for (size_t step = 0; step < steps.size(); ++step) steps[step] |= columns[i].ok[step];
    }
    return presence;
  }

  // Clears the values whose signature is present on the other side (`keep` false) or is not (`keep`
  // true).
  void Mask(const VectorOperator& op, const Presence& other, bool keep,
            std::vector<StepColumn>* columns) const {
    for (size_t i = 0; i < columns->size(); ++i) {
      StepColumn& column = (*columns)[i];
      const auto it = other.find(MatchSignature(op.series()[i].labels, *expr_.matching));
      for (size_t step = 0; step < column.steps(); ++step) {
        const bool present = it != other.end() && it->second[step] != 0;
        if (present != keep) column.ok[step] = 0;
      }
    }
  }

  const BinaryExpr& expr_;
  const VectorPtr lhs_, rhs_;
  std::vector<StepColumn> columns_;  // Of the left side, then of the right side.
  SeriesMap map_;
};

}  // namespace

hearth::Fingerprint MatchSignature(LabelsView labels, const VectorMatching& matching) {
  std::string bytes;
  for (const Label& label : labels) {
    const bool named = std::find(matching.labels.begin(), matching.labels.end(), label.name) !=
                       matching.labels.end();
    const bool keep = matching.on ? named : !named && label.name != kMetricNameLabel;
    if (keep) AppendCanonicalLabel(label.name, label.value, &bytes);
  }
  return FingerprintOf(bytes);
}

VectorPtr NewSetOperator(const BinaryExpr& expr, VectorPtr lhs, VectorPtr rhs) {
  return std::make_unique<SetOperator>(expr, std::move(lhs), std::move(rhs));
}

}  // namespace hearth::promql
