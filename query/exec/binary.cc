// Arithmetic and comparison between two instant vectors.
//
// Both sides are cut into match groups by signature. "many" is the side that may have several
// series in a group (the left one but for group_right), "one" the other. Each (many, one) pair of a
// group may give an output series; pairs whose labels are equal share it, which is an error only
// where both have a value. Where one side of a group is missing and a fill modifier gives it a
// value, it is as if a series with the group's labels alone stood there.
#include "query/exec/binary.h"

#include <map>
#include <optional>
#include <utility>

#include "model/status.h"
#include "model/text.h"
#include "query/exec/arithmetic.h"
#include "query/exec/grouping.h"
#include "query/exec/series_map.h"

namespace hearth::promql {
namespace {

class VectorBinary : public VectorOperator {
 public:
  VectorBinary(const BinaryExpr& expr, VectorPtr lhs, VectorPtr rhs)
      : VectorOperator(lhs->grid()),
        expr_(expr),
        matching_(*expr.matching),
        swapped_(matching_.cardinality == MatchCardinality::kOneToMany),
        fill_many_(matching_.fill_left),
        fill_one_(matching_.fill_right),
        many_(swapped_ ? std::move(rhs) : std::move(lhs)),
        one_(swapped_ ? std::move(lhs) : std::move(rhs)) {}

  absl::Status PrepareSeries(QueryContext* ctx) override {
    VectorOperator* const left = swapped_ ? one_.get() : many_.get();
    VectorOperator* const right = swapped_ ? many_.get() : one_.get();
    HEARTH_RETURN_IF_ERROR(left->Prepare(ctx));
    HEARTH_RETURN_IF_ERROR(right->Prepare(ctx));
    node_ = ctx->samples.Add(CountRule::kStepped, ReadRule::kNothing, steps(),
                             {left->node(), right->node()});
    ByteCharge inputs(&ctx->bytes);
    HEARTH_RETURN_IF_ERROR(
        Materialise(*left, ctx, swapped_ ? &one_columns_ : &many_columns_, &inputs));
    HEARTH_RETURN_IF_ERROR(
        Materialise(*right, ctx, swapped_ ? &many_columns_ : &one_columns_, &inputs));
    HEARTH_RETURN_IF_ERROR(
        inputs.Add((many_->series().size() + one_->series().size()) * kGroupBytes));
    MakeGroups();
    HEARTH_RETURN_IF_ERROR(CheckOneSide());
    delayed_ = ctx->delayed_name_removal;
    for (const auto& [signature, group] : groups_) {
      HEARTH_RETURN_IF_ERROR(ctx->limits.Check("expression evaluation"));
      HEARTH_RETURN_IF_ERROR(Compute(group, ctx));
    }
    many_columns_.clear();
    one_columns_.clear();
    groups_.clear();
    map_.Build(std::move(pairs_), &series_);
    return absl::OkStatus();
  }

  absl::Status ComputeColumn(size_t i, Worker*, StepColumn* out) const override {
    return map_.Column(i, out, [&](size_t pair, StepColumn* column) {
      *column = columns_[pair];
      return absl::OkStatus();
    });
  }

 private:
  struct Group {
    std::vector<uint32_t> many, one;
  };
  // What groups_ takes for a series that has a group of its own.
  static constexpr size_t kGroupBytes = 128;

  void MakeGroups() {
    for (size_t i = 0; i < many_->series().size(); ++i) {
      groups_[MatchSignature(many_->series()[i].labels, matching_)].many.push_back(
          static_cast<uint32_t>(i));
    }
    for (size_t i = 0; i < one_->series().size(); ++i) {
      groups_[MatchSignature(one_->series()[i].labels, matching_)].one.push_back(
          static_cast<uint32_t>(i));
    }
  }

  // At which steps a side has any value.
  std::vector<uint8_t> AnyPresent(const std::vector<StepColumn>& columns) const {
    std::vector<uint8_t> any(steps(), 0);
    for (const StepColumn& column : columns) {
      for (size_t step = 0; step < steps(); ++step) any[step] |= column.ok[step];
    }
    return any;
  }

  // The "one" side has one series a group and step, wherever both sides have any series at all (a
  // side that is filled always has).
  absl::Status CheckOneSide() const {
    std::vector<uint8_t> live;  // Computed at the first group that needs it.
    for (const auto& [signature, group] : groups_) {
      if (group.one.size() < 2) continue;
      if (live.empty()) {
        live = fill_many_ ? std::vector<uint8_t>(steps(), 1) : AnyPresent(many_columns_);
      }
      for (size_t step = 0; step < steps(); ++step) {
        if (!live[step]) continue;
        const uint32_t* first = nullptr;
        for (const uint32_t& i : group.one) {
          if (!one_columns_[i].ok[step]) continue;
          if (first != nullptr) return DuplicateError(*first, i);
          first = &i;
        }
      }
    }
    return absl::OkStatus();
  }

  absl::Status DuplicateError(uint32_t a, uint32_t b) const {
    LabelsView x = one_->series()[a].labels, y = one_->series()[b].labels;
    if (Compare(y, x) < 0) std::swap(x, y);
    std::string group;
    GroupLabels(x, matching_.labels, /*without=*/!matching_.on, &group);
    return absl::FailedPreconditionError(
        StrCat("found duplicate series for the match group ", PlainText(LabelsView(group)),
               " on the ", swapped_ ? "left" : "right", " hand-side of the operation: [",
               PlainText(x), ", ", PlainText(y),
               "];many-to-many matching not allowed: matching labels must be unique on one side"));
  }

  // What the pairs of one group have taken: to tell this group's clashes from others'.
  struct Taken {
    std::vector<uint8_t> matched;  // For one-to-one: the steps that have a pair.
    // For many-to-one: the steps of pairs with these output labels.
    std::map<hearth::Fingerprint, std::vector<uint8_t>> inserted;
  };

  absl::Status Compute(const Group& group, QueryContext* ctx) {
    Taken taken{.matched = std::vector<uint8_t>(steps(), 0), .inserted = {}};
    for (uint32_t m : group.many) {
      for (uint32_t o : group.one) {
        HEARTH_RETURN_IF_ERROR(AddPair(many_->series()[m], many_columns_[m], one_->series()[o],
                                       one_columns_[o], &taken, ctx));
      }
    }
    if (fill_one_ && !group.many.empty()) {
      const StepColumn filler = Filler(*fill_one_, group.one, one_columns_);
      for (uint32_t m : group.many) {
        const SeriesMeta& many = many_->series()[m];
        HEARTH_RETURN_IF_ERROR(
            AddPair(many, many_columns_[m], GroupMeta(many), filler, &taken, ctx));
      }
    }
    if (fill_many_ && !group.one.empty()) {
      const StepColumn filler = Filler(*fill_many_, group.many, many_columns_);
      for (uint32_t o : group.one) {
        const SeriesMeta& one = one_->series()[o];
        HEARTH_RETURN_IF_ERROR(AddPair(GroupMeta(one), filler, one, one_columns_[o], &taken, ctx));
      }
    }
    return absl::OkStatus();
  }

  // `value` at the steps where none of `members` is present.
  StepColumn Filler(double value, const std::vector<uint32_t>& members,
                    const std::vector<StepColumn>& columns) const {
    StepColumn filler;
    filler.v.assign(steps(), value);
    filler.ok.assign(steps(), 1);
    for (uint32_t i : members) {
      for (size_t step = 0; step < steps(); ++step) filler.ok[step] &= !columns[i].ok[step];
    }
    return filler;
  }

  // The series that stands in for a missing partner of `series`.
  SeriesMeta GroupMeta(const SeriesMeta& series) {
    SeriesMeta meta;
    std::string group;
    GroupLabels(series.labels, matching_.labels, /*without=*/!matching_.on, &group);
    meta.labels = arena_.Add(LabelsView(group));
    meta.fingerprint = meta.labels.Fingerprint();
    return meta;
  }

  absl::Status AddPair(const SeriesMeta& many, const StepColumn& many_column, const SeriesMeta& one,
                       const StepColumn& one_column, Taken* taken, QueryContext* ctx) {
    // One-to-one matching is judged before a comparison filters, many-to-one after it.
    const bool one_to_one = matching_.cardinality == MatchCardinality::kOneToOne;
    if (one_to_one && !MarkMatched(many_column, one_column, &taken->matched)) {
      return absl::FailedPreconditionError(
          "multiple matches for labels: many-to-one matching must be explicit "
          "(group_left/group_right)");
    }
    if ((pairs_tried_++ & 63) == 0) {
      HEARTH_RETURN_IF_ERROR(ctx->limits.Check("expression evaluation"));
    }
    StepColumn column;
    if (!Combine(many_column, one_column, ctx, &column)) return absl::OkStatus();
    SeriesMeta meta = ResultMeta(many, one);
    HEARTH_RETURN_IF_ERROR(
        bytes_.Add(ColumnBytes(1, steps()) + sizeof(SeriesMeta) + meta.labels.bytes().size()));
    if (!one_to_one && !MarkPresent(column, &taken->inserted[meta.fingerprint])) {
      return absl::FailedPreconditionError(
          "multiple matches for labels: grouping labels must ensure unique matches");
    }
    pairs_.push_back(meta);
    columns_.push_back(std::move(column));
    return absl::OkStatus();
  }

  // Marks the steps where both have a value; false when one was marked already.
  static bool MarkMatched(const StepColumn& a, const StepColumn& b, std::vector<uint8_t>* marks) {
    for (size_t step = 0; step < a.steps(); ++step) {
      if (!a.ok[step] || !b.ok[step]) continue;
      if ((*marks)[step]) return false;
      (*marks)[step] = 1;
    }
    return true;
  }
  static bool MarkPresent(const StepColumn& column, std::vector<uint8_t>* marks) {
    marks->resize(column.steps(), 0);
    return MarkMatched(column, column, marks);
  }

  // The values of a pair; false when there is none.
  bool Combine(const StepColumn& many, const StepColumn& one, QueryContext* ctx,
               StepColumn* out) const {
    const StepColumn& left = swapped_ ? one : many;
    const StepColumn& right = swapped_ ? many : one;
    out->Reset(steps());
    bool any = false;
    for (size_t step = 0; step < steps(); ++step) {
      if (!left.ok[step] || !right.ok[step]) continue;
      const BinaryValue result = Apply(expr_.op, left.v[step], right.v[step]);
      if (!expr_.return_bool && !result.keep) {
        if (IsTrim(expr_.op)) NoteTrim(ctx);
        continue;
      }
      out->Set(step, expr_.return_bool ? (result.keep ? 1 : 0) : result.value);
      any = true;
    }
    return any;
  }

  void NoteTrim(QueryContext* ctx) const {
    const char* op = BinaryOpText(expr_.op);
    ctx->notes.Add(Note::kIncompatibleTypes, expr_.pos, {op, "float", op, "float"});
  }

  SeriesMeta ResultMeta(const SeriesMeta& many, const SeriesMeta& one) {
    LabelsBuilder builder(many.labels);
    if (IsArithmetic(expr_.op) || (expr_.return_bool && !delayed_)) {
      for (const Label& label : many.labels) {
        if (IsNameLabel(label.name)) builder.Del(label.name);
      }
    }
    if (matching_.cardinality == MatchCardinality::kOneToOne) {
      if (matching_.on) {
        builder.Keep(matching_.labels);
      } else {
        builder.Drop(matching_.labels);
      }
    }
    for (const std::string& name : matching_.include) builder.Set(name, one.labels.Get(name));
    SeriesMeta meta;
    meta.labels = arena_.Add(builder.Build());
    meta.fingerprint = meta.labels.Fingerprint();
    meta.drop_name = delayed_ && (expr_.return_bool || (!IsArithmetic(expr_.op) && many.drop_name));
    return meta;
  }

  const BinaryExpr& expr_;
  const VectorMatching& matching_;
  const bool swapped_;
  // With group_right too, as Prometheus has it: there fill_right stands for a missing left side.
  const std::optional<double> fill_many_, fill_one_;
  const VectorPtr many_, one_;
  bool delayed_ = false;
  uint32_t pairs_tried_ = 0;
  std::vector<StepColumn> many_columns_, one_columns_;  // During Prepare.
  std::map<hearth::Fingerprint, Group> groups_;
  std::vector<SeriesMeta> pairs_;    // During Prepare.
  std::vector<StepColumn> columns_;  // One for each pair.
  LabelArena arena_;
  SeriesMap map_;
};

}  // namespace

VectorPtr NewVectorBinary(const BinaryExpr& expr, VectorPtr lhs, VectorPtr rhs) {
  return std::make_unique<VectorBinary>(expr, std::move(lhs), std::move(rhs));
}

}  // namespace hearth::promql
